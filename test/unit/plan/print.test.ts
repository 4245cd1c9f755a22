// The plan as people see it: golden texts, and no escape sequence of a stranger.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/plan/change.ts';
import type { GuardVerdict } from '../../../src/plan/guard/guard-model.ts';
import { printPlan } from '../../../src/plan/print.ts';
import { makePrintable } from '../../../src/common/printable.ts';
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

const close: Change[] = [
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
const give: Change[] = [
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
  { ...common, kind: 'keys-write', text: 'x', gained: ['SHA256:new'], lost: [], because: 'first key' },
  {
    ...common,
    kind: 'keys-write',
    text: 'x',
    gained: ['SHA256:new'],
    lost: ['SHA256:old'],
    because: 'other keys',
  },
  { ...common, kind: 'keys-write', text: 'x', gained: [], lost: ['SHA256:old'], because: 'a key no longer' },
];
const renew = ['a', 'b', 'c', 'd', 'e'].map((name): Change => ({
  scimId: name,
  name,
  kind: 'keys-write',
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
    const changes = [...close, ...give, ...renew];
    expect(printPlan(changes, verdict(changes), false).split('\n')).toEqual([
      'Taken away:',
      '  - keys of bob  (the store says active: false)',
      '  - account bob closed  (the store says active: false)',
      '  - sessions of bob  (the store says active: false)',
      '  - member of group team-a: bob  (is in no access group)',
      '  - group team-b: gid 32000  (the group goes)',
      '  - account old removed  (accounts.retention is over)',
      '  - keys of alice  (a key no longer)',
      '      - SHA256:old',
      '',
      'Given or altered:',
      '  + group team-c: gid 32001  (the store has this group)',
      '  + account alice: uid 20100, gid 9999, /home/alice, /bin/bash  (is in an access group)',
      '  ~ account alice: gid 5 -> 9999, gecos "A\\x1b[31m" -> "Alice"  (display name changed)',
      '  + account alice reopened: uid 20100, gid 9999, /home/alice, /bin/bash  (is in an access group again)',
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
      'Renewed: keys of a, b, c and 2 more',
      '',
      'Plan: 22 changes: 7 taken away, 7 given, 3 altered, 5 renewed, 0 held.',
      '',
    ]);
  });

  it('shows what is held, why, and how it may go on', () => {
    const held = [
      {
        hash: '0123456789abcdef',
        kind: 'loss',
        reason: '9 of 50 people',
        changes: close.slice(0, 2),
        since: 0,
        actsAt: 1_800_003_600,
      },
      {
        hash: 'fedcba9876543210',
        kind: 'vanished',
        reason: 'no group',
        changes: close.slice(3, 4),
        since: 0,
        actsAt: null,
      },
      {
        hash: '0000000000000000',
        kind: 'frozen',
        reason: 'frozen',
        changes: give.slice(1, 2),
        since: 0,
        actsAt: null,
      },
    ] as const;
    const changes = held.flatMap((set) => set.changes);
    expect(printPlan(changes, verdict([], held), false).split('\n')).toEqual([
      'Held (loss): 9 of 50 people',
      '  - keys of bob  (the store says active: false)',
      '  - account bob closed  (the store says active: false)',
      '  To let it happen: sunk-agent approve 0123456789abcdef; it acts by itself from 2027-01-15T09:00:00Z',
      '',
      'Held (vanished): no group',
      '  - member of group team-a: bob  (is in no access group)',
      '  To let it happen: sunk-agent approve fedcba9876543210',
      '',
      'Held (frozen): frozen',
      '  + account alice: uid 20100, gid 9999, /home/alice, /bin/bash  (is in an access group)',
      '  Waits for: sunk-agent thaw',
      '',
      'Plan: 4 changes: 0 taken away, 0 given, 0 altered, 0 renewed, 4 held.',
      '',
    ]);
    expect(printPlan(changes.slice(0, 1), verdict([], held.slice(1, 2)), false)).toMatch(/^Plan: 1 change:/m);
  });

  it('names a few renewals and counts the rest', () => {
    const three = renew.slice(0, 3);
    expect(printPlan(three, verdict(three), false)).toContain('Renewed: keys of a, b, c\n');
    expect(printPlan(renew, verdict(renew), false)).toContain('Renewed: keys of a, b, c and 2 more\n');
  });

  it('colours only when asked to', () => {
    const coloured = printPlan(close, verdict(close), true);
    expect(coloured).toContain('\u001b[31m-\u001b[0m keys of bob');
    expect(coloured.replace(/\p{Cc}\[\d+m/gu, '')).toBe(printPlan(close, verdict(close), false));
  });

  it('has words for what is put aside and given back, and for rules and the hook', () => {
    const person = { ...common, because: 'why' };
    const rules = { scimId: null, name: 'sunk-agent', because: 'why' };
    const changes: Change[] = [
      { ...rules, kind: 'sudoers-remove' },
      { ...person, kind: 'jobs-disable', uid: 1, needsHook: false },
      { ...person, kind: 'hook-run', uid: 1 },
      { ...person, kind: 'jobs-restore', uid: 1 },
      { ...rules, kind: 'sudoers-write', text: 'x' },
    ];
    expect(printPlan(changes, verdict(changes), false).split('\n')).toEqual([
      'Taken away:',
      '  - sudo rules  (why)',
      '  - cron and at jobs and lingering of alice  (why)',
      '  - off-boarding hook for alice  (why)',
      '',
      'Given or altered:',
      '  + cron and at jobs and lingering of alice  (why)',
      '  ~ sudo rules  (why)',
      '',
      'Plan: 5 changes: 3 taken away, 1 given, 1 altered, 0 renewed, 0 held.',
      '',
    ]);
  });

  it('gives each sign, heading and hold a colour of its own', () => {
    const held = [
      { hash: 'a', kind: 'gain', reason: 'much', changes: give.slice(1, 2), since: 0, actsAt: null },
    ] as const;
    const go = [...close.slice(0, 1), ...give.slice(0, 1), ...give.slice(2, 3), ...renew];
    const coloured = printPlan(go, verdict(go, held), true);
    const colours = [...coloured.matchAll(/\p{Cc}\[(\d+)m([^\p{Cc}]*)\p{Cc}\[0m/gu)];
    expect(colours.map(([, code, text]) => `${code} ${text}`)).toEqual([
      '1 Taken away:',
      '31 -',
      '1 Given or altered:',
      '32 +',
      '33 ~',
      '1 Renewed:',
      '35 Held (gain):',
      '32 +',
    ]);
  });

  it('lets no control character of a stranger through', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const nasty: Change[] = [
          { scimId: text, name: text, kind: 'member-add', member: text, sudo: false, because: text },
          { ...common, kind: 'account-create', entry: { ...entry, dir: text, shell: text }, because: text },
          { ...common, kind: 'account-alter', before: { ...entry, gecos: text }, entry, because: text },
          { ...common, kind: 'home-create', uid: 1, gid: 1, dir: text, because: text },
          { ...common, kind: 'keys-write', text, gained: [`SHA256:${text}`], lost: [text], because: text },
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
