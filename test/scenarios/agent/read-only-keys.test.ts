// A key that is revoked while its file cannot be written: sshd refuses that key, and accepts the others of the person.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openOwnNode, type OwnNode } from '../../support/nodes/own-node.ts';
import { hasPrivateNode } from '../../support/nodes/private-node.ts';
import { SSH_OPTIONS } from '../../support/nodes/ssh-options.ts';
import { connectStore, type StoreClient } from '../../support/nodes/store-client.ts';

const canRun = hasPrivateNode(import.meta.filename);

const KEYS = '/var/lib/sunk-agent/authorized_keys';
const DENY_LIST = '/run/sunk-agent/shut';
const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const FILES = ['laptop', 'desktop', 'tablet', 'other'] as const;
type KeyName = (typeof FILES)[number];

describe.runIf(canRun)('a key that is revoked on a read-only disk', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'read-only-keys-'));
  const publicKey = (name: KeyName): string =>
    readFileSync(path.join(directory, `${name}.pub`), 'utf8').trim();
  let node: OwnNode;
  let store: StoreClient;
  let alice: string;

  const login = async (name: string, key: KeyName): Promise<number | null> => {
    const options = [...SSH_OPTIONS, '-p', String(node.port), '-i', path.join(directory, key)].join(' ');
    return (await node.exec(`ssh ${options} ${name}@127.0.0.1 true`)).status;
  };
  /** Which of her keys sshd accepts. */
  const findAccepted = async (): Promise<KeyName[]> => {
    const accepted: KeyName[] = [];
    for (const key of FILES) if ((await login('alice', key)) === 0) accepted.push(key);
    return accepted;
  };
  const list = (...keys: KeyName[]): Promise<unknown> =>
    store.request('PATCH', `/Users/${alice}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [
        { op: 'replace', path: `${EXTENSION}:sunkSshKeys`, value: keys.map(publicKey).join('\n') },
      ],
    });
  const sync = () => node.exec('sunk-agent sync --full');
  const run = async (command: string): Promise<string> => {
    const { status, stdout, stderr } = await node.exec(command);
    if (status !== 0) throw new Error(`${command}: ${stdout}${stderr}`);
    return stdout;
  };

  beforeAll(async () => {
    for (const file of FILES)
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(directory, file)]);
    node = await openOwnNode();
    // No service tries a login here.
    await run(`echo 'canary: { every: never }' >>/etc/sunk-agent/config.yaml`);
    store = connectStore(node.testbed);
    alice = await store.pushUser('alice@example.com', '');
    await list('laptop', 'desktop', 'tablet');
    const bob = await store.pushUser('bob@example.com', publicKey('other'));
    await store.pushGroup('slurm-users', [alice, bob]);
    expect(await sync()).toMatchObject({ status: 0 });
    expect(await findAccepted()).toEqual(['laptop', 'desktop', 'tablet']);
    await run(`mount --bind ${KEYS} ${KEYS} && mount -o remount,bind,ro ${KEYS}`);
  });
  afterAll(async () => {
    await node?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('is refused by sshd, and the others of that person and of others are accepted', async () => {
    await list('desktop', 'tablet');
    const { status, stdout, stderr } = await sync();
    expect(status).not.toBe(0);
    expect(stdout + stderr).toMatch(/keys-write alice.*read-only/i);
    expect(await findAccepted()).toEqual(['desktop', 'tablet']);
    expect(await login('bob', 'other')).toBe(0);
    expect((await node.exec('sunk-agent status')).status).not.toBe(0);
  });

  test('stays refused when a second one goes, and in each sync after that', async () => {
    await list('tablet');
    await sync();
    expect(await findAccepted()).toEqual(['tablet']);
    await sync();
    expect(await findAccepted()).toEqual(['tablet']);
  });

  test('is accepted again once the store lists it again', async () => {
    await list('laptop', 'tablet');
    await sync();
    expect(await findAccepted()).toEqual(['laptop', 'tablet']);
  });

  test('is refused also where an operator blocks it, beside those that were refused before', async () => {
    const fingerprint = /SHA256:\S+/.exec(
      execFileSync('ssh-keygen', ['-lf', path.join(directory, 'laptop.pub')], { encoding: 'utf8' }),
    )?.[0];
    await node.exec(`sunk-agent block ${fingerprint}`);
    expect(await findAccepted()).toEqual(['tablet']);
    await run(`sunk-agent unblock ${fingerprint}`).catch(() => '');
    await sync();
    expect(await findAccepted()).toEqual(['laptop', 'tablet']);
  });

  test('and the last one: none is accepted', async () => {
    await list();
    await sync();
    expect(await findAccepted()).toEqual([]);
    expect(await login('bob', 'other')).toBe(0);
  });

  test('leaves the file, and then the deny list, once the disk can be written', async () => {
    await list('tablet');
    await sync();
    await run(`umount --lazy ${KEYS}`);
    expect(await sync()).toMatchObject({ status: 0 });
    expect(await run(`ls ${DENY_LIST}; wc -l <${KEYS}/alice`)).toBe('1\n');
    expect(await findAccepted()).toEqual(['tablet']);
    expect((await node.exec('sunk-agent status')).status).toBe(0);
  });
});
