// What Slurm 24.11.5 prints of partitions, limits and associations, and what is wrong by it.
import { describe, expect, it } from 'vitest';
import { parseAssociations, pickWords, splitClusters } from '../../../../src/host/slurm/ask-submit.ts';
import { findExhausted, findExhaustedQos } from '../../../../src/host/slurm/parse-limits.ts';
import { parseNodes, parseReservations } from '../../../../src/host/slurm/parse-nodes.ts';
import { parsePartitions } from '../../../../src/host/slurm/parse-partitions.ts';

describe('partitions', () => {
  const line = `PartitionName=main AllowGroups=ALL AllowAccounts=ml,bio DenyQos= AllocNodes=ALL Default=YES QoS=N/A MaxNodes=UNLIMITED MinNodes=0 Nodes=n[1-2] RootOnly=NO State=UP TotalNodes=2`;

  it('are read with their lists', () => {
    expect(parsePartitions(`${line}\nPartitionName=gpu Default=NO DenyAccounts=x State=DOWN\n`)).toEqual([
      {
        name: 'main',
        isDefault: true,
        state: 'UP',
        accounts: ['ml', 'bio'],
        groups: null,
        qos: null,
        deniedAccounts: [],
        deniedQos: [],
        hosts: null,
        isRootOnly: false,
        isReservedOnly: false,
        minNodes: 0,
        maxNodes: null,
        nodes: 'n[1-2]',
        nodeCount: 2,
      },
      expect.objectContaining({ name: 'gpu', isDefault: false, state: 'DOWN', deniedAccounts: ['x'] }),
    ]);
  });

  it('are none in anything else', () =>
    expect(parsePartitions('No partitions in the system\n\n')).toEqual([]));
});

describe('limits', () => {
  const none =
    'GrpJobs=N(0) GrpSubmitJobs=N(0) GrpWall=N(0.00) GrpTRES=cpu=N(0),mem=N(0) GrpTRESMins=cpu=N(0)';
  const record = (account: string, user: string, parent: string, limits = none, more = ''): string =>
    `ClusterName=c Account=${account} UserName=${user} Partition= Priority=0 ParentAccount=${parent} ${limits} MaxJobs=${more} MaxSubmitJobs=`;
  const chain = (of: Readonly<Record<string, string>>, own = ''): string =>
    [
      'Association Records',
      record('root', '', '', of['root']),
      record('ml', '', 'root(4)', of['ml']),
      record('vision', '', 'ml(5)', of['vision']),
      record('vision', 'bob(10001)', '', of['bob'], own),
      record('vision', 'bo(10002)', '', none.replace('GrpJobs=N(0)', 'GrpJobs=0(0)')),
    ].join('\n');
  const find = (of: Readonly<Record<string, string>>, own = '') =>
    findExhausted(chain(of, own), 'bob', 'vision');
  const set = (limit: string): string => none.replace(new RegExp(`${limit.split('=')[0]}=\\S+`), limit);

  it('are none that let no job through', () => expect(find({}, '5(5)')).toEqual([]));

  it('of the user, of the account and of those above are found, the nearest first', () => {
    const found = find({ root: set('GrpJobs=0(0)'), ml: set('GrpTRES=cpu=0(0),mem=N(0)') }, '0(0)');
    expect(found).toEqual([
      { of: 'user', name: 'vision', limit: 'MaxJobs', value: '0', used: null },
      { of: 'account', name: 'ml', limit: 'GrpTRES=cpu', value: '0', used: null },
      { of: 'account', name: 'root', limit: 'GrpJobs', value: '0', used: null },
    ]);
  });

  it('are used up only where that does not pass with the next job that ends', () => {
    expect(find({ ml: set('GrpTRESMins=cpu=100(120)') })).toMatchObject([{ value: '100', used: '120' }]);
    expect(find({ ml: set('GrpSubmitJobs=3(3)') })).toMatchObject([{ limit: 'GrpSubmitJobs' }]);
    expect(find({ ml: set('GrpJobs=3(3)') })).toEqual([]);
  });

  it('of what not every job uses keep no job', () => {
    expect(find({ ml: set('GrpTRES=cpu=N(0),gres/gpu=0(0)') })).toEqual([]);
  });

  it('end where accounts are each other’s parents, or nothing is known', () => {
    const said = `${record('ml', '', 'bio(2)')}\n${record('bio', '', 'ml(1)')}`;
    expect(findExhausted(said, 'bob', 'ml')).toEqual([]);
    expect(findExhausted('', 'bob', 'ml')).toEqual([]);
  });

  it('of a QOS are those that are 0', () => {
    const said = 'high|0||||||||||\nnormal||||||0||||00:00:00|cpu=0\nodd|||\n';
    expect(findExhaustedQos(said, 'normal').map(({ limit }) => limit)).toEqual([
      'MaxJobsPerUser',
      'MaxWall',
      'MaxTRES=cpu',
    ]);
    expect(findExhaustedQos(said, 'odd')).toEqual([]);
  });
});

it('lines of sacctmgr are associations; a name with a separator is none of them', () => {
  expect(
    parseAssociations('c|ml||0|ml|high,normal|high\nc|bio|gpu||ml|high|\nd|a||||x,y|\nc|a|b|c|d|e|f|g\n\n'),
  ).toEqual([
    {
      cluster: 'c',
      account: 'ml',
      partition: '',
      isStopped: true,
      isDefault: true,
      qos: ['high', 'normal'],
      defaultQos: 'high',
    },
    {
      cluster: 'c',
      account: 'bio',
      partition: 'gpu',
      isStopped: false,
      isDefault: false,
      qos: ['high'],
      defaultQos: 'high',
    },
    {
      cluster: 'd',
      account: 'a',
      partition: '',
      isStopped: false,
      isDefault: false,
      qos: ['x', 'y'],
      defaultQos: 'normal',
    },
  ]);
});

it.each([
  [
    'sbatch: error: AssocGrpSubmitJobsLimit\nallocation failure: Job violates policy',
    'AssocGrpSubmitJobsLimit: Job violates policy',
  ],
  [
    'sbatch: error: Munge encode failed: no socket\nallocation failure: Protocol authentication error',
    'Munge encode failed: no socket',
  ],
  [
    'sbatch: error: _xgetaddrinfo: getaddrinfo() failed: Temporary failure in name resolution: Resource temporarily unavailable, attempt number 5\nallocation failure: Unable to contact slurm controller',
    '_xgetaddrinfo: getaddrinfo() failed: Temporary failure in name resolution',
  ],
  ['sbatch: fatal: Could not establish a configuration source', 'Could not establish a configuration source'],
  [
    'sbatch: error: If munged is up, restart with --num-threads=10\nsbatch: error: Munge encode failed: Failed to access "/run/munge/s": Permission denied\nallocation failure: Protocol authentication error',
    'Munge encode failed: Failed to access "/run/munge/s": Permission denied',
  ],
  [
    'sbatch: error: s_p_parse_file: unable to read "/etc/slurm/slurm.conf": Permission denied\nsbatch: fatal: Unable to process configuration file',
    's_p_parse_file: unable to read "/etc/slurm/slurm.conf": Permission denied',
  ],
  ['sbatch: error: name your project\nallocation failure: Unspecified error', 'name your project'],
  ['allocation failure: Unspecified error', 'Unspecified error'],
  ['\n', 'sbatch said nothing'],
])('of %j the cause is picked', (text, said) => expect(pickWords(text, 'sbatch')).toBe(said));

it('associations of another cluster are told from those of this one', () => {
  const found = parseAssociations('c|ml|||ml|normal|\nd|far|||far|normal|\n');
  expect(splitClusters(found, 'c')).toMatchObject({ rows: [{ account: 'ml' }], elsewhere: ['d'] });
  // Of a slurmctld that gave no answer all may be.
  expect(splitClusters(found, '')).toMatchObject({
    rows: [{ account: 'ml' }, { account: 'far' }],
    elsewhere: [],
  });
});

it('nodes and reservations are read as Slurm 24.11.5 prints them', () => {
  expect(parseNodes('n1|idle|none\nn2|down*|a|b\n\n')).toEqual([
    { name: 'n1', state: 'idle', reason: '' },
    { name: 'n2', state: 'down*', reason: 'a|b' },
  ]);
  const line =
    'ReservationName=r1 StartTime=2026-12-01T00:00:00 EndTime=2026-12-01T01:00:00 Duration=01:00:00 Nodes=n[1-2] NodeCnt=2 CoreCnt=4 Features=(null) PartitionName=(null) Flags=SPEC_NODES,ALL_NODES TRES=cpu=4 Users=root,bob Groups=(null) Accounts=(null) Licenses=(null) State=ACTIVE';
  const [one, ...more] = parseReservations(`${line}\nNo reservations in the system\n`);
  expect(more).toEqual([]);
  expect(one).toMatchObject({
    name: 'r1',
    nodes: 'n[1-2]',
    nodeCount: 2,
    isOfAllNodes: true,
    users: ['root', 'bob'],
    accounts: [],
    groups: [],
  });
  expect((one?.end ?? 0) - (one?.start ?? 0)).toBe(3600);
});
