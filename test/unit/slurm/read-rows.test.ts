// What sacctmgr, squeue and scontrol print, as data; names that others chose may hold anything.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderStep } from '../../../src/slurm/render-step.ts';
import { findImpossible } from '../../../src/agent/slurm/check-rows.ts';
import { parseControllerUsers } from '../../../src/common/text/controller-users.ts';
import { parseRows } from '../../../src/slurm/read-rows.ts';
import { parseKnown } from '../../../src/slurm/registration.ts';
import { parseSubmitters } from '../../../src/slurm/submissions.ts';
import { type SlurmStep, slurmAskSchema, slurmSaySchema } from '../../../src/protocol/slurm-messages.ts';

const toRows = (text: string): string[][] => text.split('\n').map((line) => line.split('|'));

/** As Slurm 24.11.5 printed them. */
const ASSOCIATIONS = `rehearsal|1|root||||1|normal|||||||||||
rehearsal|2|root|root|||1|normal|||||||||||
other|3|ml|||root|9||||||||||||
other|4|ml|zoe|||1||||||||||||
rehearsal|6|ml|||root|5|high,normal|normal|||cpu=2,node=1|cpu=1000||10||||01:00:00
rehearsal|7|ml|alice|||1|normal|||||||10|0|||01:00:00
rehearsal|8|ml|bob|gpu||parent|normal|||||||10||||01:00:00
`;
const LISTS = {
  associations: toRows(ASSOCIATIONS),
  defaults: [],
  users: '',
  // This host resolves neither: one uid is known to the controller, the other is not resolved there.
  jobs: '1|20001|alice|ml|R\n2|20001|alice|ml|CG\n3|20001|alice|ml|PD\n4|20002|20002|ml|PD\n5|7|odd|a|b|R\nx|7|odd|a|R\n',
  controller: parseControllerUsers(`Current Association Manager state
User Records
UserName=root(0) DefAccount=root DefWckey= AdminLevel=Administrator
UserName=bob(20002) DefAccount=bio DefWckey=(null) AdminLevel=None
UserName=alice(4294967294) DefAccount=(null) DefWckey=(null) AdminLevel=None
`),
};

describe('rows of Slurm', () => {
  it('are read', () => {
    expect(parseRows('rehearsal', LISTS)).toEqual({
      cluster: 'rehearsal',
      accounts: [
        {
          name: 'root',
          parent: '',
          qos: ['normal'],
          defaultQos: '',
          fairshare: 1,
          limits: {},
        },
        {
          name: 'ml',
          parent: 'root',
          qos: ['high', 'normal'],
          defaultQos: 'normal',
          fairshare: 5,
          limits: {
            GrpTRES: 'cpu=2,node=1',
            GrpTRESMins: 'cpu=1000',
            MaxJobs: '10',
            MaxWallDurationPerJob: '01:00:00',
          },
        },
      ],
      users: [
        { name: 'root', defaultAccount: 'root' },
        { name: 'bob', defaultAccount: 'bio' },
        { name: 'alice', defaultAccount: '' },
      ],
      associations: [
        { id: 2, account: 'root', user: 'root', partition: '', isStopped: false },
        { id: 7, account: 'ml', user: 'alice', partition: '', isStopped: true },
        { id: 8, account: 'ml', user: 'bob', partition: 'gpu', isStopped: false },
      ],
      jobs: [
        { user: 'alice', account: 'ml', isPending: false },
        { user: 'alice', account: 'ml', isPending: true },
        { user: 'bob', account: 'ml', isPending: true },
      ],
      uids: [
        { name: 'root', uid: 0 },
        { name: 'bob', uid: 20_002 },
        { name: 'alice', uid: null },
      ],
    });
  });

  it('say that the controller did not answer, and have the users of slurmdbd then', () => {
    const users = 'alice|ml\nzed|\n';
    expect(parseRows('rehearsal', { ...LISTS, jobs: null, users, controller: null })).toMatchObject({
      jobs: [],
      uids: null,
      users: [
        { name: 'alice', defaultAccount: 'ml' },
        { name: 'zed', defaultAccount: '' },
      ],
    });
  });

  it('have the default accounts of slurmdbd where they are doubted', () => {
    const defaults = toRows('rehearsal|7|alice|ml\nother|4|bob|ml\nrehearsal|9|zed|ml');
    expect(parseRows('rehearsal', { ...LISTS, defaults }).users).toEqual([
      { name: 'root', defaultAccount: 'root' },
      { name: 'bob', defaultAccount: 'bio' },
      { name: 'alice', defaultAccount: 'ml' },
    ]);
  });

  it('take for unusable what the controller has not, unless it knows fewer than it lacks', () => {
    const unknown = toRows(`${ASSOCIATIONS}rehearsal|9|ml|carol|||1|normal|||||||||||\n`);
    const uidOf = (lists: typeof LISTS, has: ReadonlyMap<number, boolean> | null, name: string) =>
      parseRows('rehearsal', lists, has).uids?.find((one) => one.name === name)?.uid;
    expect(uidOf({ ...LISTS, associations: unknown }, null, 'carol')).toBe(null);
    expect(uidOf(LISTS, null, 'bob')).toBe(20_002);
    const root = parseControllerUsers(
      'UserName=root(0) DefAccount=root DefWckey= AdminLevel=Administrator\n',
    );
    expect(parseRows('rehearsal', { ...LISTS, associations: unknown, controller: root }).uids).toEqual([
      { name: 'root', uid: 0 },
    ]);
    // It has bob, and not his newest association; a stop that it has not does not hold.
    const said = `ClusterName=c Account=ml UserName=alice(5) Partition= Priority=0 ID=7 Shares=1 MaxJobs= MaxSubmitJobs= MaxWallPJ=
ClusterName=c Account=root UserName=root(0) Partition= Priority=0 ID=2 Shares=1 MaxJobs= MaxSubmitJobs=0(0) MaxWallPJ=
`;
    const has = parseKnown(said);
    expect([...has]).toEqual([
      [7, false],
      [2, true],
    ]);
    expect(uidOf(LISTS, has, 'bob')).toBe(null);
    expect(parseRows('rehearsal', LISTS, has).associations).toMatchObject([
      { user: 'root', isStopped: true },
      { user: 'alice', isStopped: false },
      { user: 'bob', isStopped: false },
    ]);
  });

  it('have the jobs of a uid for each of its names, such as the number that another user may be called', () => {
    const more = 'UserName=20002(20002) DefAccount=ml DefWckey= AdminLevel=None\n';
    for (const text of [more, more.replace('20002(', 'bobby(')]) {
      const controller = [...LISTS.controller, ...parseControllerUsers(text)];
      for (const known of [controller, controller.toReversed()])
        expect(parseRows('rehearsal', { ...LISTS, controller: known }).jobs).toContainEqual({
          user: 'bob',
          account: 'ml',
          isPending: true,
        });
    }
  });

  it('say who may submit by exactly that account, without a partition, and of two associations by the open one', () => {
    const line = (account: string, user: string, most: string, partition = ''): string =>
      `ClusterName=c Account=${account} UserName=${user} Partition=${partition} Priority=0 ID=7 Shares=1 MaxJobs= MaxSubmitJobs=${most} MaxWallPJ=\n`;
    const said =
      line('ml', 'alice(5)', '') +
      line('ml', 'alice(5)', '0(0)') +
      line('ml', 'bob(6)', '0(0)') +
      line('ml', 'carl(7)', '10(2)') +
      line('ml', 'dora(8)', '', 'gpu') +
      line('bio', 'bob(6)', '') +
      line('ml', '', '');
    expect([...parseSubmitters(said, 'ml')]).toEqual([
      ['alice', true],
      ['bob', false],
      ['carl', true],
    ]);
    expect([...parseSubmitters('', 'ml')]).toEqual([]);
  });

  it('count nothing as stopped in slurmctld that only one of two lines about it says', () => {
    const line = (id: number, most: string): string =>
      `ClusterName=c Account=ml UserName=alice(5) Partition= Priority=0 ID=${id} Shares=1 MaxJobs= MaxSubmitJobs=${most} MaxWallPJ=\n`;
    expect(parseKnown(line(7, '') + line(7, '0')).get(7)).toBe(false);
    expect(parseKnown(line(7, '0') + line(7, '')).get(7)).toBe(false);
    expect(parseKnown(line(7, '0') + line(7, '0')).get(7)).toBe(true);
  });

  it('have no name with a separator in it, and pass the checks of the agent, whatever Slurm prints', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '|', '\n', '0', ',', ' ', '=', '(', ')', 'é') });
    fc.assert(
      fc.property(text, text, text, text, text, (associations, defaults, users, jobs, controller) => {
        const rows = parseRows('a', {
          associations: toRows(associations.replaceAll('\n', '\na|')),
          defaults: toRows(defaults.replaceAll('\n', '\na|')),
          users,
          jobs,
          controller: parseControllerUsers(controller),
        });
        const say = { say: 'rows', n: 1, rows: { ...rows, version: '' } };
        expect(slurmSaySchema.safeParse(say).success).toBe(true);
        expect(findImpossible(rows, 'a')).toBeNull();
        expect(JSON.stringify(rows)).not.toContain('|');
      }),
    );
  });

  // slurmctld has such names until its restart: a coordinator of one account may make them.
  it('pass the checks of the agent with names longer than slurmdbd keeps', () => {
    const long = 'x'.repeat(400);
    const controller =
      parseControllerUsers(`UserName=${long}(4294967294) DefAccount=(null) DefWckey= AdminLevel=None
UserName=carl(20003) DefAccount=${long} DefWckey= AdminLevel=None
UserName=dora(4294967296) DefAccount= DefWckey= AdminLevel=None
`);
    const jobs = `${LISTS.jobs}6|20001|alice|${long}|R\n7|4|${long}|ml|R\n`;
    const rows = parseRows('c', { ...LISTS, controller: [...LISTS.controller, ...controller], jobs });
    const say = { say: 'rows', n: 1, rows: { ...rows, version: '' } };
    expect(slurmSaySchema.safeParse(say).error).toBeUndefined();
    expect(rows.users.find(({ name }) => name === 'carl')).toMatchObject({ defaultAccount: '' });
    expect(rows.jobs).toEqual(parseRows('c', LISTS).jobs);
  });

  it('are read as 22.05 prints them', () => {
    const said = 'UserName=p5(20005) DefAccount=b1 DefWckey=(null) AdminLevel=Not Set\n';
    expect(parseControllerUsers(said)).toEqual([
      { name: 'p5', uid: 20_005, defaultAccount: 'b1', adminLevel: 'Not Set' },
    ]);
  });

  it('take a user who is called like a line of another for no one', () => {
    const said = `UserName=a
UserName=alice(5) DefAccount=x DefWckey= AdminLevel=None
(5) DefAccount=UserName=eve(0) DefWckey= AdminLevel=Administrator
UserName=bo(6) DefAccount=y z DefWckey= AdminLevel=None
`;
    expect(parseControllerUsers(said)).toEqual([
      { name: 'alice', uid: 5, defaultAccount: 'x', adminLevel: 'None' },
    ]);
  });
});

describe('a step', () => {
  const settings = {
    parent: 'root',
    qos: ['high', 'normal'],
    defaultQos: 'normal',
    fairshare: 5,
    limits: { GrpTRES: 'gres/gpu=8' },
  };
  it.each<[Exclude<SlurmStep, { op: 'cancel-jobs' }>, string]>([
    [
      { op: 'add-account', name: 'ml', settings },
      'add account name=ml cluster=c description=group ml organization=sunk-agent parent=root qos=high,normal defaultqos=normal fairshare=5 GrpTRES=gres/gpu=8',
    ],
    [
      {
        op: 'alter-account',
        name: 'ml',
        settings: { parent: null, qos: null, defaultQos: null, fairshare: 0, limits: {} },
      },
      'modify account where name=ml cluster=c set fairshare=0',
    ],
    [
      { op: 'add-associations', names: ['a', 'b'], account: 'ml', isFirst: true },
      'add user name=a,b account=ml cluster=c defaultaccount=ml',
    ],
    [
      { op: 'stop-submissions', names: ['a'], account: 'ml' },
      'modify user where name=a account=ml partition= cluster=c set MaxSubmitJobs=0',
    ],
    [
      { op: 'allow-submissions', names: ['a'], account: 'ml' },
      'modify user where name=a account=ml partition= cluster=c set MaxSubmitJobs=-1',
    ],
    [
      { op: 'set-default', names: ['a'], account: 'ml' },
      'modify user where name=a cluster=c set DefaultAccount=ml',
    ],
    [
      { op: 'remove-associations', names: ['a', 'b'], account: 'ml' },
      'delete user where name=a,b account=ml partition= cluster=c',
    ],
  ])('is one command: %j', (step, command) => {
    expect(renderStep(step, 'c').join(' ')).toBe(command);
  });

  it.each(['a,b', 'A', 'a b', 'a=b', '-a', '', 'a\n', 'account=x'])('is refused with the name %j', (name) => {
    const step = { op: 'remove-associations', names: [name], account: 'ml' };
    expect(slurmAskSchema.safeParse({ ask: 'apply', n: 1, cluster: 'c', step }).success).toBe(false);
  });
});
