import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openMirror } from '../../src/mirror/mirror.ts';

const NOW = 1_800_000_000;
let base: string;
let folder: string;

beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'mirror-'));
  folder = path.join(base, 'cache');
});

afterEach(() => rmSync(base, { recursive: true }));

const BINDING = {
  kind: 'account',
  name: 'alice',
  id: 12_000,
  gid: 9999,
  home: '/home/alice',
  boundAt: NOW,
  closedAt: null,
} as const;

describe('the state folder', () => {
  test('is made private, and so is the file', () => {
    openMirror(folder, NOW).close();
    expect(() => openMirror(folder, NOW).close()).not.toThrow();
  });

  test('is refused when others may reach it', () => {
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    expect(() => openMirror(folder, NOW)).toThrow(/has mode 755/);
  });

  test('is refused when the file is a link', () => {
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(path.join(base, 'elsewhere'), '');
    symlinkSync(path.join(base, 'elsewhere'), path.join(folder, 'mirror.sqlite'));
    expect(() => openMirror(folder, NOW)).toThrow(/not a plain file/);
  });

  test('with a damaged file sets it aside and begins anew', () => {
    openMirror(folder, NOW).close();
    const file = path.join(folder, 'mirror.sqlite');
    writeFileSync(file, Buffer.alloc(8192, 0x5a), { mode: 0o600 });
    const mirror = openMirror(folder, NOW);
    expect(mirror.setAside).toBe(`${file}.damaged-${NOW}`);
    expect(existsSync(mirror.setAside!)).toBe(true);
    expect(mirror.users()).toEqual([]);
    mirror.close();
  });
});

describe('the ledger', () => {
  test('keeps a binding over a restart', () => {
    const mirror = openMirror(folder, NOW);
    mirror.bind([{ ...BINDING, scimId: 'a' }]);
    mirror.close();
    const again = openMirror(folder, NOW);
    expect(again.bindings()).toEqual([{ ...BINDING, scimId: 'a' }]);
    again.close();
  });

  test('never gives a bound name or uid to another SCIM id', () => {
    const mirror = openMirror(folder, NOW);
    mirror.bind([{ ...BINDING, scimId: 'a' }]);
    expect(() => mirror.bind([{ ...BINDING, scimId: 'b', name: 'bob' }])).toThrow(/UNIQUE/);
    expect(() => mirror.bind([{ ...BINDING, scimId: 'b', id: 12_001 }])).toThrow(/UNIQUE/);
    mirror.close();
  });

  test('moves a binding to a new SCIM id with its name and uid, and keeps the old one on record', () => {
    const mirror = openMirror(folder, NOW);
    mirror.bind([
      { ...BINDING, scimId: 'old' },
      { ...BINDING, scimId: 'other', name: 'bob', id: 12_001, home: '/home/bob' },
    ]);
    mirror.rebind([{ binding: { ...BINDING, scimId: 'old' }, to: 'new' }], NOW, 'root');
    expect(mirror.bindings()).toContainEqual({ ...BINDING, scimId: 'new' });
    expect(() =>
      mirror.rebind([{ binding: { ...BINDING, scimId: 'new' }, to: 'other' }], NOW, 'root'),
    ).toThrow(/UNIQUE/);
    expect(() => mirror.rebind([{ binding: { ...BINDING, scimId: 'old' }, to: 'x' }], NOW, 'root')).toThrow(
      /no longer binds/,
    );
    mirror.close();
    const raw = new Database(path.join(folder, 'mirror.sqlite'));
    expect(raw.prepare('SELECT old_id, new_id, name, id, at, "by" FROM rebinding').all()).toEqual([
      { old_id: 'old', new_id: 'new', name: 'alice', id: 12_000, at: NOW, by: 'root' },
    ]);
    expect(() => raw.exec('DELETE FROM rebinding')).toThrow(/never deleted/);
    raw.close();
  });

  test('cannot lose a row, whoever asks', () => {
    const mirror = openMirror(folder, NOW);
    mirror.bind([{ ...BINDING, scimId: 'a' }]);
    mirror.close();
    const raw = new Database(path.join(folder, 'mirror.sqlite'));
    expect(() => raw.exec('DELETE FROM binding')).toThrow(/never deleted/);
    raw.close();
  });
});

test('the folder around the state folder stays open to the key helper', () => {
  const parent = path.join(base, 'lib');
  openMirror(path.join(parent, 'cache'), NOW).close();
  expect(statSync(parent).mode & 0o777).toBe(0o755);
  expect(statSync(path.join(parent, 'cache')).mode & 0o777).toBe(0o700);
});
