// What sacctmgr, squeue and scontrol print, as data; names that others chose may hold anything.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderStep } from '../../../src/slurm/apply-step.ts';
import { parseControllerUsers } from '../../../src/common/text/controller-users.ts';
import { parseRows } from '../../../src/slurm/read-rows.ts';
import { type SlurmStep, slurmAskSchema, slurmSaySchema } from '../../../src/protocol/slurm-messages.ts';

/** As Slurm 24.11.5 printed them. */
const ASSOCIATIONS = `1|root||||1|normal|||||||||||
2|root|root|||1|normal|||||||||||
6|ml|||root|5|high,normal|normal|||cpu=2,node=1|cpu=1000||10||||01:00:00
7|ml|alice|||1|normal|||||||10|0|||01:00:00
8|ml|bob|gpu||parent|normal|||||||10||||01:00:00
`;
const LISTS = {
  associations: ASSOCIATIONS,
  accounts: 'ml|sunk-agent\nroot|root\n',
  users: '',
  jobs: 'alice|ml|R\nalice|ml|CG\nalice|ml|PD\nbob|ml|PD\nodd|a|b|R\n',
  controller: `Current Association Manager state
User Records
UserName=root(0) DefAccount=root DefWckey= AdminLevel=Administrator
UserName=bob(20002) DefAccount=bio DefWckey=(null) AdminLevel=None
UserName=alice(4294967294) DefAccount=(null) DefWckey=(null) AdminLevel=None
`,
};

describe('rows of Slurm', () => {
  it('are read', () => {
    expect(parseRows('rehearsal', LISTS)).toEqual({
      cluster: 'rehearsal',
      accounts: [
        {
          name: 'root',
          organization: 'root',
          parent: '',
          qos: ['normal'],
          defaultQos: '',
          fairshare: 1,
          limits: {},
        },
        {
          name: 'ml',
          organization: 'sunk-agent',
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
        { name: 'root', defaultAccount: 'root', adminLevel: 'Administrator' },
        { name: 'bob', defaultAccount: 'bio', adminLevel: 'None' },
        { name: 'alice', defaultAccount: '', adminLevel: 'None' },
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
    const users = 'alice|ml|None\nzed||Operator\n';
    expect(parseRows('c', { ...LISTS, jobs: null, users, controller: null })).toMatchObject({
      jobs: [],
      uids: null,
      users: [
        { name: 'alice', defaultAccount: 'ml', adminLevel: 'None' },
        { name: 'zed', defaultAccount: '', adminLevel: 'Operator' },
      ],
    });
  });

  it('have no name with a separator in it, and pass the checks of the agent, whatever Slurm prints', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '|', '\n', '0', ',', ' ', '=', '(', ')', 'é') });
    fc.assert(
      fc.property(text, text, text, text, text, (associations, accounts, users, jobs, controller) => {
        const rows = parseRows('c', { associations, accounts, users, jobs, controller });
        const say = { say: 'rows', n: 1, rows: { ...rows, version: '' } };
        expect(slurmSaySchema.safeParse(say).success).toBe(true);
        expect(JSON.stringify(rows)).not.toContain('|');
      }),
    );
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
      'modify user where name=a account=ml cluster=c set MaxSubmitJobs=0',
    ],
    [
      { op: 'allow-submissions', names: ['a'], account: 'ml' },
      'modify user where name=a account=ml cluster=c set MaxSubmitJobs=-1',
    ],
    [
      { op: 'set-default', names: ['a'], account: 'ml' },
      'modify user where name=a cluster=c set DefaultAccount=ml',
    ],
    [
      { op: 'remove-associations', names: ['a', 'b'], account: 'ml' },
      'delete user where name=a,b account=ml cluster=c',
    ],
  ])('is one command: %j', (step, command) => {
    expect(renderStep(step, 'c').join(' ')).toBe(command);
  });

  it.each(['a,b', 'A', 'a b', 'a=b', '-a', '', 'a\n', 'account=x'])('is refused with the name %j', (name) => {
    const step = { op: 'remove-associations', names: [name], account: 'ml' };
    expect(slurmAskSchema.safeParse({ ask: 'apply', n: 1, cluster: 'c', step }).success).toBe(false);
  });
});
