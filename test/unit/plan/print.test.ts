// The plan as text: golden texts, and no escape sequence from the store.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/plan/change.ts';
import type { GuardVerdict } from '../../../src/plan/guard/guard-model.ts';
import { printPlan } from '../../../src/plan/print.ts';
import { makePrintable } from '../../../src/common/text/printable.ts';
import { propertyRuns } from '../../support/property-runs.ts';
import { anyText } from '../../support/records/any-text.ts';

const entry = {
  name: 'alice',
  uid: 20100,
  gid: 9999,
  gecos: 'Alice',
  dir: '/home/alice',
  shell: '/bin/bash',
};
const common = { scimId: 'u-alice', name: 'alice' };

const removals: Change[] = [
  { ...common, name: 'bob', kind: 'keys-remove', because: 'the store says active: false' },
  {
    ...common,
    name: 'bob',
    kind: 'account-close',
    entry,
    reason: 'inactive',
    because: 'the store says active: false',
  },
  { ...common, name: 'bob', kind: 'sessions-end', uid: 20200, because: 'the store says active: false' },
  { ...common, name: 'team-a', kind: 'member-remove', member: 'bob', because: 'is in no access group' },
  { scimId: 'g-b', name: 'team-b', kind: 'group-remove', gid: 32000, because: 'the group goes' },
  { ...common, name: 'old', kind: 'account-remove', entry, because: 'accounts.retention is over' },
];
const additions: Change[] = [
  { scimId: 'g-c', name: 'team-c', kind: 'group-create', gid: 32001, because: 'the store has this group' },
  { ...common, kind: 'account-create', entry, because: 'is in an access group' },
  {
    ...common,
    kind: 'account-alter',
    before: { ...entry, gecos: 'A\u001b[31m', gid: 5 },
    entry,
    because: 'display name changed',
  },
  { ...common, kind: 'account-reopen', entry, because: 'is in an access group again' },
  {
    ...common,
    kind: 'home-create',
    uid: 20100,
    gid: 9999,
    dir: '/home/alice',
    because: 'the home is missing',
  },
  {
    ...common,
    name: 'admins',
    kind: 'member-add',
    member: 'alice',
    sudo: true,
    because: 'the store lists it',
  },
  {
    ...common,
    name: 'users',
    kind: 'member-add',
    member: 'alice',
    sudo: false,
    because: 'the store lists it',
  },
  { scimId: null, name: 'sunk-agent', kind: 'sudoers-write', text: 'x', because: 'access.sudo_groups' },
  {
    ...common,
    kind: 'keys-write',
    until: null,
    text: 'x',
    gained: ['SHA256:new'],
    lost: [],
    because: 'first key',
  },
  {
    ...common,
    kind: 'keys-write',
    until: null,
    text: 'x',
    gained: ['SHA256:new'],
    lost: ['SHA256:old'],
    because: 'other keys',
  },
  {
    ...common,
    kind: 'keys-write',
    until: null,
    text: 'x',
    gained: [],
    lost: ['SHA256:old'],
    because: 'a key no longer',
  },
];
const renewals = ['a', 'b', 'c', 'd', 'e'].map((name): Change => ({
  scimId: name,
  name,
  kind: 'keys-write',
  until: null,
  text: 'x',
  gained: [],
  lost: [],
  because: 'confirmed',
}));

const verdict = (go: readonly Change[], held: GuardVerdict['held'] = []): GuardVerdict => ({
  go,
  held,
  remember: new Map(),
  kinds: new Map(),
});

describe('printPlan', () => {
  it('says in one line that there is nothing to do', () => {
    expect(printPlan([], verdict([]), true)).toBe('Nothing to change: this node agrees with the store.\n');
  });

  it('groups, counts and explains', () => {
    const changes = [...removals, ...additions, ...renewals];
    expect(printPlan(changes, verdict(changes), false).split('\n')).toEqual([
      'To remove:',
      '  - keys of bob  (the store says active: false)',
      '  - account bob disabled  (the store says active: false)',
      '  - sessions of bob  (the store says active: false)',
      '  - member of group team-a: bob  (is in no access group)',
      '  - group team-b: gid 32000  (the group goes)',
      '  - account old removed  (accounts.retention is over)',
      '  - keys of alice  (a key no longer)',
      '      - SHA256:old',
      '',
      'To add or change:',
      '  + group team-c: gid 32001  (the store has this group)',
      '  + account alice: uid 20100, gid 9999, /home/alice, /bin/bash  (is in an access group)',
      '  ~ account alice: gid 5 -> 9999, gecos "A\\x1b[31m" -> "Alice"  (display name changed)',
      '  + account alice enabled: uid 20100, gid 9999, /home/alice, /bin/bash  (is in an access group again)',
      '  + home of alice: /home/alice  (the home is missing)',
      '  + member of group admins: alice, with sudo  (the store lists it)',
      '  + member of group users: alice  (the store lists it)',
      '  ~ sudo rules  (access.sudo_groups)',
      '  + keys of alice  (first key)',
      '      + SHA256:new',
      '  ~ keys of alice  (other keys)',
      '      - SHA256:old',
      '      + SHA256:new',
      '',
      'To renew: keys of a, b, c and 2 more',
      '',
      'Plan: 7 to add, 3 to change, 7 to remove, 5 to renew, 0 held.',
      '',
    ]);
  });

  it('shows what is held, why, and how it may go on', () => {
    const held = [
      {
        hash: '0123456789abcdef',
        kind: 'loss',
        reason: '9 of 50 people',
        changes: removals.slice(0, 2),
        since: 0,
        actsAt: 1_800_003_600,
      },
      {
        hash: 'fedcba9876543210',
        kind: 'vanished',
        reason: 'no group',
        changes: removals.slice(3, 4),
        since: 0,
        actsAt: null,
      },
      {
        hash: '0000000000000000',
        kind: 'frozen',
        reason: 'frozen',
        changes: additions.slice(1, 2),
        since: 0,
        actsAt: null,
      },
    ] as const;
    const changes = held.flatMap((set) => set.changes);
    expect(printPlan(changes, verdict([], held), false).split('\n')).toEqual([
      'Held (loss): 9 of 50 people',
      '  - keys of bob  (the store says active: false)',
      '  - account bob disabled  (the store says active: false)',
      '  To approve: sunk-agent approve 0123456789abcdef; applied without approval from 2027-01-15T09:00:00Z',
      '',
      'Held (vanished): no group',
      '  - member of group team-a: bob  (is in no access group)',
      '  To approve: sunk-agent approve fedcba9876543210',
      '',
      'Held (frozen): frozen',
      '  + account alice: uid 20100, gid 9999, /home/alice, /bin/bash  (is in an access group)',
      '  Waits for: sunk-agent thaw',
      '',
      'Plan: 0 to add, 0 to change, 0 to remove, 4 held.',
      '',
    ]);
    expect(printPlan(changes.slice(0, 1), verdict([], held.slice(1, 2)), false)).toMatch(
      /^Plan: 0 to add, 0 to change, 0 to remove, 1 held\.$/m,
    );
  });

  it('names a few renewals and counts the rest', () => {
    const three = renewals.slice(0, 3);
    expect(printPlan(three, verdict(three), false)).toContain('To renew: keys of a, b, c\n');
    expect(printPlan(renewals, verdict(renewals), false)).toContain('To renew: keys of a, b, c and 2 more\n');
  });

  it('colours only when asked to', () => {
    const coloured = printPlan(removals, verdict(removals), true);
    expect(coloured).toContain('\u001b[31m-\u001b[0m keys of bob');
    expect(coloured.replace(/\p{Cc}\[\d+m/gu, '')).toBe(printPlan(removals, verdict(removals), false));
  });

  it('has phrases for jobs that are disabled and restored, and for rules and the hook', () => {
    const person = { ...common, because: 'why' };
    const rules = { scimId: null, name: 'sunk-agent', because: 'why' };
    const changes: Change[] = [
      { ...rules, kind: 'sudoers-remove', leavers: [] },
      { ...person, kind: 'jobs-disable', uid: 1, needsHook: false },
      { ...person, kind: 'hook-run', uid: 1 },
      { ...person, kind: 'jobs-restore', uid: 1, home: '/home/alice' },
      { ...rules, kind: 'sudoers-write', text: 'x' },
    ];
    expect(printPlan(changes, verdict(changes), false).split('\n')).toEqual([
      'To remove:',
      '  - sudo rules  (why)',
      '  - cron and at jobs and lingering of alice  (why)',
      '  - off-boarding hook for alice  (why)',
      '',
      'To add or change:',
      '  + cron and at jobs and lingering of alice  (why)',
      '  ~ sudo rules  (why)',
      '',
      'Plan: 1 to add, 1 to change, 3 to remove, 0 held.',
      '',
    ]);
  });

  it('gives each sign, heading and hold a colour of its own', () => {
    const held = [
      { hash: 'a', kind: 'gain', reason: 'much', changes: additions.slice(1, 2), since: 0, actsAt: null },
    ] as const;
    const go = [...removals.slice(0, 1), ...additions.slice(0, 1), ...additions.slice(2, 3), ...renewals];
    const coloured = printPlan(go, verdict(go, held), true);
    const colours = [...coloured.matchAll(/\p{Cc}\[(\d+)m([^\p{Cc}]*)\p{Cc}\[0m/gu)];
    expect(colours.map(([, code, text]) => `${code} ${text}`)).toEqual([
      '1 To remove:',
      '31 -',
      '1 To add or change:',
      '32 +',
      '33 ~',
      '1 To renew:',
      '35 Held (gain):',
      '32 +',
    ]);
  });

  it('prints no control character from the store', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const nasty: Change[] = [
          { scimId: text, name: text, kind: 'member-add', member: text, sudo: false, because: text },
          { ...common, kind: 'account-create', entry: { ...entry, dir: text, shell: text }, because: text },
          { ...common, kind: 'account-alter', before: { ...entry, gecos: text }, entry, because: text },
          { ...common, kind: 'home-create', uid: 1, gid: 1, dir: text, because: text },
          {
            ...common,
            kind: 'keys-write',
            until: null,
            text,
            gained: [`SHA256:${text}`],
            lost: [text],
            because: text,
          },
        ];
        const held = [
          { hash: '0', kind: 'loss', reason: text, changes: nasty, since: 0, actsAt: null },
        ] as const;
        const printed = printPlan(nasty, verdict(nasty, held), false).replaceAll('\n', '');
        expect(printed).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: propertyRuns(2000, 100_000) },
    );
  });
});

describe('makePrintable', () => {
  it.each([
    ['plain text, Élodie 田中', 'plain text, Élodie 田中'],
    ['\u001b[31m', '\\x1b[31m'],
    ['\u009b', '\\x9b'],
    ['a\nb\tc\0', 'a\\x0ab\\x09c\\x00'],
    ['\u202e\u2066\u200b\ufeff', '\\u{202e}\\u{2066}\\u{200b}\\u{feff}'],
    ['\u2028\u00a0', '\\u{2028}\\xa0'],
    ['\\x1b', '\\\\x1b'],
    ['\ud800', '\\u{d800}'],
    ['\u{e0041}\u115f', '\\u{e0041}\\u{115f}'],
    ['😀', '😀'],
  ])('shows %j as %s', (text, shown) => {
    expect(makePrintable(text)).toBe(shown);
  });

  it('cuts what is too long, and says so', () => {
    expect(makePrintable('abc', 3)).toBe('abc');
    expect(makePrintable('abcd', 3)).toBe('abc…');
    expect(makePrintable('😀😀', 2)).toBe('😀😀');
    expect(makePrintable('x'.repeat(1000))).toHaveLength(501);
  });
});
