// A state database that is damaged between two syncs: logins go on, revocations act, and nothing is lost.
import {
  closeSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeCompany, makeInProcessRoot, type InProcessRoot } from '../../support/nodes/in-process-root.ts';

vi.stubEnv('LOG_LEVEL', 'silent');

const FILES = ['etc/passwd', 'etc/group', 'etc/shadow', 'etc/gshadow'];
const SIZE = 40;

let node: InProcessRoot;
beforeEach(() => {
  node = makeInProcessRoot();
});
afterEach(() => node.remove());

const file = (suffix = ''): string => path.join(node.state, `mirror.sqlite${suffix}`);

function execute(sql: string): void {
  const database = new Database(file());
  database.exec(sql);
  database.close();
}

function overwrite(at: number, bytes: Buffer): void {
  const fd = openSync(file(), 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

const DAMAGES: readonly (readonly [string, () => void])[] = [
  ['cut in half', () => truncateSync(file(), statSync(file()).size / 2)],
  ['zeroed in a page', () => overwrite(2 * 4096, Buffer.alloc(4096))],
  ['given another header', () => overwrite(0, Buffer.from('this was a database'))],
  ['emptied', () => truncateSync(file(), 0)],
  ['removed', () => rmSync(file())],
  ['bereft of its ledger', () => execute('DROP TRIGGER binding_is_kept; DROP TABLE binding')],
  ['emptied of its ledger', () => execute('DROP TRIGGER binding_is_kept; DELETE FROM binding')],
  ['emptied of its records', () => execute('DELETE FROM record; DELETE FROM pass')],
  ['emptied of its syncs', () => execute('DELETE FROM pass')],
  ['given a log of noise', () => writeFileSync(file('-wal'), Buffer.alloc(50_000, 0x11), { mode: 0o600 })],
];

const accountFiles = (): string[] => FILES.map((name) => node.read(name));

describe.each(DAMAGES)('a state database that was %s', (_, damage) => {
  test('locks no one out while the store is away, in whatever number of syncs', async () => {
    await node.sync(makeCompany(SIZE));
    await node.sync(makeCompany(SIZE));
    const before = { files: accountFiles(), keys: node.keyFiles() };
    expect(Object.keys(before.keys)).toHaveLength(SIZE);
    damage();
    for (const company of ['state', 'away', 'away', 'state'] as const) {
      const report = await node.sync(company);
      expect(report.problems).toEqual([]);
    }
    expect({ files: accountFiles(), keys: node.keyFiles() }).toEqual(before);
  });

  test('comes back from store and host with every uid and group, and disables who was deactivated meanwhile', async () => {
    const company = makeCompany(SIZE);
    await node.sync(company);
    await node.sync(company);
    const before = { passwd: node.read('etc/passwd'), group: node.read('etc/group') };
    damage();
    await node.sync('state');
    for (const person of company.people.slice(5, 7)) person.active = false;
    for (let n = 0; n < 2; n += 1) expect((await node.sync(company)).held).toEqual([]);
    for (const line of before.passwd.trim().split('\n')) {
      const [name = '', , uid] = line.split(':');
      expect(node.line('etc/passwd', name)?.split(':')[2]).toBe(uid);
    }
    for (const name of ['person5', 'person6']) {
      expect(node.line('etc/passwd', name)).toMatch(/nologin$/);
      expect(node.line('etc/shadow', name)?.split(':')[7]).toBe('1');
    }
    const out = ['person5', 'person6'];
    expect(Object.keys(node.keyFiles()).sort()).toEqual(
      company.users.filter((name) => !out.includes(name)).sort(),
    );
    const members = (text: string | undefined): string[] => text?.split(':')[3]?.split(',') ?? [];
    expect(members(node.line('etc/group', 'slurm-users'))).toHaveLength(SIZE - 2);
    expect(node.read('etc/sudoers.d/sunk-agent')).toMatch(/^#\d+ ALL=/m);
    expect((await node.sync('state')).changes.planned).toBe(0);
  });

  test('lets a store that lost most of its people remove no one', async () => {
    const company = makeCompany(SIZE);
    await node.sync(company);
    await node.sync(company);
    damage();
    const lost = { ...company, people: company.people.slice(0, 4), users: company.users.slice(0, 4) };
    for (let n = 0; n < 4; n += 1) await node.sync(lost);
    expect(Object.keys(node.keyFiles()).length).toBeGreaterThanOrEqual(SIZE - 5);
    expect(node.read('etc/shadow').match(/:1:$/gm)?.length ?? 0).toBeLessThanOrEqual(5);
  });
});

test('a state database that is damaged again and again never keeps a sync from its end, nor fills the disk', async () => {
  const company = makeCompany(4);
  for (let n = 0; n < 8; n += 1) {
    await node.sync(company, Date.now() + n * 1000);
    writeFileSync(file(), Buffer.alloc(20_000, n + 1));
  }
  expect((await node.sync(company)).problems).toEqual([]);
  expect(Object.keys(node.keyFiles())).toHaveLength(4);
  expect(readdirSync(node.state).filter((name) => name.includes('damaged')).length).toBeLessThanOrEqual(3);
});
