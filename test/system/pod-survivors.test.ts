// Revocation in a login pod, where no logind tells sessions apart: what is built to outlive it ends, and root is remembered.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually as wait } from '../support/eventually.ts';
import type { LoginNode } from '../support/nodes/node.ts';
import { buildForHere } from '../support/nodes/packages.ts';
import { buildImage, layMounts, startPod } from '../support/nodes/pod.ts';
import { BASE_URL, type Store, startStore, TOKEN } from '../support/nodes/store.ts';
import {
  findAlive,
  installSurvivor,
  type Mode,
  survivorCommand,
} from '../support/nodes/survivor/survivors.ts';
import { describeOnNodes } from '../support/requirements.ts';

const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
  sudo_groups: [{ name: slurm-admins }]
accounts:
  domains: [example.com]
limits: { max_loss: { at_least: 10 } }
sync:
  poll: "* * * * * *"
`;
/** A root shell that stays below its session; one that detached cannot be told from other processes of root. */
const rootShell = (label: string): string =>
  `sudo -n sh -c 'while :; do touch /tmp/beat-${label}; sleep 0.05; done'`;
const MODES: readonly Mode[] = ['name', 'leader', 'chain', 'thousand'];

describeOnNodes('a revocation in a pod', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'pod-survivors-'));
  const mounts = path.join(directory, 'mounts');
  const ids = new Map<string, string>();
  let image: string;
  let pod: LoginNode;
  let store: Store;
  let admins: string;

  const login = (name: string, command = 'true') => pod.ssh(name, path.join(directory, name), command);
  const open = (name: string, command: string) =>
    pod.startSsh(name, path.join(directory, name), `${command}; sleep 1000`);
  const status = (): string => pod.exec('sunk-agent status').stdout;
  const eventually = (what: string, isTrue: () => boolean): Promise<void> => wait(what, isTrue, status);

  beforeAll(async () => {
    layMounts(mounts, CONFIG, TOKEN);
    image = buildImage(await buildForHere());
    mkdirSync(path.join(image, 'upper/usr/local/bin'), { recursive: true });
    installSurvivor(path.join(image, 'upper'));
    pod = await startPod({ image, mounts });
    store = await startStore(pod);
    for (const name of ['alice', 'bob', 'carol']) {
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(directory, name)]);
      const key = readFileSync(path.join(directory, `${name}.pub`), 'utf8').trim();
      ids.set(name, await store.createUser(`${name}@example.com`, key));
    }
    admins = await store.createGroup('slurm-admins', [ids.get('alice') ?? '', ids.get('bob') ?? '']);
    await store.createGroup('slurm-users', [...ids.values()]);
    await eventually('two have sudo', () =>
      ['alice', 'bob'].every((name) => login(name, 'sudo -n true').status === 0),
    );
  });
  afterAll(async () => {
    await store?.stop();
    await pod?.stop();
    for (const left of [directory, image]) rmSync(left, { recursive: true, force: true });
  });

  test('ends each program, whatever name, threads or children it has, and names who had root', async () => {
    for (const mode of MODES) login('alice', `${survivorCommand(mode, mode)} </dev/null >/dev/null 2>&1`);
    open('alice', rootShell('root-shell'));
    open('carol', survivorCommand('stay', 'others'));
    const hers = [...MODES, 'root-shell'];
    await eventually('all run', () =>
      [...hers, 'others'].every((label) => pod.exec(`test -e /tmp/beat-${label}`).status === 0),
    );
    expect(await findAlive(pod, [...hers, 'others'])).toEqual([...hers, 'others']);
    await store.setActive(ids.get('alice') ?? '', 'False');
    await eventually('it is told', () =>
      pod.exec('sunk-agent history --user alice').stdout.includes('sessions-end'),
    );
    expect(await findAlive(pod, [...hers, 'others'])).toEqual(['others']);
    expect(pod.exec('sunk-agent history --user alice').stdout).not.toContain('outlived');
    await eventually('status names her', () =>
      /alice had root here until \d{4}-\d\d-\d\d \d\d:\d\d \(UTC\): recreate this pod/.test(status()),
    );
  });

  test('of sudo alone ends a root shell below the session, and says that it may not be all', async () => {
    open('bob', rootShell('root-of-bob'));
    await eventually('it runs', () => pod.exec('test -e /tmp/beat-root-of-bob').status === 0);
    await store.request('PATCH', `/Groups/${admins}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'Remove', path: `members[value eq "${ids.get('bob') ?? ''}"]` }],
    });
    await eventually('status names him', () => status().includes('bob had root here until'));
    expect(login('bob', 'sudo -n true').status).not.toBe(0);
    expect(login('bob').status).toBe(0);
    expect(await findAlive(pod, ['others', 'root-of-bob'])).toEqual(['others']);
  });
});
