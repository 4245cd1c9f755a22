// Slurm for real: a pushed person logs in and runs a job, changes groups, leaves; what others made in Slurm stays.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSlurmStatus, type SlurmStatus } from '../../src/agent/slurm/slurm-status.ts';
import { eventually } from '../support/eventually.ts';
import type { Release } from '../support/nodes/base.ts';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { BASE_URL, type Store, startStore, TOKEN } from '../support/nodes/store.ts';
import { describeOnNodes } from '../support/requirements.ts';
import {
  addSlurmOperator,
  CLUSTER,
  installSlurm,
  SLURM_PACKAGES,
  startSlurm,
} from '../support/slurm/slurm-cluster.ts';

const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
accounts:
  domains: [example.com]
sync: { poll: '*/5 * * * * *' }
slurm:
  mode: enforce
  every: 2s
  rules:
    - { group: ml-research, account: ml, default: true, fairshare: 5, limits: { MaxJobs: '10', GrpTRES: cpu=2 } }
    - { group: 'team-*', parent: ml }
    - { group: taken }
    - { group: borrowed }
    - { group: 'night-*', drain: 20s }
`;

/** 24.11, and at night 22.05 as well. */
const RELEASES: readonly Release[] =
  process.env['NIGHTLY'] === undefined ? ['trixie'] : ['trixie', 'bookworm'];

for (const release of RELEASES) describeOnNodes(`Slurm on ${release}`, () => testSlurm(release));

function testSlurm(release: Release): void {
  const directory = mkdtempSync(path.join(tmpdir(), 'slurm-'));
  const keyFile = (name: string): string => path.join(directory, name);
  let node: LoginNode;
  let store: Store;
  const ids = new Map<string, string>();
  const groups = new Map<string, string>();

  const must = (command: string): string => {
    const { status, stdout, stderr } = node.exec(command);
    if (status !== 0) throw new Error(`${command}: status ${status}: ${stdout}${stderr}`);
    return stdout;
  };
  const associations = (user: string): string[] =>
    must(`sacctmgr -nP list assoc user=${user} format=account,user`).trim().split('\n').sort();
  const isIn = (user: string, account: string): boolean =>
    node
      .exec(`sacctmgr -nP list assoc user=${user} format=account,user`)
      .stdout.split('\n')
      .includes(`${account}|${user}`);
  const submit = (user: string, account: string | null, seconds = 0) =>
    node.ssh(
      user,
      keyFile(user),
      `sbatch --parsable ${account === null ? '' : `-A ${account}`} --wrap 'sleep ${seconds}'`,
    );
  const readStatus = (): SlurmStatus => {
    // /run is a file system of the node's own.
    const file = keyFile('slurm.json');
    writeFileSync(file, must('cat /run/sunk-agent/slurm.json'));
    const status = readSlurmStatus({ slurmStatus: file });
    if (status === null) throw new Error(`no status: ${readFileSync(file, 'utf8')}`);
    return status;
  };
  const explain = (): string =>
    node.exec(`cat /run/sunk-agent/slurm.json; sacctmgr -nP list assoc format=account,user,maxsubmitjobs
      sacctmgr -nP list cluster format=cluster,controlhost,controlport; scontrol -o show assoc_mgr flags=users
      journalctl -q --no-pager -n 40 -u sunk-agent-slurm -u sunk-agent`).stdout;

  beforeAll(async () => {
    node = await bootNode(
      release,
      (root) => {
        installSlurm(root);
        installAgent(root, { config: CONFIG, token: TOKEN });
      },
      SLURM_PACKAGES,
    );
    await startSlurm(node);
    addSlurmOperator(node);
    must(`sacctmgr -iQ add account taken cluster=${CLUSTER}; useradd -u 9001 -M local || true
      sacctmgr -iQ add user name=local account=taken cluster=${CLUSTER}; systemctl start sunk-agent-slurm`);
    store = await startStore(node);
    for (const name of ['alice', 'bob']) {
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', keyFile(name)]);
      const key = readFileSync(`${keyFile(name)}.pub`, 'utf8').trim();
      ids.set(name, await store.createUser(`${name}@example.com`, key));
    }
    const [alice = '', bob = ''] = [ids.get('alice'), ids.get('bob')];
    for (const [name, members] of [
      ['ml-research', [alice]],
      ['team-vision', [alice, bob]],
      ['taken', [alice]],
      ['slurm-users', [alice, bob]],
    ] as const)
      groups.set(name, await store.createGroup(name, members));
  }, 600_000);
  afterAll(async () => {
    await store?.stop();
    await node?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  test('a new person gets the account on the node, then in Slurm, and runs a job', async () => {
    await eventually('alice runs a job', () => submit('alice', null).status === 0, explain);
    const both = (): boolean => associations('alice').join() === 'ml|alice,team-vision|alice';
    await eventually('alice has both accounts', both, explain);
    expect(must('sacctmgr -nP list user alice format=defaultaccount').trim()).toBe('ml');
    expect(must('sacctmgr -nP list account ml format=organization').trim()).toBe('sunk-agent');
    const row = must('sacctmgr -nP list assoc account=ml user= format=parentname,share,grptres,maxjobs');
    expect(row.split('\n')[0]).toBe('root|5|cpu=2|10');
    expect(must('sacctmgr -nP list assoc account=team-vision user= format=parentname').split('\n')[0]).toBe(
      'ml',
    );
    expect(submit('bob', 'ml').status).not.toBe(0);
    expect(submit('bob', 'team-vision').status).toBe(0);
  });

  test('what others made is refused and stays', () => {
    expect(associations('local')).toEqual(['taken|local']);
    expect(associations('alice')).not.toContain('taken|alice');
    expect(readStatus().refusals).toMatchObject([
      { code: 'slurm-group-missing', name: 'borrowed' },
      { code: 'slurm-account-foreign', name: 'taken' },
    ]);
  });

  test('what others made is taken over by a command, and not before', async () => {
    must(`sacctmgr -iQ add account borrowed cluster=${CLUSTER} GrpJobs=7`);
    await store.createGroup('borrowed', [ids.get('alice') ?? '']);
    const isForeign = (): boolean =>
      readStatus().refusals.some(({ name, code }) => name === 'borrowed' && code === 'slurm-account-foreign');
    await eventually('it is refused', isForeign, explain);
    const plan = node.exec('sunk-agent import --slurm borrowed');
    expect([plan.status, plan.stdout.split('\n')[0]]).toEqual([2, 'would be taken over: account borrowed']);
    expect(must('sunk-agent import --slurm borrowed --apply')).toBe('taken over: account borrowed\n');
    await eventually('alice is in it', () => associations('alice').includes('borrowed|alice'), explain);
    expect(must('sacctmgr -nP list assoc account=borrowed user= format=grpjobs').split('\n')[0]).toBe('7');
    expect(node.exec('sunk-agent import --slurm nosuch').status).toBe(1);
  });

  test('a round without news writes nothing', async () => {
    const count = (): string => must('sacctmgr -nP list transactions format=id | wc -l');
    const at = (): number => readStatus().at ?? 0;
    const [before, began] = [count(), at()];
    await eventually('two more rounds', () => at() > began + 4, explain);
    expect(count()).toBe(before);
    expect(readStatus()).toMatchObject({
      changes: { planned: 0, done: 0 },
      problems: [],
    });
  });

  test('who leaves a group has another default account, and no job of the old one', async () => {
    const long = submit('alice', 'ml', 600);
    expect(long.status).toBe(0);
    await store.request('PATCH', `/Groups/${groups.get('ml-research')}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'remove', path: `members[value eq "${ids.get('alice')}"]` }],
    });
    await eventually(
      'alice has only the other account',
      () => associations('alice').join() === 'borrowed|alice,team-vision|alice',
      explain,
    );
    expect(must('sacctmgr -nP list user alice format=defaultaccount').trim()).toBe('team-vision');
    expect(must(`squeue -h -u alice -A ml -t PD,R -o %i`)).toBe('');
    expect(submit('alice', null).status).toBe(0);
  });

  test('who leaves has no job, no submission and no association', async () => {
    const uid = must('id -u alice').trim();
    expect(submit('alice', 'team-vision', 600).status).toBe(0);
    await store.setActive(ids.get('alice') ?? '', 'False');
    await eventually('alice has no association', () => associations('alice').join() === '', explain);
    expect(must('squeue -h -u alice -o %i').trim()).toBe('');
    const refused = node.exec(`setpriv --reuid ${uid} --clear-groups sbatch -A team-vision --wrap true`);
    expect(refused.status).not.toBe(0);
    expect(associations('local')).toEqual(['taken|local']);
    expect(submit('bob', 'team-vision').status).toBe(0);
  });

  test('running jobs go on for the time of the rule, pending ones and new ones do not', async () => {
    const bob = ids.get('bob') ?? '';
    const group = await store.createGroup('night-shift', [bob]);
    await eventually('bob runs a job', () => submit('bob', 'night-shift', 600).status === 0, explain);
    const jobs = (): string => must('squeue -h -u bob -A night-shift -o %t').trim().replaceAll('\n', ',');
    await eventually('it runs', () => jobs() === 'R', explain);
    const later = node.ssh('bob', keyFile('bob'), "sbatch -A night-shift --begin=now+1hour --wrap 'true'");
    expect(later.status).toBe(0);
    await store.request('PATCH', `/Groups/${group}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'remove', path: `members[value eq "${bob}"]` }],
    });
    await eventually('it drains', () => readStatus().draining.length === 1, explain);
    const [drain] = readStatus().draining;
    expect(drain).toMatchObject({ name: 'bob', account: 'night-shift' });
    expect(jobs()).toBe('R');
    expect(submit('bob', 'night-shift').stderr).toMatch(/job submit limit/);
    expect(must('sunk-agent status || true')).toContain('1 draining until');
    await eventually('it is over', () => !isIn('bob', 'night-shift'), explain);
    expect(Date.now() / 1000).toBeGreaterThanOrEqual(drain?.until ?? Infinity);
    expect(jobs()).toBe('');
    await eventually('the round is told', () => readStatus().draining.length === 0, explain);
    expect(readStatus().problems).toEqual([]);
  });

  test('slurmdbd being down delays no login and no revocation, and what is pending is done when it is back', async () => {
    must('systemctl stop slurmdbd');
    await store.setActive(ids.get('alice') ?? '', 'True');
    await eventually(
      'alice logs in',
      () => node.ssh('alice', keyFile('alice'), 'true').status === 0,
      explain,
    );
    await eventually('the failure is told', () => readStatus().failure !== null, explain);
    must('systemctl start slurmdbd');
    await eventually('alice has her account again', () => isIn('alice', 'team-vision'), explain);
    await eventually('alice runs a job', () => submit('alice', null).status === 0, explain);
  }, 400_000);

  test('who leaves while slurmctld is away can submit nothing once it is back, whatever the worker does', async () => {
    const uid = must('id -u alice').trim();
    const trySubmit = () =>
      node.exec(`setpriv --reuid ${uid} --clear-groups sbatch -A team-vision --chdir=/ --wrap true`);
    const jobs = (): string => must('squeue -h -u alice -o %i').trim();
    const before = jobs();
    must('systemctl stop slurmctld');
    await store.setActive(ids.get('alice') ?? '', 'False');
    const limits = (): string[] =>
      must('sacctmgr -nP list assoc user=alice format=account,maxsubmitjobs').trim().split('\n');
    await eventually('slurmdbd has the stop', () => limits().every((row) => row.endsWith('|0')), explain);
    must('systemctl stop sunk-agent-slurm');
    expect(trySubmit().status).not.toBe(0);
    must('systemctl start slurmctld');
    await eventually('slurmctld answers', () => node.exec('scontrol ping').status === 0, explain);
    // From the first answer on: before and after the node of the cluster is there.
    expect(trySubmit().status).not.toBe(0);
    await eventually('bob submits', () => submit('bob', 'team-vision').status === 0, explain);
    const refused = trySubmit();
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toMatch(/job submit limit/);
    // One of before may still end.
    expect(['', before]).toContain(jobs());
    must('systemctl start sunk-agent-slurm');
    await eventually('alice has no association', () => associations('alice').join() === '', explain);
    expect(jobs()).toBe('');
  }, 400_000);

  describe('why --submit', () => {
    const why = (name: string): { status: number | null; code: string; text: string } => {
      const { status, stdout, stderr } = node.exec(`sunk-agent why ${name} --submit --json`);
      const { links } = JSON.parse(stdout === '' ? '{"links":[]}' : stdout) as {
        links: { link: string; code: string }[];
      };
      const code = links.find(({ link }) => link === 'submit')?.code ?? 'none';
      return { status, code, text: `${stdout}${stderr}` };
    };
    const addPerson = async (name: string, group: string | null): Promise<void> => {
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', keyFile(name)]);
      const key = readFileSync(`${keyFile(name)}.pub`, 'utf8').trim();
      const id = await store.createUser(`${name}@example.com`, key);
      await store.addMember('slurm-users', id);
      if (group !== null) await store.addMember(group, id);
      await eventually(`${name} has an account`, () => node.exec(`id ${name}`).status === 0, explain);
    };

    test('says that a job would be taken', async () => {
      await eventually(
        'bob may submit',
        () => why('bob').code === 'ok',
        () => why('bob').text,
      );
      expect(why('bob').status).toBe(0);
    });

    test.each<[string, string, string, string, string]>([
      ['local', 'submit-stopped', 'MaxSubmitJobs=0 by an administrator', stop('local', 0), stop('local', -1)],
      [
        'bob',
        'submit-partition',
        'a partition for another account',
        'scontrol update PartitionName=main AllowAccounts=root',
        'scontrol update PartitionName=main AllowAccounts=ALL',
      ],
      [
        'bob',
        'submit-partition',
        'a partition for another group',
        'scontrol update PartitionName=main AllowGroups=adm',
        'scontrol update PartitionName=main AllowGroups=ALL',
      ],
      [
        'bob',
        'submit-limit',
        'a limit of the account by an administrator',
        'sacctmgr -iQ modify account where name=team-vision set GrpSubmitJobs=0',
        'sacctmgr -iQ modify account where name=team-vision set GrpSubmitJobs=-1',
      ],
      ['bob', 'submit-slurmctld', 'no controller', 'systemctl stop slurmctld', 'systemctl start slurmctld'],
    ])(
      '%s: %s (%s)',
      async (name, code, _, breakIt, fixIt) => {
        must(breakIt);
        try {
          await eventually(
            `${code} is said`,
            () => why(name).code === code,
            () => why(name).text,
          );
          expect(why(name).status).toBe(1);
        } finally {
          must(fixIt);
        }
        await eventually(
          'it works again',
          () => why(name).code === 'ok',
          () => why(name).text,
        );
      },
      240_000,
    );

    test('a person in no group of a rule', async () => {
      await addPerson('carol', null);
      expect(why('carol')).toMatchObject({ status: 1, code: 'submit-no-rule' });
    });

    test('a worker that is stopped, and then slurmdbd', async () => {
      must('systemctl stop sunk-agent-slurm');
      await addPerson('dave', 'team-vision');
      await eventually(
        'the round is missed',
        () => why('dave').code === 'submit-not-compared',
        () => why('dave').text,
      );
      must('systemctl stop slurmdbd');
      expect(why('dave').code).toBe('submit-slurmdbd');
      must('systemctl start slurmdbd sunk-agent-slurm');
      await eventually(
        'dave submits',
        () => why('dave').code === 'ok',
        () => why('dave').text,
      );
    });
  });
}

/** MaxSubmitJobs of the user of others, who has one association. */
function stop(name: string, most: number): string {
  return `sacctmgr -iQ modify user where name=${name} set MaxSubmitJobs=${most}`;
}
