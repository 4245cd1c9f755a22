// A real node with its store gone from the start: what the state database alone grants, and what it no longer grants when it is old.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installAgent } from '../support/nodes/install.ts';
import { eventually } from '../support/eventually.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { BASE_URL, type Store, startStore, TOKEN } from '../support/nodes/store.ts';

const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
  sudo_groups: [{ name: slurm-admins }]
accounts:
  domains: [example.com]
sync:
  poll: "*/2 * * * * *"
`;

const HOUR = 3600;
const DAY = 24 * HOUR;
const UNITS = 'sunk-agent sunk-agent-reader';
const ACCOUNT_FILES = 'passwd group shadow gshadow';
const KEYS = '/var/lib/sunk-agent/authorized_keys';

describeOnNodes('a node whose store cannot be reached from the start', () => {
  let keys: string;
  let node: LoginNode;
  let store: Store;

  const mustRun = (command: string): string => {
    const { status, stdout, stderr } = node.exec(command);
    expect(status, `${command}: ${stderr}`).toBe(0);
    return stdout;
  };
  const login = (command: string) => node.ssh('alice', path.join(keys, 'alice'), command);
  const stop = (): string => mustRun(`systemctl stop ${UNITS}`);
  /** Returns when the daemon has said READY. */
  const start = (): string => mustRun(`systemctl start sunk-agent && systemctl start sunk-agent-reader`);

  function change(sql: string): void {
    const database = new Database(path.join(node.root, 'var/lib/sunk-agent/cache/mirror.sqlite'));
    database.exec(sql);
    database.close();
  }

  /** As if the last contact with the store were so much older. */
  function age(seconds: number): void {
    change(`UPDATE record SET confirmed_at = confirmed_at - ${seconds};
      UPDATE pass SET started_at = started_at - ${seconds},
        report = json_set(report, '$.startedAt', json_extract(report, '$.startedAt') - ${seconds})
      WHERE report <> '{}'`);
  }

  beforeAll(async () => {
    keys = mkdtempSync(path.join(tmpdir(), 'offline-start-'));
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(keys, 'alice')]);
    node = await bootNode('bookworm', (root) => installAgent(root, { config: CONFIG, token: TOKEN }));
    mustRun(`mkdir /root/image && cd /etc && cp -a ${ACCOUNT_FILES} /root/image`);
    store = await startStore(node);
    const key = readFileSync(path.join(keys, 'alice.pub'), 'utf8').trim();
    const alice = await store.createUser('alice@example.com', key);
    await store.createGroup('slurm-users', [alice]);
    await store.createGroup('slurm-admins', [alice]);
    await eventually('alice has sudo', () => login('sudo -n true').status === 0);
    store.suspend();
    stop();
  });

  afterAll(async () => {
    await store?.stop();
    await node?.stop();
    rmSync(keys, { recursive: true, force: true });
  });

  test('is READY from the state database, and grants the logins that it granted before', () => {
    mustRun(`rm -r ${KEYS}`);
    start();
    expect(mustRun('systemctl is-active sunk-agent').trim()).toBe('active');
    expect(login('sudo -n id -u').stdout).toBe('0\n');
  });

  test('gets everything back that was wiped from /etc, with the same uid and groups', () => {
    const ids = login('id').stdout;
    expect(ids).toContain('(slurm-admins)');
    stop();
    mustRun(`cd /root/image && cp -a ${ACCOUNT_FILES} /etc && rm -r ${KEYS} /etc/sudoers.d/sunk-agent`);
    expect(login('true').status).toBe(255);
    start();
    expect(login('id').stdout).toBe(ids);
    expect(login('sudo -n true').status).toBe(0);
  });

  test('survives a state database that is damaged under the daemon: logins go on, and nothing has to be fixed by hand', async () => {
    const state = '/var/lib/sunk-agent/cache';
    // Without a reader a sync ends at once.
    mustRun(`cp -a ${state} /root/state && systemctl stop sunk-agent-reader`);
    change('DROP TABLE history');
    await eventually('it is set aside', () => node.exec(`ls ${state}/*.damaged-*`).status === 0);
    expect(login('true').status).toBe(0);
    mustRun(`dd if=/dev/zero of=${state}/mirror.sqlite bs=4096 count=3 conv=notrunc status=none`);
    mustRun('systemctl restart sunk-agent');
    expect(login('true').status).toBe(0);
    expect(mustRun('systemctl show -p NRestarts --value sunk-agent').trim()).toBe('0');
    stop();
    mustRun(`rm -r ${state} && mv /root/state ${state}`);
    start();
    expect(login('sudo -n true').status).toBe(0);
  });

  test('gives no sudo from a state database that is older than a day, and logins all the same', () => {
    stop();
    age(25 * HOUR);
    start();
    expect(login('true').status).toBe(0);
    expect(login('sudo -n true').status).toBe(1);
  });

  test('grants no login from a state database that is older than keys.max_age, not even after /etc and keys were wiped', () => {
    stop();
    age(7 * DAY);
    start();
    expect(mustRun('systemctl is-active sunk-agent').trim()).toBe('active');
    expect(mustRun(`cat ${KEYS}/alice`)).toContain('expiry-time=');
    expect(login('true').status).toBe(255);
    stop();
    mustRun(`cd /root/image && cp -a ${ACCOUNT_FILES} /etc && rm -r ${KEYS}`);
    start();
    expect(login('true').status).toBe(255);
  });

  test('opens again as soon as the store is back', async () => {
    store.resume();
    await eventually('alice has sudo', () => login('sudo -n true').status === 0);
  });
});
