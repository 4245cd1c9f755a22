import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeChain } from '../../../../src/diagnose/why/chain.ts';
import type { Facts, PersonFacts } from '../../../../src/diagnose/why/facts.ts';
import type { LinkName } from '../../../../src/diagnose/why/verdict.ts';
import { printChain, sayVerdict } from '../../../../src/diagnose/why/print.ts';
import {
  FINGERPRINT,
  group,
  healthy,
  keyText,
  NOW,
  person,
  record,
} from '../../../support/records/healthy.ts';
import { anyText } from '../../../support/records/any-text.ts';

type Break = readonly [name: string, cause: LinkName, words: RegExp, broken: (facts: Facts) => Facts];

const with_ =
  (more: Partial<PersonFacts>) =>
  (facts: Facts): Facts => ({
    ...facts,
    person: { ok: true, value: { ...((facts.person.ok ? facts.person.value : null) ?? person), ...more } },
  });
const set =
  (more: Partial<Facts>) =>
  (facts: Facts): Facts => ({ ...facts, ...more });
const looked = <T>(value: T) => ({ ok: true, value }) as const;
const sshd =
  (more: Record<string, string[]>) =>
  (facts: Facts): Facts => {
    const settings = new Map(facts.sshd.ok ? facts.sshd.value.settings : null);
    for (const [keyword, values] of Object.entries(more)) settings.set(keyword, values);
    return { ...facts, sshd: looked({ settings, findings: [] }) };
  };
const emptyGroup = { ...group, members: [] };
const noGroup = { name: 'slurm-users', pinned: null, found: null, lookalikes: [], listsPerson: false };

/** Each keeps alice out. */
const BREAKS: readonly Break[] = [
  ['nobody of that name', 'record', /lists nobody called alice/, set({ person: looked(null), local: null })],
  ['inactive', 'record', /not active; the administrator/, with_({ record: { ...record, active: false } })],
  ['absent', 'record', /no longer has alice/, with_({ absent: true })],
  ['blocked', 'access', /blocked: by anna/, with_({ block: 'by anna', closed: 'blocked' })],
  [
    'in no group',
    'access',
    /in no access group/,
    with_({ groups: [{ ...noGroup, found: { ...group, members: ['x'] } }] }),
  ],
  [
    'group of another case',
    'access',
    /the store has Slurm-Users/,
    with_({ groups: [{ ...noGroup, lookalikes: ['Slurm-Users'] }] }),
  ],
  ['vanished group', 'access', /no group slurm-users/, with_({ groups: [noGroup] })],
  ['emptied group', 'access', /no members at all/, with_({ groups: [{ ...noGroup, found: emptyGroup }] })],
  [
    'nested group',
    'access',
    /only groups for members/,
    with_({ groups: [{ ...noGroup, found: { ...emptyGroup, nested: ['g2'] } }] }),
  ],
  ['missing account', 'account', /no pass has done it/, with_({ actual: null })],
  [
    'expired account',
    'account',
    /expired on .*chage/,
    with_({
      actual: {
        entry: person.actual?.entry ?? { name: '', uid: 0, gid: 0, gecos: '', dir: '', shell: '' },
        expiryDay: 100,
      },
    }),
  ],
  [
    'missing shell',
    'account',
    /is not installed/,
    set({ shell: looked({ shell: '/bin/zsh', fault: 'is not installed on this node' }) }),
  ],
  [
    'unknown name',
    'names',
    /knows no alice/,
    set({
      names: looked({ entry: null, direct: null, groups: [], shadow: null, hasNscd: false, fault: null }),
    }),
  ],
  ['no keys', 'keys', /lists no key/, with_({ keys: [] })],
  [
    'weak key',
    'keys',
    /RSA with 1024 bits/,
    with_({ keys: [{ fingerprint: null, type: null, refusal: 'the key is RSA with 1024 bits' }] }),
  ],
  ['expired keys', 'keys', /not confirmed the keys/, set({ keyFile: looked(keyText(NOW - 5)) })],
  ['unwritten keys', 'keys', /not on this node yet/, set({ keyFile: looked(null) })],
  ['silent helper', 'helper', /prints 0 keys/, set({ helper: looked({ text: '' }) })],
  ['key file that had to go', 'helper', /could not be removed/, set({ isShut: true })],
  [
    'AllowUsers',
    'sshd',
    /AllowUsers of sshd does not name alice/,
    sshd({ allowusers: ['bob', 'carol@10.*'] }),
  ],
  ['DenyUsers', 'sshd', /DenyUsers of sshd names alice/, sshd({ denyusers: ['al?ce'] })],
  ['DenyGroups', 'sshd', /DenyGroups of sshd names slurm-users/, sshd({ denygroups: ['slurm-*'] })],
  ['AllowGroups', 'sshd', /AllowGroups of sshd names no group/, sshd({ allowgroups: ['wheel'] })],
  [
    'AuthenticationMethods',
    'sshd',
    /more than a key/,
    sshd({ authenticationmethods: ['publickey,password'] }),
  ],
  [
    'nologin',
    'pam',
    /\/etc\/nologin is there/,
    set({ pam: looked({ answer: { refusal: null }, nologin: '/etc/nologin' }) }),
  ],
  [
    'PAM',
    'pam',
    /permission denied/,
    set({ pam: looked({ answer: { refusal: 'permission denied' }, nologin: null }) }),
  ],
];

describe('why', () => {
  test('says that somebody with whom all is well may log in', () => {
    const chain = judgeChain(healthy);
    expect(chain).toMatchObject({ mayLogIn: true, cause: null });
    expect(chain.links.every(({ state }) => state === 'ok')).toBe(true);
    expect(sayVerdict(healthy, chain)).toBe('alice may log in.');
  });

  test.each(BREAKS)('%s: names %s', (_, cause, words, broken) => {
    const facts = broken(healthy);
    const chain = judgeChain(facts);
    expect(chain).toMatchObject({ mayLogIn: false, cause: { link: cause, state: 'broken' } });
    expect(sayVerdict(facts, chain)).toMatch(words);
  });

  test('of several causes names the one that stands first on the way', () => {
    fc.assert(
      fc.property(fc.subarray([...BREAKS], { minLength: 1 }), (breaks) => {
        const facts = breaks.reduce((before, [, , , broken]) => broken(before), healthy);
        const chain = judgeChain(facts);
        expect(chain.mayLogIn).toBe(false);
        expect(chain.links.at(-1)).toBe(chain.cause);
        expect(chain.links.slice(0, -1).some(({ state }) => state === 'broken')).toBe(false);
        expect(chain.cause?.who).not.toBeNull();
        expect(chain.cause?.mend).toMatch(/\S/);
      }),
      { numRuns: 300 },
    );
  });

  test('shows nothing of a stranger’s that a terminal would obey', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const facts = with_({ record: { ...record, userName: text, id: text }, keys: [] })(healthy);
        const lines = printChain(facts, judgeChain(facts), false).split('\n');
        expect(lines.join(' ')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(lines).toHaveLength(10);
      }),
    );
  });

  test('claims nothing where it was not allowed to look', () => {
    const blind = { ok: false, why: 'only root can look at it: use sudo' } as const;
    const facts = set({ person: blind, sshd: blind, helper: blind, pam: blind })(healthy);
    const chain = judgeChain(facts);
    expect(chain.mayLogIn).toBeNull();
    expect(sayVerdict(facts, chain)).toBe(
      'Whether alice may log in is not known: only root can look at it: use sudo.',
    );
  });

  test('with --key speaks of that key alone', () => {
    const listed = set({ fingerprint: FINGERPRINT })(healthy);
    expect(judgeChain(listed).mayLogIn).toBe(true);
    const other = set({ fingerprint: `SHA256:${'A'.repeat(43)}` })(healthy);
    expect(judgeChain(other)).toMatchObject({ mayLogIn: false, cause: { link: 'keys', who: 'person' } });
  });

  test('a silent store is a warning, for no login waits for it', () => {
    const failure = { code: 'store_refused_token', message: 'refused the token', hint: 'make a new token' };
    const status = healthy.status.ok ? healthy.status.value : null;
    if (status === null) throw new Error('the sample has a status');
    const facts = set({ status: looked({ ...status, store: { ...status.store, failure } }) })(healthy);
    const chain = judgeChain(facts);
    expect(chain).toMatchObject({ mayLogIn: true, cause: { link: 'store' } });
    expect(sayVerdict(facts, chain)).toBe(
      'alice may log in, but: refused the token (heard last 10 s ago); the operator of this node must make a new token.',
    );
  });
});
