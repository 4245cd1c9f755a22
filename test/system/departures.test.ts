// A campaign on a real node: people run what is built to outlive a revocation, and leave in every way, by chance from a seed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeRng } from '../faults/rng.ts';
import { eventually as wait } from '../support/eventually.ts';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { BASE_URL, type Store, startStore, TOKEN } from '../support/nodes/store.ts';
import { installSurvivor, type Mode, SURVIVOR } from '../support/nodes/survivor/survivors.ts';
import { describeOnNodes } from '../support/requirements.ts';

vi.setConfig({ testTimeout: 600_000 });
const SEED = Number(process.env['DEPARTURES_SEED'] ?? 20_261_129);
const ROUNDS = Number(process.env['DEPARTURES_ROUNDS'] ?? 6);

const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
  sudo_groups: [{ name: slurm-admins }]
accounts:
  domains: [example.com]
limits: { max_loss: { share: 1, at_least: 100 }, max_gain: { enabled_again: 1, sudo: 100 } }
sync:
  poll: "* * * * * *"
`;

const NAMES = ['alice', 'bob', 'carol'] as const;
const MODES: readonly Mode[] = ['stay', 'name', 'leader', 'chain', 'thousand'];
const WAYS = ['deactivated', 'blocked', 'out of the access group'] as const;

describeOnNodes(`departures of the seed ${SEED}`, () => {
  const rng = makeRng(SEED);
  let keys: string;
  let node: LoginNode;
  let store: Store;
  let access: string;
  const ids = new Map<string, string>();
  const log: string[] = [];

  const idOf = (name: string): string => ids.get(name) ?? '';
  const run = (command: string): string => {
    const { status, stdout, stderr } = node.exec(command);
    if (status !== 0)
      throw new Error(`${command} ended with ${status}: ${stdout}${stderr}\n${log.join('\n')}`);
    return stdout;
  };
  const login = (name: string, command = 'true') => node.ssh(name, path.join(keys, name), command);
  const eventually = (what: string, isTrue: () => boolean, explain = (): string => ''): Promise<void> =>
    wait(what, isTrue, () => `${log.join('\n')}\n${explain()}\n${node.exec('sunk-agent status').stdout}`);
  const patchMembers = (op: 'Add' | 'Remove', name: string) =>
    store.request('PATCH', `/Groups/${access}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [
        op === 'Add'
          ? { op, path: 'members', value: [{ value: idOf(name) }] }
          : { op, path: `members[value eq "${idOf(name)}"]` },
      ],
    });

  /** What is left of a person: processes under any of their ids, root ones of theirs, the account, keys and sudo. */
  function findAccess(name: string, uid: string): string[] {
    const found: string[] = [];
    const scan = `for f in /proc/[0-9]*/task/[0-9]*/status; do
      awk -v uid=${uid} '/^State:/ { over = $2 ~ /[ZX]/ } /^Uid:/ && !over { for (i = 2; i <= 5; i++) if ($i == uid) hit = 1 } END { if (hit) print FILENAME }' "$f" 2>/dev/null; done`;
    for (let scans = 0; scans < 3; scans += 1)
      found.push(...node.exec(scan).stdout.split('\n').filter(Boolean));
    // In brackets, so that the shell of this command is not found by its own words.
    const named = node.exec(`pgrep -f '[b]eat-${name}-root'`).stdout.trim();
    if (named !== '') found.push(`processes of root: ${named}`);
    const shadow = node.exec(
      `getent shadow ${name} | cut -d: -f8; getent passwd ${name} | cut -d: -f7`,
    ).stdout;
    if (shadow !== '1\n/usr/sbin/nologin\n') found.push(`the account: ${shadow}`);
    if (node.exec(`test -e /var/lib/sunk-agent/authorized_keys/${name}`).status === 0)
      found.push('a key file');
    if (!node.exec(`sudo -l -U ${name}`).stdout.includes('not allowed')) found.push('sudo');
    return found;
  }

  /** One to three programs, and one as root out of a session. */
  async function startPrograms(name: string, uid: string): Promise<void> {
    for (const [n, mode] of rng.some(MODES, 3).entries()) {
      log.push(`${name} runs ${mode}`);
      const command = `${SURVIVOR} ${mode} /tmp/beat-${name}-${n} </dev/null >/dev/null 2>&1`;
      if (rng.chance(0.5)) run(`setpriv --reuid=${uid} --regid=9999 --clear-groups ${command}`);
      else login(name, command);
    }
    if (!rng.chance(0.6)) return;
    log.push(`${name} has a root shell`);
    const mode = rng.pick(['stay', 'chain'] as const);
    node.startSsh(
      name,
      path.join(keys, name),
      `sudo -n ${SURVIVOR} ${mode} /tmp/beat-${name}-root; sleep 1000`,
    );
    await eventually('it runs', () => node.exec(`test -e /tmp/beat-${name}-root`).status === 0);
  }

  async function leave(name: string): Promise<() => Promise<void>> {
    const way = rng.pick(WAYS);
    log.push(`${name} is ${way}`);
    if (way === 'deactivated') {
      await store.setActive(idOf(name), 'False');
      return () => store.setActive(idOf(name), 'True');
    }
    if (way !== 'blocked') {
      await patchMembers('Remove', name);
      return async () => void (await patchMembers('Add', name));
    }
    const address = `${name}@example.com`;
    const word = rng.pick([name, name.toUpperCase(), address, address.toUpperCase(), idOf(name)]);
    log.push(`  as ${word}`);
    run(`sunk-agent block ${word}`);
    return () => Promise.resolve(void run(`sunk-agent unblock ${word}`));
  }

  beforeAll(async () => {
    keys = mkdtempSync(path.join(tmpdir(), 'departures-'));
    for (const name of NAMES)
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path.join(keys, name)]);
    node = await bootNode('bookworm', (root) => {
      installAgent(root, { config: CONFIG, token: TOKEN });
      installSurvivor(root);
    });
    store = await startStore(node);
    for (const name of NAMES) {
      const key = readFileSync(path.join(keys, `${name}.pub`), 'utf8').trim();
      ids.set(name, await store.createUser(`${name}@example.com`, key));
    }
    await store.createGroup('slurm-admins', [...ids.values()]);
    access = await store.createGroup('slurm-users', [...ids.values()]);
  });
  afterAll(async () => {
    await store?.stop();
    await node?.stop();
    rmSync(keys, { recursive: true, force: true });
  });

  test('leave no process, no account, no key and no sudo behind, and others keep theirs', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      log.length = 0;
      await eventually('all have sudo', () =>
        NAMES.every((name) => login(name, 'sudo -n true').status === 0),
      );
      const name = rng.pick(NAMES);
      const other = rng.pick(NAMES.filter((one) => one !== name));
      const uid = run(`id -u ${name}`).trim();
      await startPrograms(name, uid);
      const witness = node.startSsh(other, path.join(keys, other), 'sleep 1000');
      const comeBack = await leave(name);
      await eventually(
        `${name} is disabled`,
        () => node.exec(`getent passwd ${name} | grep -q nologin`).status === 0,
      );
      await eventually(
        'nothing is left',
        () => findAccess(name, uid).length === 0,
        () => findAccess(name, uid).join('\n'),
      );
      expect({ round, log, left: findAccess(name, uid) }).toMatchObject({ left: [] });
      expect(witness.exitCode ?? witness.signalCode ?? 'open').toBe('open');
      expect(login(other).status).toBe(0);
      witness.kill('SIGKILL');
      node.exec('rm -f /tmp/beat-*');
      await comeBack();
    }
  });
});
