import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/state/database.ts';
import { COUNTED_HISTORY } from '../../../src/state/guard-memory.ts';
import { openStateDatabase } from '../../../src/state/state.ts';
import { MIGRATIONS } from '../../../src/state/schema.ts';
import { COUNTED_KINDS } from '../../../src/plan/guard/guard-limits.ts';
import type { Rebinding } from '../../../src/policy/ledger/rebind.ts';
import { findNetworkFileSystem } from '../../../src/common/network-file-systems.ts';
import { prepareStateDirectory } from '../../../src/state/state-directory.ts';
import { hasRoot } from '../../support/requirements.ts';
import { seedRandom } from '../../support/records/key-corpus.ts';
import { makeUser } from '../../support/records/people.ts';

const isRoot = hasRoot(import.meta.filename);

const NOW = 1_800_000_000;
let base: string;
let directory: string;

beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'state-'));
  directory = path.join(base, 'cache');
});

afterEach(() => rmSync(base, { recursive: true }));

const BINDING = {
  kind: 'account',
  name: 'alice',
  id: 12_000,
  gid: 9999,
  home: '/home/alice',
  boundAt: NOW,
  disabledAt: null,
} as const;

describe('the state directory', () => {
  test('is made private, and so is the file', () => {
    openStateDatabase(directory, NOW, 'this node').close();
    expect(() => openStateDatabase(directory, NOW, 'this node').close()).not.toThrow();
  });

  test('is refused when others may reach it', () => {
    mkdirSync(directory);
    chmodSync(directory, 0o755);
    expect(() => openStateDatabase(directory, NOW, 'this node')).toThrow(/has mode 755/);
  });

  test.each([
    'mirror.sqlite',
    'mirror.sqlite-wal',
    'mirror.sqlite-shm',
    'mirror.sqlite-journal',
    'writer.lock',
  ])('is refused when %s is a link, or has a second name', (name) => {
    mkdirSync(directory, { mode: 0o700 });
    const elsewhere = path.join(base, 'elsewhere');
    writeFileSync(elsewhere, '', { mode: 0o600 });
    symlinkSync(elsewhere, path.join(directory, name));
    expect(() => openStateDatabase(directory, NOW, 'this node')).toThrow(/not a plain file/);
    rmSync(path.join(directory, name));
    linkSync(elsewhere, path.join(directory, name));
    expect(() => openStateDatabase(directory, NOW, 'this node')).toThrow(/hard link/);
  });

  test('is refused when the file is open to others', () => {
    openStateDatabase(directory, NOW, 'this node').close();
    chmodSync(path.join(directory, 'mirror.sqlite'), 0o640);
    expect(() => openStateDatabase(directory, NOW, 'this node')).toThrow(/mirror\.sqlite has mode 640/);
  });

  test.runIf(isRoot)('is refused when it belongs to another user', () => {
    mkdirSync(directory, { mode: 0o700 });
    chownSync(directory, 12_345, 12_345);
    expect(() => openStateDatabase(directory, NOW, 'this node')).toThrow(/belongs to uid 12345/);
  });

  test.each([
    [0x6969, 'NFS'],
    [0xff534d42, 'CIFS'],
    [0x65735546, 'FUSE'],
    [0x01021997, '9p'],
  ])('is refused on a network file system (%i, %s), and the reason says so', (type, name) => {
    expect(() => prepareStateDirectory(directory, () => type)).toThrow(
      new RegExp(`is on ${name}, where SQLite`),
    );
  });

  test('may lie on a local file system', () => {
    // ext4, xfs, btrfs, tmpfs, overlayfs
    for (const type of [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630]) {
      expect(findNetworkFileSystem(type)).toBeNull();
    }
  });
});

describe('a second writer', () => {
  test('of another node is refused with the reason, and let in when the first is gone', () => {
    const first = openStateDatabase(directory, NOW, 'this node');
    expect(() => openStateDatabase(directory, NOW, 'another node')).toThrow(
      new RegExp(`is in use by the agent of another node \\(.*, process ${process.pid}\\)`),
    );
    first.close();
    openStateDatabase(directory, NOW, 'another node').close();
  });

  test('of the same node works beside the first, and each sees what the other wrote', () => {
    const daemon = openStateDatabase(directory, NOW, 'this node');
    expect(daemon.bindings()).toEqual([]);
    const command = openStateDatabase(directory, NOW, 'this node');
    command.bind([{ ...BINDING, scimId: 'a' }]);
    putUser(command, 'u1');
    command.close();
    expect(daemon.bindings()).toHaveLength(1);
    expect(daemon.users().map(({ record }) => record.id)).toEqual(['u1']);
    daemon.close();
  });
});

function putUser(state: ReturnType<typeof openStateDatabase>, id: string): void {
  const batch = state.openBatch({ now: NOW, maxAge: null, absences: 2 });
  batch.add('User', { kind: 'good', record: makeUser(id), warnings: [] });
  batch.commit(true);
}

/** A state database with so many people that its file has hundreds of pages. */
function fillDatabase(): void {
  const state = openStateDatabase(directory, NOW, 'this node');
  const batch = state.openBatch({ now: NOW, maxAge: null, absences: 2 });
  for (let n = 0; n < 2000; n += 1) {
    const record = makeUser(`u${n}`, { displayName: 'x'.repeat(200) });
    batch.add('User', { kind: 'good', record, warnings: [] });
  }
  batch.commit(true);
  state.bind([{ ...BINDING, scimId: 'u1' }]);
  state.close();
}

const inDirectory = (name: string): string => path.join(directory, name);
const file = (): string => inDirectory('mirror.sqlite');

function overwrite(at: number, bytes: Buffer): void {
  const fd = openSync(file(), 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

describe('a damaged file', () => {
  test.each<[string, () => void, 'lost' | 'kept']>([
    ['cut in half', () => truncateSync(file(), statSync(file()).size / 2), 'lost'],
    ['cut within a page', () => truncateSync(file(), 10_000), 'lost'],
    ['cut within its header', () => truncateSync(file(), 50), 'lost'],
    ['with a page of zeros', () => overwrite(8 * 4096, Buffer.alloc(4096)), 'lost'],
    ['with a page of noise', () => overwrite(20 * 4096, Buffer.alloc(4096, 0xa7)), 'lost'],
    ['with another header', () => overwrite(0, Buffer.from('this was a database')), 'lost'],
    ['of noise alone', () => writeFileSync(file(), Buffer.alloc(9000, 0x5a)), 'lost'],
    ['that is empty', () => truncateSync(file(), 0), 'lost'],
    ['without a table', () => execute('DROP TABLE history'), 'lost'],
    ['without the ledger', () => execute('DROP TRIGGER binding_is_kept; DROP TABLE binding'), 'lost'],
    ['of a column less', () => execute('ALTER TABLE record DROP COLUMN missing'), 'lost'],
    ['that claims to be older than it is', () => execute('PRAGMA user_version = 0'), 'lost'],
    [
      'with a log of noise',
      () => writeFileSync(inDirectory('mirror.sqlite-wal'), Buffer.alloc(50_000, 0x11), { mode: 0o600 }),
      'kept',
    ],
    [
      'with a shared memory of noise',
      () => writeFileSync(inDirectory('mirror.sqlite-shm'), Buffer.alloc(32_768, 0x11), { mode: 0o600 }),
      'kept',
    ],
  ])('%s does not keep the database from opening, now and at the next start', (_, damage, expected) => {
    fillDatabase();
    damage();
    for (const start of [1, 2]) {
      const state = openStateDatabase(directory, NOW + start, 'this node');
      expect(state.users()).toHaveLength(expected === 'kept' ? 2000 : 0);
      expect(state.bindings()).toHaveLength(expected === 'kept' ? 1 : 0);
      if (start === 2) expect(state.setAside).toBeNull();
      state.close();
    }
  });

  test('that was damaged anywhere, in an index too, is sound once it is open', () => {
    const state = openStateDatabase(directory, NOW, 'this node');
    for (let n = 0; n < 50; n += 1) putUser(state, `u${n}`);
    const row = { at: NOW, name: 'alice', because: '', problem: null, kind: 'sessions-end' };
    const lost = Array.from({ length: 400 }, (_, n) => ({ ...row, scimId: `u${n}` }));
    state.endSync(state.beginSync(NOW), {}, lost);
    state.close();
    const sound = readFileSync(file());
    const below = seedRandom(1);
    let spoilt = 0;
    for (let n = 0; n < 120; n += 1) {
      for (const name of readdirSync(directory)) rmSync(inDirectory(name));
      writeFileSync(file(), sound, { mode: 0o600 });
      const at = below(sound.length);
      overwrite(at, Buffer.alloc([1, 16, 512][below(3)] ?? 0, below(2) === 0 ? 0 : 0xa5));
      openStateDatabase(directory, NOW, 'this node').close();
      const raw = new Database(file(), { readonly: true });
      expect([at, raw.pragma('integrity_check(1)', { simple: true })]).toEqual([at, 'ok']);
      raw.close();
      if (readdirSync(directory).some((name) => name.includes('damaged'))) spoilt += 1;
    }
    expect(spoilt).toBeGreaterThan(20);
  });

  test('with a bit that fell over in one record costs that record alone, until it is fetched again', () => {
    fillDatabase();
    execute("UPDATE record SET body = replace(body, 'u7@', 'u8@') WHERE id = 'u7'");
    execute('INSERT INTO pass (started_at, report) VALUES (1, \'{"heard":\')');
    const state = openStateDatabase(directory, NOW, 'this node');
    expect(state.users()).toHaveLength(1999);
    expect(state.lastSync('any', () => true)).toBeNull();
    putUser(state, 'u7');
    expect(state.users()).toHaveLength(2000);
    state.close();
  });

  test('is set aside as it was, with its log, and not more than three of them are kept', () => {
    for (let n = 0; n < 5; n += 1) {
      openStateDatabase(directory, NOW, 'this node').close();
      writeFileSync(file(), Buffer.alloc(8192, n + 1));
      const state = openStateDatabase(directory, NOW + n, 'this node');
      expect(state.setAside).toBe(`${file()}.damaged-${NOW + n}`);
      expect(readFileSync(state.setAside ?? '')).toEqual(Buffer.alloc(8192, n + 1));
      state.close();
    }
    const damaged = readdirSync(directory).filter((name) => name.includes('damaged'));
    expect(damaged.sort()).toEqual([2, 3, 4].map((n) => `mirror.sqlite.damaged-${NOW + n}`));
  });

  test('is not taken from under a daemon that has it open', () => {
    fillDatabase();
    const daemon = openStateDatabase(directory, NOW, 'this node');
    const raw = new Database(file());
    raw.exec('DROP TABLE history');
    raw.close();
    expect(() => openStateDatabase(directory, NOW, 'this node')).toThrow(
      /damaged, and another process has it open/,
    );
    daemon.close();
  });
});

function execute(sql: string): void {
  const raw = new Database(file());
  raw.exec(sql);
  raw.close();
}

describe('a downgrade', () => {
  test('by one build keeps the ledger and the records of the newer database, and the newer build takes them up again', () => {
    const newer = [
      ...MIGRATIONS,
      "ALTER TABLE record ADD COLUMN extra TEXT NOT NULL DEFAULT ''; CREATE TABLE new (a)",
    ];
    openDatabase(directory, NOW, 'this node', newer).close();
    execute("INSERT INTO new VALUES ('kept')");
    const older = openStateDatabase(directory, NOW, 'this node');
    older.bind([{ ...BINDING, scimId: 'u1' }]);
    putUser(older, 'u1');
    older.close();
    const again = openDatabase(directory, NOW, 'this node', newer);
    expect(again.setAside).toBeNull();
    expect(again.connection.prepare('SELECT a FROM new').pluck().get()).toBe('kept');
    expect(again.connection.prepare('SELECT count(*) FROM record').pluck().get()).toBe(1);
    again.close();
  });

  // No build names an index in a query, so none misses one.
  test('cannot be broken by a later migration: they only add, and drop indexes at most', () => {
    for (const migration of MIGRATIONS.slice(1)) {
      const statements = migration
        .replace(/--.*$/gm, '')
        .split(';')
        .map((text) => text.trim());
      for (const statement of statements.filter((text) => text !== '')) {
        expect(statement).toMatch(
          /^(CREATE (TABLE|INDEX)|DROP INDEX|ALTER TABLE \w+ ADD COLUMN|CREATE TRIGGER \w+ BEFORE DELETE|END$)/,
        );
      }
    }
  });
});

describe('what the guard counts', () => {
  test('is found by an index that leaves out what a first sync gives to every user, and is all there', () => {
    const state = openStateDatabase(directory, NOW, 'this node');
    const row = { at: NOW, scimId: 'u1', name: 'alice', because: '', problem: null };
    const given = ['account-create', 'member-add', 'keys-write'];
    state.endSync(
      state.beginSync(NOW),
      {},
      [...COUNTED_KINDS, ...given].map((kind) => ({ ...row, kind })),
    );
    expect(
      state
        .guardRecord(NOW)
        .done.map(({ kind }) => kind)
        .sort(),
    ).toEqual([...COUNTED_KINDS].sort());
    state.close();
    const raw = new Database(file(), { readonly: true });
    const [step] = raw.prepare(`EXPLAIN QUERY PLAN ${COUNTED_HISTORY}`).all(NOW) as { detail: string }[];
    raw.close();
    expect(step?.detail).toBe('SEARCH history USING INDEX history_of_losses (kind=? AND at>?)');
  });
});

describe('what is forgotten', () => {
  const DAY = 86_400;

  test('is old history, but never what the guard still counts', () => {
    const state = openStateDatabase(directory, NOW, 'this node');
    const row = { scimId: 'u1', kind: 'keys-write', name: 'alice', because: 'first key', problem: null };
    const n = state.beginSync(NOW - 200 * DAY);
    state.endSync(
      n,
      {},
      [-200, -100, -1].map((days) => ({ ...row, at: NOW + days * DAY })),
    );
    state.prune(NOW, NOW - 150 * DAY, 90 * DAY);
    expect(state.history({ limit: 10 })).toHaveLength(2);
    state.prune(NOW, NOW - DAY, 90 * DAY);
    expect(state.history({ limit: 10 })).toHaveLength(1);
    state.close();
  });

  test('are syncs beyond 3,000, but never the last complete one', () => {
    const state = openStateDatabase(directory, NOW, 'this node');
    const complete = { fetched: { complete: { User: true, Group: true } } };
    for (const report of [{}, {}, complete]) state.endSync(state.beginSync(NOW), report, []);
    execute(
      'WITH RECURSIVE more (n) AS (SELECT 4 UNION ALL SELECT n + 1 FROM more WHERE n < 3010) ' +
        `INSERT INTO pass SELECT n, ${NOW}, '{"heard":null}' FROM more`,
    );
    state.prune(NOW, NOW, 90 * DAY);
    const raw = new Database(file(), { readonly: true });
    expect(raw.prepare('SELECT count(*), min(n) FROM pass').raw().get()).toEqual([3001, 3]);
    raw.close();
    state.close();
  });
});

describe('the ledger', () => {
  test('keeps a binding over a restart', () => {
    const state = openStateDatabase(directory, NOW, 'this node');
    state.bind([{ ...BINDING, scimId: 'a' }]);
    state.close();
    const again = openStateDatabase(directory, NOW, 'this node');
    expect(again.bindings()).toEqual([{ ...BINDING, scimId: 'a' }]);
    again.close();
  });

  test('never gives a bound name or uid to another SCIM id', () => {
    const state = openStateDatabase(directory, NOW, 'this node');
    state.bind([{ ...BINDING, scimId: 'a' }]);
    expect(() => state.bind([{ ...BINDING, scimId: 'b', name: 'bob' }])).toThrow(/UNIQUE/);
    expect(() => state.bind([{ ...BINDING, scimId: 'b', id: 12_001 }])).toThrow(/UNIQUE/);
    state.close();
  });

  test('moves a binding to a new SCIM id with its name and uid, and keeps the old one on record', () => {
    const state = openStateDatabase(directory, NOW, 'this node');
    const move = (scimId: string, to: string): Rebinding => {
      const { id, gid } = BINDING;
      return { binding: { ...BINDING, scimId }, to, id, gid, storeId: null };
    };
    state.bind([
      { ...BINDING, scimId: 'old' },
      { ...BINDING, scimId: 'other', name: 'bob', id: 12_001, home: '/home/bob' },
    ]);
    state.rebind([move('old', 'new')], NOW, 'root');
    expect(state.bindings()).toContainEqual({ ...BINDING, scimId: 'new' });
    expect(() => state.rebind([move('new', 'other')], NOW, 'root')).toThrow(/UNIQUE/);
    expect(() => state.rebind([move('old', 'x')], NOW, 'root')).toThrow(/no longer binds/);
    state.close();
    const raw = new Database(path.join(directory, 'mirror.sqlite'));
    expect(raw.prepare('SELECT old_id, new_id, name, id, at, "by" FROM rebinding').all()).toEqual([
      { old_id: 'old', new_id: 'new', name: 'alice', id: 12_000, at: NOW, by: 'root' },
    ]);
    expect(() => raw.exec('DELETE FROM rebinding')).toThrow(/never deleted/);
    raw.close();
  });

  test('cannot lose a row, no matter who asks', () => {
    const state = openStateDatabase(directory, NOW, 'this node');
    state.bind([{ ...BINDING, scimId: 'a' }]);
    state.close();
    const raw = new Database(path.join(directory, 'mirror.sqlite'));
    expect(() => raw.exec('DELETE FROM binding')).toThrow(/never deleted/);
    raw.close();
  });
});

test('the directory around the state directory stays open to the key helper', () => {
  const parent = path.join(base, 'lib');
  openStateDatabase(path.join(parent, 'cache'), NOW, 'this node').close();
  expect(statSync(parent).mode & 0o777).toBe(0o755);
  expect(statSync(path.join(parent, 'cache')).mode & 0o777).toBe(0o700);
});
