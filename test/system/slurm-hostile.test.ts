// Others who mean harm, on a real cluster: a coordinator who writes rows into names, groups with such names, a second
// agent, and a worker that is killed. No row of others changes.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openNodeContext } from '../../src/agent/node-context.ts';
import { openSyncContext } from '../../src/agent/reconcile/context.ts';
import { runSlurmRound, type SlurmReport } from '../../src/agent/slurm/slurm-round.ts';
import { slurm as slurmConfig } from '../../src/config/slurm.ts';
import { eventually } from '../support/eventually.ts';
import { type Company, type InProcessRoot, makeInProcessRoot } from '../support/nodes/in-process-root.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { CLUSTER } from '../support/slurm/slurm-cluster.ts';
import { startWorkerSite, type WorkerSite } from '../support/slurm/worker-site.ts';

vi.stubEnv('LOG_LEVEL', 'error');

const CONFIG = `limits: { max_loss: { at_least: 10000 }, max_gain: { enabled_again: 1, slurm_limits: 10000 } }
slurm: { mode: enforce, rules: [{ group: '*' }] }
`;
const FOREIGN = `sacctmgr -iQ add account name=others cluster=${CLUSTER} GrpJobs=7 fairshare=9 >/dev/null
  useradd -u 9001 -M coord; useradd -u 9002 -M zed
  sacctmgr -iQ add user name=coord,zed account=others cluster=${CLUSTER} MaxJobs=3 >/dev/null
  sacctmgr -iQ add coordinator account=others name=coord >/dev/null`;

/** As names: rows of `list assoc`, of `show assoc_mgr` and of squeue about bob, longer than Slurm keeps, and odd ones. */
const NAMES = [
  'p|q\n99|team|bob',
  'x||||1||||||||||||\n98|team|bob||||1||||||||||||\n97|y',
  'n(1) DefAccount= DefWckey= AdminLevel=None\nUserName=bob(666) DefAccount=team DefWckey= AdminLevel=None\nUserName=y',
  'k|R\n5|20001|bob|team|R\n6|7|k|k',
  // Others of the uid of bob: one that is written into a name, and one that slurmctld resolves, since it takes numbers.
  'g(1) DefAccount= DefWckey= AdminLevel=None\nUserName=ghost(20001) DefAccount=team DefWckey= AdminLevel=None\nUserName=w',
  '20001',
  'l'.repeat(70),
  'h'.repeat(320),
  'a|b',
  'a=b',
  'a b',
  `q'uote"d`,
  'ünï\u202e',
  'tab\tx',
  '\u001b[2Jz',
  '-iQ',
  '$(id)',
  '%s%n',
  'others|root|9',
];
const PEOPLE = [
  ['ann', 20_000],
  ['bob', 20_001],
] as const;
const company = (of: Readonly<Record<string, readonly string[]>>, away = ''): Company => ({
  people: PEOPLE.map(([name, uid]) => ({ name, uid, active: name !== away, keys: [] })),
  users: ['ann', 'bob'],
  admins: [],
  groups: Object.entries(of).map(([name, members]) => ({ name, members })),
});

describeOnNodes('others who mean harm', () => {
  let site: WorkerSite;
  const roots: InProcessRoot[] = [];

  beforeAll(async () => {
    site = await startWorkerSite('trixie', FOREIGN);
    site.addNames(PEOPLE);
    roots.push(makeInProcessRoot(CONFIG), makeInProcessRoot(CONFIG));
  }, 600_000);
  afterAll(async () => {
    for (const one of roots) one.remove();
    await site?.stop();
  });

  const agent = (index: number): InProcessRoot => {
    const found = roots[index];
    if (found === undefined) throw new Error(`no agent ${index}`);
    return found;
  };

  /** @param slurm more of that section of the configuration. */
  async function round(index: number, slurm: object = {}): Promise<SlurmReport> {
    const context = openSyncContext(openNodeContext({ root: agent(index).root, config: undefined }));
    const config = { ...context.config, slurm: { ...context.config.slurm, ...slurm } };
    try {
      return await runSlurmRound({
        link: site.link,
        heldSince: new Map(),
        failed: new Map(),
        pause: () => Promise.resolve(false),
        isAfterChange: true,
        withContext: (work) => work({ ...context, config }),
      });
    } finally {
      context.state.close();
    }
  }

  /** All that slurmdbd has of each row but those of `ann` and `bob` and the accounts of the rules. */
  const listForeign = (): string =>
    site
      .must(
        `sacctmgr -nP list assoc wopl format=id,account,user,partition,parentname,share,qos,defaultqos,grpjobs,maxjobs,maxsubmit
        sacctmgr -nP list user; sacctmgr -nP list account withcoord format=account,desc,org,coord`,
      )
      .split('\n')
      .filter(
        (line) => !/\|(?:ann|bob)\||^(?:ann|bob)\||^\d+\|(?:team|slurm)[a-z-]*\||^(?:team|slurm)/.test(line),
      )
      .join('\n');
  const countTransactions = (): string => site.must('sacctmgr -nP list transactions format=id | wc -l');

  /** As the coordinator, who has no right in slurmdbd but in that account. */
  function addAsCoordinator(kind: 'user' | 'account', name: string): number | null {
    const of = kind === 'user' ? 'account=others' : 'parent=others';
    const quoted = `'${name.replaceAll("'", String.raw`'\''`)}'`;
    const as = 'cd / && setpriv --reuid coord --clear-groups --inh-caps=-all --bounding-set=-all';
    return site.node.exec(`${as} sacctmgr -iQ add ${kind} name=${quoted} ${of} cluster=${CLUSTER}`).status;
  }

  test('names that a coordinator makes write no row of anyone, and stop no round', async () => {
    await agent(0).sync(company({ team: ['ann', 'bob'] }));
    expect(await round(0)).toMatchObject({ problems: [], held: [] });
    const made = NAMES.flatMap((name) => [addAsCoordinator('user', name), addAsCoordinator('account', name)]);
    // sacctmgr refuses few of them.
    expect(made.filter((status) => status === 0).length).toBeGreaterThan(NAMES.length);
    const foreign = listForeign();
    expect(site.must('sacctmgr -nP list assoc wopl format=id,account,user')).toContain('\n99|team|bob');
    for (let turn = 0; turn < 10; turn += 1) {
      const rows = await site.link.read(CLUSTER);
      const own = rows.associations.filter(({ account }) => account === 'team');
      expect(own.map(({ user }) => user).sort()).toEqual(['ann', 'bob']);
      expect(rows.uids?.find(({ name }) => name === 'bob')).toEqual({ name: 'bob', uid: 20_001 });
      expect(rows.jobs).toEqual([]);
    }
    const before = countTransactions();
    expect(await round(0)).toMatchObject({ planned: 0, problems: [] });
    expect(countTransactions()).toBe(before);
    expect(listForeign()).toBe(foreign);
  });

  test('a person who leaves loses everything all the same, jobs that run among it', async () => {
    const foreign = listForeign();
    const submit = `setpriv --reuid 20001 --clear-groups sbatch --parsable --chdir=/ --output=/dev/null -A team --wrap 'sleep 900'`;
    const job = site.must(submit).trim();
    const askState = (): string => site.node.exec(`squeue -h -j ${job} -o %t`).stdout.trim();
    await eventually('the job runs', () => askState() === 'R');
    expect((await site.link.read(CLUSTER)).jobs).toContainEqual({
      user: 'bob',
      account: 'team',
      isPending: false,
    });
    await agent(0).sync(company({ team: ['ann', 'bob'] }, 'bob'));
    expect(await round(0)).toMatchObject({ problems: [] });
    expect(['', 'CG', 'CA']).toContain(askState());
    expect(site.must('sacctmgr -nP list assoc user=bob format=account').trim()).toBe('');
    expect(listForeign()).toBe(foreign);
    // slurmctld would note the default account of bob for the other user of his uid.
    site.must('sacctmgr -iQ delete user name=20001');
    await agent(0).sync(company({ team: ['ann', 'bob'] }));
    expect(await round(0)).toMatchObject({ problems: [] });
  });

  test('groups at the store with such names become no account', async () => {
    const foreign = listForeign();
    const groups = Object.fromEntries(NAMES.map((name) => [name, ['ann', 'bob']]));
    await agent(0).sync(company({ ...groups, team: ['ann', 'bob'] }));
    const report = await round(0);
    expect(report.problems).toEqual([]);
    // The others are no names of groups at all.
    expect(report.refusals.length).toBeGreaterThan(5);
    const own = 'sacctmgr -nP list assoc user=ann,bob format=account';
    expect(new Set(site.must(own).trim().split('\n'))).toEqual(new Set(['slurm-users', 'team']));
    expect(listForeign()).toBe(foreign);
  });

  test('a second agent takes nothing of the first: it refuses, and changes no row', async () => {
    const first = company({ team: ['ann', 'bob'] });
    await agent(0).sync(first);
    await round(0);
    // To this one ann is no member.
    await agent(1).sync(company({ team: ['bob'] }));
    const [foreign, transactions] = [listForeign(), countTransactions()];
    const report = await round(1);
    expect(report.refusals.map(({ code }) => code)).toContain('slurm-account-foreign');
    expect(report).toMatchObject({ planned: 0, problems: [], associations: 0 });
    expect(await round(0)).toMatchObject({ planned: 0, problems: [] });
    expect(countTransactions()).toBe(transactions);
    expect(listForeign()).toBe(foreign);
  });

  /** Another slurmctld comes in place of this one. */
  async function haveSlurmOf(name: string): Promise<void> {
    site.must(`systemctl stop slurmd slurmctld; rm -rf /var/lib/slurm/slurmctld/*
      sed -i 's/^ClusterName=.*/ClusterName=${name}/' /etc/slurm/slurm.conf
      systemctl reset-failed; systemctl start slurmctld slurmd`);
    await eventually('the node is idle', () => site.node.exec('sinfo -h -o %t').stdout.trim() === 'idle');
  }

  test('another cluster in slurmdbd stops no round, and its rows of the same names stay when it is the one', async () => {
    const both = company({ team: ['ann', 'bob'] });
    await agent(0).sync(both);
    await round(0);
    site.must(`sacctmgr -iQ add cluster second >/dev/null
      sacctmgr -iQ add account name=team,slurm-users,slurm-admins cluster=second GrpJobs=3 fairshare=4 >/dev/null
      sacctmgr -iQ add user name=ann,bob account=team cluster=second MaxJobs=3 >/dev/null`);
    // Slurm takes the _ of c_d for any character, and users are slurmdbd's, of all clusters.
    site.must('sacctmgr -iQ add user name=c-d account=team cluster=second >/dev/null');
    const columns = 'id,account,user,partition,parentname,share,qos,grpjobs,maxjobs,maxsubmit';
    const listCluster = (name: string): string =>
      site.must(`sacctmgr -nP list assoc wopl cluster=${name} format=${columns}`);
    const [first, second] = [listCluster(CLUSTER), listCluster('second')];
    expect(second).toContain('|team|bob|');
    // Without slurm.cluster it is that of slurmctld.
    expect(await round(0)).toMatchObject({ cluster: CLUSTER, planned: 0, refusals: [], problems: [] });
    await agent(0).sync(company({ team: ['ann', 'bob'] }, 'bob'));
    const rules = [{ group: '*', fairshare: 9 }];
    const refused = round(0, slurmConfig.parse({ mode: 'enforce', cluster: 'second', rules }));
    await expect(refused).rejects.toThrow(`slurm.cluster is second, and slurmctld here is of ${CLUSTER}`);
    await haveSlurmOf('second');
    const report = await round(0, slurmConfig.parse({ mode: 'enforce', rules }));
    expect(report).toMatchObject({ cluster: 'second', associations: 0, problems: [] });
    expect(report.refusals.map(({ code }) => code)).toContain('slurm-account-foreign');
    expect(report.elsewhere).toMatchObject([{ cluster: CLUSTER }]);
    expect([listCluster(CLUSTER), listCluster('second')]).toEqual([first, second]);
    await haveSlurmOf(CLUSTER);
    // Back in the first, bob loses what he has there, and there alone.
    expect(await round(0)).toMatchObject({ cluster: CLUSTER, problems: [] });
    expect(site.must(`sacctmgr -nP list assoc cluster=${CLUSTER} user=bob format=account`).trim()).toBe('');
    expect(listCluster('second')).toBe(second);
    site.addNames([['c_d', 20_002]]);
    const third = (active: boolean): Company => ({
      ...both,
      people: [...both.people, { name: 'c_d', uid: 20_002, active, keys: [] }],
      users: [...both.users, 'c_d'],
      groups: [{ name: 'team', members: ['ann', 'bob', 'c_d'] }],
    });
    await agent(0).sync(third(true));
    expect(await round(0)).toMatchObject({ problems: [] });
    expect(site.must(`sacctmgr -nP list assoc cluster=${CLUSTER} user=c_d format=user`)).toContain('c_d');
    await agent(0).sync(third(false));
    const { refusals } = await round(0);
    expect(listCluster('second')).toBe(second);
    expect(refusals.map(({ code }) => code)).toEqual(['slurm-name-alike']);
    site.must('sacctmgr -iQ delete cluster second >/dev/null');
  });

  test('an account of another cluster keeps its description, which clusters share, when a rule makes one of its name', async () => {
    site.must(`sacctmgr -iQ add cluster third >/dev/null
      sacctmgr -iQ add account name=shared cluster=third description=theirs organization=theirs >/dev/null`);
    const describeShared = (): string =>
      site.must('sacctmgr -nP list account shared format=account,desc,org');
    const before = describeShared();
    expect(before).toContain('theirs');
    await agent(0).sync(company({ team: ['ann', 'bob'], shared: ['ann'] }));
    expect(await round(0)).toMatchObject({ cluster: CLUSTER, problems: [] });
    expect(site.must(`sacctmgr -nP list assoc cluster=${CLUSTER} account=shared format=user`)).toContain(
      'ann',
    );
    expect(describeShared()).toBe(before);
    site.must('sacctmgr -iQ delete cluster third >/dev/null');
  });

  // As the kernel ends it over its memory limit; the node of a test has no memory controller.
  test('a worker that is killed fails the round, and is back by itself', async () => {
    const foreign = listForeign();
    const reading = site.link.read(CLUSTER).catch((error: unknown) => error);
    site.must('systemctl kill -s KILL sunk-agent-slurm');
    expect(await reading).toMatchObject({ code: 'slurm_unreachable' });
    await eventually('the worker is back', () => site.link.problem() === null);
    expect(await round(0)).toMatchObject({ planned: 0, problems: [] });
    expect(listForeign()).toBe(foreign);
  });
});
