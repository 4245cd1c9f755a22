// One raw resource, field by field: what is sound counts, what is broken costs itself alone.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJudge } from '../../../../src/agent/ingest/judge-resource.ts';
import type { GroupRecord, Judged, UserRecord } from '../../../../src/protocol/records.ts';
import { makeConfig } from '../../../support/records/organisation.ts';
import { propertyRuns } from '../../../support/property-runs.ts';
import { anyText } from '../../../support/records/any-text.ts';

const numRuns = propertyRuns(2000, 100_000);
const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const attributes = {
  ...makeConfig().scim.attributes,
  gid: `${EXTENSION}:gid`,
  home: 'posix.home',
  shell: 'posix.shell',
  group_gid: 'gid',
};
const judge = createJudge(attributes);

const user = {
  id: 'u1',
  userName: 'ann@example.com',
  externalId: 'x1',
  active: true,
  displayName: 'Ann',
  meta: { created: '2026-01-01T00:00:00Z' },
  posix: { home: '/home/ann', shell: '/bin/sh' },
  [EXTENSION]: { uid: 20001, gid: 20002, sunkSshKeys: ['key one', 'key two'] },
};
const record: UserRecord = {
  id: 'u1',
  userName: 'ann@example.com',
  externalId: 'x1',
  active: true,
  created: '2026-01-01T00:00:00Z',
  displayName: 'Ann',
  username: 'ann@example.com',
  uid: 20001,
  gid: 20002,
  home: '/home/ann',
  shell: '/bin/sh',
  keys: ['key one', 'key two'],
};
const group = {
  id: 'g1',
  displayName: 'team',
  externalId: 'y1',
  gid: 30001,
  meta: { created: 'then' },
  members: [{ value: 'u1' }],
};
const groupRecord: GroupRecord = {
  id: 'g1',
  name: 'team',
  externalId: 'y1',
  created: 'then',
  gid: 30001,
  members: ['u1'],
  nested: [],
};

const readUser = (more: object, previous: UserRecord | null = null): Judged<UserRecord> =>
  judge.readUser({ ...user, ...more }, previous);
const readGroup = (more: object, previous: GroupRecord | null = null): Judged<GroupRecord> =>
  judge.readGroup({ ...group, ...more }, previous);
const extension = (more: object): object => ({ [EXTENSION]: { ...user[EXTENSION], ...more } });
const recordOf = <R>(judged: Judged<R>): R | null => (judged.kind === 'unreadable' ? null : judged.record);
const codesOf = (judged: Judged<unknown>): string[] =>
  (judged.kind === 'good' ? judged.warnings : judged.findings).map(({ code }) => code);

describe('a sound resource', () => {
  it('is taken whole', () => {
    expect(readUser({})).toEqual({ kind: 'good', record, warnings: [] });
    expect(readGroup({})).toEqual({ kind: 'good', record: groupRecord, warnings: [] });
  });

  it('needs little: the rest is null, no members and no key, and a new user without active is active', () => {
    expect(recordOf(judge.readUser({ id: 'u1', userName: 'ann' }, record))).toEqual({
      ...record,
      userName: 'ann',
      username: 'ann',
      externalId: null,
      created: null,
      displayName: null,
      uid: null,
      gid: null,
      home: null,
      shell: null,
      keys: [],
    });
    const bare = { ...groupRecord, externalId: null, created: null, gid: null, members: [] };
    expect(recordOf(judge.readGroup({ id: 'g1', displayName: 'team' }, groupRecord))).toEqual(bare);
  });

  it('takes null for what is not there', () => {
    const nulls = { externalId: null, active: null, displayName: null, meta: null, posix: null };
    const judged = readUser({ ...nulls, [EXTENSION]: null });
    expect(judged.kind).toBe('good');
    expect(recordOf(judged)).toMatchObject({ active: true, created: null, uid: null, keys: [] });
    expect(readGroup({ members: null })).toMatchObject({ kind: 'good', record: { members: [] } });
  });
});

describe('an id', () => {
  it.each([
    [null],
    [[]],
    ['u1'],
    [{}],
    [{ id: '' }],
    [{ id: 5 }],
    [{ id: 'a\u0007' }],
    [{ id: 'x'.repeat(257) }],
    [{ id: 'a\ud800' }],
    [{ id: '\udc00a' }],
    [{ id: 'a\ufffd' }],
  ])('makes %j unreadable', (raw) => {
    for (const judged of [judge.readUser(raw, record), judge.readGroup(raw, groupRecord)])
      expect(judged).toMatchObject({ kind: 'unreadable', findings: [{ code: 'id-malformed' }] });
  });

  it('that is not well-formed is shown escaped', () => {
    const judged = judge.readUser({ id: 'a\ud800' }, null);
    expect(judged).toMatchObject({
      findings: [{ detail: String.raw`a resource without a usable id: "a\ud800"` }],
    });
  });

  it('stays apart from one that differs in normalisation, case or invisible characters', () => {
    const ids = ['é', 'e\u0301', 'É', 'a', 'A', 'a\u200b', 'a\u00ad', 'a ', 'ａ'];
    expect(new Set(ids.map((id) => recordOf(readUser({ id }))?.id)).size).toBe(ids.length);
  });

  it('may have 256 characters, and any spelling of its name', () => {
    const id = 'x'.repeat(256);
    expect(readUser({ id })).toMatchObject({ kind: 'good', record: { id } });
    expect(judge.readUser({ ID: 'u1', username: 'ann' }, null)).toMatchObject({
      kind: 'good',
      record: { id: 'u1' },
    });
  });
});

describe('active', () => {
  it.each([
    [true, true],
    ['True', true],
    ['true', true],
    [false, false],
    ['False', false],
    ['FALSE', false],
  ])('%j is %j', (active, expected) => {
    expect(readUser({ active })).toMatchObject({ kind: 'good', record: { active: expected } });
  });

  it.each([['yes'], [0], [1], [{}], [['false']], [''], ['false '], ['xtrue']])(
    '%j is neither, and what was known stays',
    (active) => {
      const judged = readUser({ active }, { ...record, active: false });
      expect(judged).toMatchObject({ kind: 'quarantined', id: 'u1', record: { active: false } });
      expect(codesOf(judged)).toEqual(['active-malformed']);
    },
  );

  it.each([[undefined], [null]])(
    'that is %s keeps the last explicit value, with a warning if inactive',
    (active) => {
      expect(readUser({ active })).toMatchObject({ kind: 'good', record: { active: true }, warnings: [] });
      expect(readUser({ active }, record)).toMatchObject({ record: { active: true }, warnings: [] });
      const judged = readUser({ active }, { ...record, active: false });
      expect(judged).toMatchObject({ kind: 'good', record: { active: false } });
      expect(codesOf(judged)).toEqual(['active-missing']);
    },
  );

  it('that is malformed in a new record makes no active user', () => {
    expect(readUser({ active: 'yes' })).toMatchObject({ kind: 'quarantined', record: null });
  });

  it('acts in a record that is broken everywhere else', () => {
    const broken = {
      userName: 5,
      externalId: 5,
      displayName: 5,
      meta: { created: 5 },
      posix: { home: 5, shell: 5 },
    };
    const judged = readUser(
      { ...broken, [EXTENSION]: { uid: 'x', gid: 'x', sunkSshKeys: 5 }, active: 'False' },
      record,
    );
    expect(judged).toEqual({
      kind: 'quarantined',
      id: 'u1',
      record: { ...record, active: false, keys: [] },
      findings: expect.any(Array) as unknown,
    });
    expect(codesOf(judged)).toHaveLength(10);
  });
});

describe('a broken field', () => {
  it.each([
    ['userName', { userName: 7 }, 'userName is not a string'],
    ['userName', { userName: '' }, 'userName is missing'],
    ['userName', { userName: null }, 'userName is missing'],
    ['externalId', { externalId: {} }, 'externalId is not a string'],
    ['displayName', { displayName: 'x'.repeat(1025) }, 'displayName is longer than 1024 characters'],
    ['created', { meta: { created: 1 } }, 'meta.created is not a string'],
    ['home', { posix: { home: ['/'], shell: '/bin/sh' } }, 'posix.home is not a string'],
    ['shell', { posix: { home: '/home/ann', shell: false } }, 'posix.shell is not a string'],
    ['uid', extension({ uid: -1 }), `${EXTENSION}:uid is not a whole number`],
    ['gid', extension({ gid: 1.5 }), `${EXTENSION}:gid is not a whole number`],
  ] as const)('keeps its last good value alone: %s of %j', (field, more, detail) => {
    const previous = {
      ...record,
      keys: ['old'],
      [field]: field === 'uid' || field === 'gid' ? 21000 : 'before',
    };
    const judged = readUser(more, previous);
    // The attribute that names the account is judged by itself, also where it is the same one.
    const { username, ...others } = { ...record, [field]: previous[field] };
    if (field !== 'userName') expect(recordOf(judged)?.username).toBe(username);
    expect(judged).toMatchObject({ kind: 'quarantined', id: 'u1', record: others });
    expect(judged.kind === 'quarantined' && judged.findings.map((finding) => finding.detail)).toContain(
      detail,
    );
    expect(readUser(more, null)).toMatchObject({ kind: 'quarantined', record: null });
  });

  it.each([
    ['name', { displayName: '' }, 'displayName is missing'],
    ['name', { displayName: 5 }, 'displayName is not a string'],
    ['externalId', { externalId: 5 }, 'externalId is not a string'],
    ['created', { meta: { created: [] } }, 'meta.created is not a string'],
    ['gid', { gid: 'many' }, 'gid is not a whole number'],
  ] as const)('of a group keeps its last good value alone: %s of %j', (field, more, detail) => {
    const previous = { ...groupRecord, members: ['u9'], [field]: field === 'gid' ? 31000 : 'before' };
    const judged = readGroup(more, previous);
    expect(judged).toMatchObject({
      kind: 'quarantined',
      id: 'g1',
      record: { ...groupRecord, [field]: previous[field] },
      findings: [{ detail }],
    });
    expect(readGroup(more, null)).toMatchObject({ kind: 'quarantined', record: null });
  });

  it('is not one at its bound', () => {
    const displayName = 'x'.repeat(1024);
    expect(readUser({ displayName })).toMatchObject({ kind: 'good', record: { displayName } });
  });
});

describe('a number', () => {
  it.each([
    [20001, 20001],
    ['20001', 20001],
    [0, 0],
    ['0', 0],
    [4294967295, 4294967295],
    ['4294967295', 4294967295],
    ['', null],
    [null, null],
  ])('%j is %j', (uid, expected) => {
    expect(readUser(extension({ uid }))).toMatchObject({ kind: 'good', record: { uid: expected } });
  });

  it.each([
    [4294967296],
    ['4294967296'],
    [-1],
    ['-1'],
    ['007'],
    ['1e3'],
    ['0x10'],
    [' 5'],
    ['5 '],
    [true],
    [[5]],
    ['99999999999'],
  ])('%j is none', (uid) => {
    expect(codesOf(readUser(extension({ uid }), record))).toEqual(['id-malformed']);
  });
});

describe('keys', () => {
  const keysOf = (sunkSshKeys: unknown): readonly string[] | undefined =>
    recordOf(readUser(extension({ sunkSshKeys }), { ...record, keys: ['old'] }))?.keys;

  it('come as one text, several lines, a list, objects with a value, and lists of these', () => {
    expect(keysOf('one')).toEqual(['one']);
    expect(keysOf(' one \r\n\n two\rthree\n')).toEqual(['one', 'two', 'three']);
    expect(keysOf(['one', { value: 'two\nthree' }, null, {}, { VALUE: 'four' }])).toEqual([
      'one',
      'two',
      'three',
      'four',
    ]);
    expect(keysOf({ value: 'one' })).toEqual(['one']);
  });

  it.each([[5], [true], [[['one']]], [['one', 5]], [{ value: 5 }], [['one', { value: [] }]]])(
    'that are no text are none, and the old ones are gone too: %j',
    (keys) => {
      const judged = readUser(extension({ sunkSshKeys: keys }), { ...record, keys: ['old'] });
      expect(judged).toMatchObject({ kind: 'quarantined', record: { keys: [] } });
      expect(codesOf(judged)).toEqual(['keys-malformed']);
    },
  );

  it('have bounds: 1000 of them, 16 KiB each, and what is beyond costs all', () => {
    const lines = (count: number): string[] => Array.from({ length: count }, (_, n) => `k${n}`);
    expect(keysOf(lines(1000))).toHaveLength(1000);
    expect(keysOf(lines(1001))).toEqual([]);
    expect(keysOf('x'.repeat(16 * 1024))).toHaveLength(1);
    expect(keysOf('x'.repeat(16 * 1024 + 1))).toEqual([]);
    const long = `${'x'.repeat(16 * 1024)}\n`.repeat(9);
    expect(keysOf(long)).toHaveLength(9);
    expect(keysOf(long.padEnd(160 * 1024, '\n'))).toHaveLength(9);
    expect(keysOf(long.padEnd(160 * 1024 + 1, '\n'))).toEqual([]);
    expect(codesOf(readUser(extension({ sunkSshKeys: lines(1001) })))).toEqual(['keys-malformed']);
  });
});

describe('members', () => {
  it.each([
    [[{ value: 'u1' }, { value: null }], 1],
    [[null, { value: 'u1' }, 5, {}, ['u2']], 4],
    [[{ value: 'u1' }, { value: 'u\ud800' }], 1],
    [[{ value: '' }, { value: 'u1' }, { value: 'x'.repeat(257) }], 2],
  ])('some of which are malformed count without them, and that is reported: %j', (members, dropped) => {
    for (const previous of [null, { ...groupRecord, members: ['u1', 'u7'] }]) {
      const judged = readGroup({ members }, previous);
      expect(judged).toMatchObject({ kind: 'quarantined', record: { ...groupRecord, members: ['u1'] } });
      expect(codesOf(judged)).toEqual(['member-malformed']);
      const { findings } = judged as Extract<typeof judged, { kind: 'quarantined' }>;
      expect(findings[0]?.detail).toContain(`${dropped} of ${members.length} members`);
    }
  });

  it('are sorted, once each, and groups among them are told apart by type or reference', () => {
    const members = [
      { value: 'u2' },
      { value: 'u1', type: 'User', $ref: 'https://store/Users/u1' },
      { value: 'u2' },
      { value: 'g3', type: 'group' },
      { value: 'g2', $ref: 'https://store/Groups/g2' },
      { Value: 'g1', Type: 'GROUP' },
      { value: 'u3', type: 5, $ref: 5 },
    ];
    expect(recordOf(readGroup({ members }))).toMatchObject({
      members: ['u1', 'u2', 'u3'],
      nested: ['g1', 'g2', 'g3'],
    });
  });

  it.each([
    [5],
    ['u1'],
    [{ value: 'u1' }],
    [['u1']],
    [[{}]],
    [[{ value: '' }]],
    [[{ value: 5 }]],
    [[null]],
    [[{ value: 'x'.repeat(257) }]],
  ])('that cannot be read leave those who were known: %j', (members) => {
    const previous = { ...groupRecord, members: ['u7'], nested: ['g7'] };
    const judged = readGroup({ members }, previous);
    expect(judged).toMatchObject({ kind: 'quarantined', record: { members: ['u7'], nested: ['g7'] } });
    expect(codesOf(judged)).toEqual(['members-malformed']);
    expect(readGroup({ members }, null)).toMatchObject({ record: null });
  });

  it('may have ids of 256 characters', () => {
    const value = 'x'.repeat(256);
    expect(recordOf(readGroup({ members: [{ value }] }))?.members).toEqual([value]);
  });
});

describe('whatever a store sends', () => {
  const names = [
    'id',
    'userName',
    'active',
    'externalId',
    'displayName',
    'members',
    'meta',
    'posix',
    'gid',
    '__proto__',
    EXTENSION,
  ];
  const anyValue = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    anyText,
    fc.constantFrom(
      'False',
      'u1',
      [{ value: 'u1' }, { value: 'g', type: 'Group' }],
      { created: 'x' },
      { uid: 5, sunkSshKeys: [' a\nb'] },
    ),
  );
  const anyResource = fc.oneof(
    anyValue,
    fc
      .array(fc.tuple(fc.constantFrom(...names), anyValue), { maxLength: 8 })
      .map((pairs): unknown =>
        JSON.parse(
          `{${pairs.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`,
        ),
      ),
  );
  const isText = (text: string | null): boolean => text === null || text.length <= 1024;
  const isId = (id: number | null): boolean =>
    id === null || (Number.isInteger(id) && id >= 0 && id <= 0xffffffff);

  it('is judged without an error, and what is taken has its shape', () => {
    fc.assert(
      fc.property(anyResource, fc.constantFrom(null, record), (raw, previous) => {
        const judged = judge.readUser(raw, previous);
        if (judged.kind === 'unreadable' || judged.record === null) return;
        const taken = judged.record;
        expect(Object.keys(taken).sort()).toEqual(Object.keys(record).sort());
        expect(taken.id).toMatch(/^\P{Cc}{1,256}$/u);
        expect(typeof taken.active).toBe('boolean');
        expect([taken.uid, taken.gid].every(isId)).toBe(true);
        const texts = [
          taken.userName,
          taken.externalId,
          taken.created,
          taken.displayName,
          taken.username,
          taken.home,
          taken.shell,
        ];
        expect(texts.every(isText)).toBe(true);
        for (const key of taken.keys) expect(key).toMatch(/^\S([^\r\n]*\S)?$/u);
      }),
      { numRuns },
    );
    fc.assert(
      fc.property(anyResource, fc.constantFrom(null, groupRecord), (raw, previous) => {
        const judged = judge.readGroup(raw, previous);
        if (judged.kind === 'unreadable' || judged.record === null) return;
        const { members, nested, gid, name } = judged.record;
        expect([isId(gid), isText(name), name !== '']).toEqual([true, true, true]);
        for (const list of [members, nested]) expect(list).toEqual([...new Set(list)].sort());
      }),
      { numRuns },
    );
  });

  it('harms with one broken field nothing but that field', () => {
    const sound: Record<string, unknown> = { ...user };
    fc.assert(
      fc.property(
        fc.constantFrom('userName', 'externalId', 'displayName', 'active', 'meta', 'posix'),
        anyValue,
        (field, value) => {
          const judged = judge.readUser({ ...sound, [field]: value }, record);
          const concerned: Record<string, string[]> = {
            meta: ['created'],
            posix: ['home', 'shell'],
            userName: ['userName', 'username'],
          };
          for (const other of Object.keys(record) as (keyof UserRecord)[]) {
            if ((concerned[field] ?? [field]).includes(other)) continue;
            expect(recordOf(judged)?.[other]).toEqual(record[other]);
          }
        },
      ),
      { numRuns },
    );
  });
});

describe('the value of a broken field', () => {
  const findingOf = (judged: Judged<UserRecord>) =>
    judged.kind === 'quarantined' ? judged.findings[0] : null;

  it.each([
    [extension({ uid: '10 004' }), '"10 004"'],
    [extension({ uid: '1e4' }), '"1e4"'],
    [extension({ uid: '10004.0' }), '"10004.0"'],
    [extension({ uid: -1 }), '-1'],
    [{ active: 'yes\ud800' }, String.raw`"yes\ud800"`],
    [{ displayName: 'x'.repeat(5000) }, `"${'x'.repeat(79)}…`],
  ])('is shown as JSON and cut: %j', (more, value) => {
    expect(findingOf(readUser(more))).toMatchObject({ value });
  });

  it('is not shown of keys, which may be secret', () => {
    expect(findingOf(readUser(extension({ sunkSshKeys: 5 })))).not.toHaveProperty('value');
  });
});

it('takes numbers of JSON in any spelling, for JSON does not tell them apart', () => {
  for (const [text, uid] of [
    ['10004.0', 10_004],
    ['1e4', 10_000],
  ] as const)
    expect(recordOf(readUser(extension({ uid: JSON.parse(text) as unknown })))).toMatchObject({ uid });
});

it('finds the names of a record without judging them', () => {
  const emails = [{ value: 'a@x' }, 'b@x', 5, null];
  expect(judge.readNames('User', { ...user, userName: 5, emails, displayName: ['x'] })).toEqual([
    'x1',
    'a@x',
    'b@x',
  ]);
  expect(judge.readNames('Group', { ...group, externalId: {} })).toEqual(['team']);
  expect([judge.readNames('User', null), judge.readNames('Group', [])]).toEqual([[], []]);
});
