// The ledger is lost and the accounts remain: real syncs adopt what agrees, and disable users who left meanwhile.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  describeStore,
  makePublicKey,
  makeRoot,
  type Someone,
} from '../../support/nodes/organisation-on-disk.ts';

const PROGRAM = path.join(import.meta.dirname, '../../support/nodes/sync-program.ts');
let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'ledger-'));
  makeRoot(root);
});
afterEach(() => rmSync(root, { recursive: true }));

/** @param people null: the store does not answer. */
function sync(people: readonly Someone[] | null): { changes: { failed: number }; held: unknown[] } {
  writeFileSync(
    path.join(root, 'states.json'),
    JSON.stringify([people === null ? null : describeStore(people)]),
  );
  const report = path.join(root, 'report.json');
  const stdio = ['ignore', 'ignore', 'ignore'] as const;
  execFileSync(process.execPath, [PROGRAM, root, path.join(root, 'states.json'), report], {
    stdio: [...stdio],
  });
  return (JSON.parse(readFileSync(report, 'utf8')) as ReturnType<typeof sync>[])[0]!;
}

const line = (file: string, name: string): string | undefined =>
  readFileSync(path.join(root, 'etc', file), 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));

test('accounts and groups are managed again, sudo stays, and a user who left meanwhile is disabled', () => {
  const alice = { name: 'alice', uid: 10_000, key: makePublicKey(), sudo: true };
  const bob = { name: 'bob', uid: 10_001, key: makePublicKey() };
  const carol = { name: 'carol', uid: 10_002, key: makePublicKey() };
  sync([alice, bob, carol]);
  const sudoers = readFileSync(path.join(root, 'etc/sudoers.d/sunk-agent'), 'utf8');
  const before = line('passwd', 'alice');
  rmSync(path.join(root, 'var/lib/sunk-agent/cache'), { recursive: true });

  // bob was deactivated, and carol has another uid at the store now.
  const { changes, held } = sync([alice, { ...bob, active: false }, { ...carol, uid: 10_999 }]);
  expect({ failed: changes.failed, held }).toEqual({ failed: 0, held: [] });
  expect(line('passwd', 'alice')).toBe(before);
  expect(line('group', 'slurm-admins')).toBe('slurm-admins:x:20002:alice');
  expect(readFileSync(path.join(root, 'etc/sudoers.d/sunk-agent'), 'utf8')).toBe(sudoers);
  expect(line('shadow', 'bob')?.split(':')[7]).toBe('1');
  expect(line('passwd', 'bob')).toContain(':10001:');
  // No user gets another uid.
  expect(line('passwd', 'carol')).toContain(':10002:');
  // And they stay managed.
  sync([{ ...alice, active: false }, bob, carol]);
  expect(line('shadow', 'alice')?.split(':')[7]).toBe('1');
  expect(line('shadow', 'bob')?.split(':')[7]).toBe('');
  expect(line('group', 'slurm-admins')).toBe('slurm-admins:x:20002:');
});

test('no user loses a key while the store does not answer, nor by an empty store', () => {
  const people = ['alice', 'bob', 'carol'].map((name, index) => ({
    name,
    uid: 10_000 + index,
    key: makePublicKey(),
  }));
  const keys = (): boolean[] =>
    people.map(({ name }) => existsSync(path.join(root, 'var/lib/sunk-agent/authorized_keys', name)));
  sync(people);
  rmSync(path.join(root, 'var/lib/sunk-agent/cache'), { recursive: true });
  sync(null);
  expect(keys()).toEqual([true, true, true]);
  sync([]);
  sync([]);
  expect(keys()).toEqual([true, true, true]);
});
