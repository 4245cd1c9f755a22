// What a frozen node still does, change by change.
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../../src/plan/change.ts';
import { freezePlan, splitExchanges } from '../../../../src/plan/guard/freeze.ts';
import { listFingerprints } from '../../../../src/policy/keys/key-file-lines.ts';
import { issueCredentials } from '../../../../src/policy/keys/credential.ts';
import type { EffectContext } from '../../../../src/plan/guard/effect.ts';
import type { DisabledBecause } from '../../../../src/policy/model.ts';

const common = { scimId: 'u-ann', name: 'ann', because: '' };
const entry = { name: 'ann', uid: 20001, gid: 9999, gecos: '', dir: '/home/ann', shell: '/bin/bash' };
const LOSSES: readonly Change[] = [
  { ...common, kind: 'keys-remove' },
  { ...common, kind: 'account-close', entry, reason: 'inactive' },
  { ...common, kind: 'sessions-end', uid: 20001 },
  { ...common, kind: 'member-remove', member: 'ann' },
  { ...common, kind: 'jobs-disable', uid: 20001, needsHook: true },
  { ...common, kind: 'account-remove', entry },
  { ...common, kind: 'hook-run', uid: 20001 },
];
const GRANTS: readonly Change[] = [
  { ...common, kind: 'group-create', gid: 30000 },
  { ...common, kind: 'account-create', entry },
  { ...common, kind: 'account-alter', before: entry, entry },
  { ...common, kind: 'account-reopen', entry },
  { ...common, kind: 'home-create', uid: 20001, gid: 9999, dir: '/home/ann' },
  { ...common, kind: 'member-add', member: 'ann', sudo: true },
  { ...common, kind: 'sudoers-write', text: '' },
  { ...common, kind: 'jobs-restore', uid: 20001, home: '/home/ann' },
];
const write = (gained: string[], lost: string[]): Change => ({
  ...common,
  kind: 'keys-write',
  until: null,
  text: '',
  gained,
  lost,
});

/** The kinds that wait, where Ann is to be disabled for this reason (null: enabled; undefined: no account is desired). */
function waiting(
  changes: readonly Change[],
  reason: DisabledBecause | null | undefined,
  exempt: readonly Change[] = [],
) {
  const accountOf = ((scimId: string | null) =>
    scimId === 'u-ann' && reason !== undefined ? { disabled: reason } : undefined) as EffectContext;
  return [...freezePlan(changes, accountOf, new Set(exempt))].map(({ kind }) => kind);
}
const kinds = (changes: readonly Change[]): string[] => changes.map(({ kind }) => kind);

describe('a frozen node', () => {
  it.each(['blocked', 'inactive', 'not-listed-here', 'grant-ended'] as const)(
    'goes on with all that follows from an explicit answer about the person: %s',
    (reason) => expect(waiting(LOSSES, reason)).toEqual([]),
  );

  it.each(['absent', 'no-access-group', undefined] as const)('believes no silence: %s', (reason) => {
    const expected = kinds(LOSSES).filter((kind) => kind !== 'keys-remove' || reason !== undefined);
    expect(waiting(LOSSES, reason as DisabledBecause | undefined)).toEqual(expected);
  });

  it('gives nothing to anybody', () => {
    expect(waiting(GRANTS, null)).toEqual(kinds(GRANTS));
  });

  it('takes keys that the record no longer lists and renews what is there, but takes no key in exchange', () => {
    expect(waiting([{ ...common, kind: 'keys-remove' }, write([], ['a']), write([], [])], null)).toEqual([]);
    expect(waiting([write(['b'], []), write(['b'], ['a'])], null)).toEqual(['keys-write', 'keys-write']);
  });

  it('takes sudo away, which concerns no single user', () => {
    const changes: Change[] = [
      { scimId: null, name: 'sunk-agent', because: '', kind: 'sudoers-remove', leavers: [] },
    ];
    expect(waiting(changes, undefined)).toEqual([]);
  });

  it('lets a block through, whatever comes with it', () => {
    const [blocked, other] = [write(['b'], ['a']), write(['d'], ['c'])];
    expect([...waiting([blocked, other], null, [blocked])]).toEqual(['keys-write']);
  });
});

describe('an exchange of keys on a frozen node', () => {
  const line = (blob: string): string => `expiry-time="20300101000000Z" ssh-ed25519 ${blob} u-ann\n`;
  const [kept = '', fresh = ''] = listFingerprints(line('AAAAkept') + line('AAAAnew0'));
  const exchange = (...blobs: string[]): Change => ({
    ...common,
    because: 'the store lists other keys',
    kind: 'keys-write',
    until: null,
    text: blobs.map(line).join(''),
    gained: [fresh],
    lost: ['SHA256:old'],
  });

  /** The desired state with what an exchange leaves. */
  const desiredWith = (...blobs: string[]) => ({
    expiry: { zulu: true, timeZone: 'UTC' },
    accounts: [
      {
        scimId: common.scimId,
        entry: { name: 'ann', uid: 1, gid: 1, gecos: '', dir: '/', shell: '/' },
        disabled: null,
        credentials: issueCredentials(
          blobs.map((base64) => ({
            type: 'ssh-ed25519',
            base64,
            fingerprint: listFingerprints(line(base64))[0]!,
          })),
          'u-ann',
          Date.UTC(2030, 0, 1) / 1000,
        ),
        extension: null,
        needsManagedGroup: false,
      },
    ],
  });

  it('removes a key at once where another stays, and lets additions wait', () => {
    const whole = exchange('AAAAkept', 'AAAAnew0');
    const [goes, comes, ...more] = splitExchanges([whole], desiredWith('AAAAkept', 'AAAAnew0'));
    expect(more).toEqual([]);
    expect(goes).toMatchObject({ text: line('AAAAkept'), gained: [], lost: ['SHA256:old'] });
    expect(goes?.because).toBe('the store lists other keys; those that come wait for the thaw');
    expect(comes).toEqual({ ...whole, lost: [] });
    expect(waiting([goes!, comes!], null)).toEqual(['keys-write']);
    expect(listFingerprints(line('AAAAkept'))).toEqual([kept]);
  });

  it('waits whole where nothing else stays, and is no exchange where only one of both happens', () => {
    const changes = [exchange('AAAAnew0'), write(['b'], []), write([], ['a']), LOSSES[0]!];
    expect(splitExchanges(changes, desiredWith('AAAAnew0'))).toEqual(changes);
    expect(splitExchanges(changes, { ...desiredWith(), accounts: [] })).toEqual(changes);
  });
});
