// Whether the user that reads key files can: the canary's own key lies elsewhere.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findUnreadable, permits } from '../../../../src/host/trial/served-keys.ts';
import { makeConfig } from '../../../support/records/organisation.ts';

let root: string;
let keys: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'served-'));
  keys = path.join(root, 'keys');
  mkdirSync(path.join(root, 'etc'));
  mkdirSync(keys);
  // Another user than the one of this test, in another group.
  writeFileSync(path.join(root, 'etc/passwd'), 'sunk-keys:x:12345:12346::/:/usr/sbin/nologin\n');
  for (const name of ['alice', 'bob']) writeFileSync(path.join(keys, name), 'key\n');
});
afterEach(() => {
  chmodSync(keys, 0o755);
  rmSync(root, { recursive: true });
});

const find = (names: readonly string[] = ['alice', 'bob'], serve = 'command') =>
  findUnreadable(
    { root, keys },
    makeConfig(`access: { groups: [{ name: a }] }\nkeys: { serve: ${serve} }\n`),
    names,
  );

describe.each(['command', 'file'])('with keys.serve: %s', (serve) => {
  test('keys that can be read are no fault', async () => {
    expect(await find(['alice', 'bob'], serve)).toBe(null);
    expect(await find([], serve)).toBe(null);
    expect(await find(['no-one'], serve)).toBe(null);
  });

  test('a directory that cannot be searched is one, with its mode', async () => {
    chmodSync(keys, 0o700);
    expect(await find(['alice'], serve)).toMatch(/^(?:sunk-keys|sshd) cannot search \S+keys \(mode 0700\)$/);
  });

  test('so is one above it', async () => {
    const below = path.join(keys, 'below');
    mkdirSync(below);
    writeFileSync(path.join(below, 'alice'), 'key\n');
    chmodSync(keys, 0o700);
    const config = makeConfig(`access: { groups: [{ name: a }] }\nkeys: { serve: ${serve} }\n`);
    expect(await findUnreadable({ root, keys: below }, config, ['alice'])).toMatch(/keys \(mode 0700\)$/);
  });

  test('files that cannot be read are one where none of the sample can', async () => {
    chmodSync(path.join(keys, 'alice'), 0o600);
    expect(await find(['alice', 'bob'], serve)).toBe(null);
    chmodSync(path.join(keys, 'bob'), 0o600);
    expect(await find(['alice', 'bob'], serve)).toMatch(/cannot read \S+alice \(mode 0600\)$/);
  });
});

test('without the helper’s user, and without a key directory, the trial itself shows what is wrong', async () => {
  chmodSync(keys, 0o700);
  writeFileSync(path.join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  expect(await find()).toBe(null);
  rmSync(keys, { recursive: true });
  expect(await find()).toBe(null);
  mkdirSync(keys);
});

test('the first of owner, group and others that applies decides, as inode(7) has it', () => {
  const { uid, gid } = statSync(keys);
  const at = (mode: number, reader: { uid: number; gid: number }): boolean =>
    permits({ uid, gid, mode }, { name: 'x', ...reader }, 0o4);
  const [owner, member, other] = [
    { uid, gid: gid + 1 },
    { uid: uid + 1, gid },
    { uid: uid + 1, gid: gid + 1 },
  ];
  expect([0o400, 0o040, 0o004].map((mode) => at(mode, owner))).toEqual([true, false, false]);
  expect([0o400, 0o040, 0o004].map((mode) => at(mode, member))).toEqual([false, true, false]);
  expect([0o400, 0o040, 0o004].map((mode) => at(mode, other))).toEqual([false, false, true]);
});
