// A round over Slurm: the agent's records, ledger and guard, against a Slurm in memory.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentError } from '../../../src/common/errors.ts';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { addEntry } from '../../../src/agent/overrides/operator-files.ts';
import { openSyncContext } from '../../../src/agent/reconcile/context.ts';
import { readSlurmStatus, writeSlurmStatus } from '../../../src/agent/slurm/slurm-status.ts';
import { runSlurmRound, type SlurmReport } from '../../../src/agent/slurm/slurm-round.ts';
import type { SlurmStep } from '../../../src/protocol/slurm-messages.ts';
import { type FakeSlurm, makeFakeSlurm } from '../../support/slurm/fake-slurm.ts';
import { type InProcessRoot, makeCompany, makeInProcessRoot } from '../../support/nodes/in-process-root.ts';

const SLURM = `slurm:
  mode: enforce
  rules: [{ group: slurm-users, account: all, default: true }, { group: slurm-admins, account: admins }]
`;

let node: InProcessRoot;
let slurm: FakeSlurm;
let heldSince: Map<string, number>;
/** Fails a step: what the worker says. */
let refuse: (step: SlurmStep) => string | null;
/** Whether Slurm is gone when a step comes. */
let isLost: (step: SlurmStep) => boolean;

beforeEach(() => {
  node = makeInProcessRoot(SLURM);
  slurm = makeFakeSlurm(Array.from({ length: 30 }, (_, n) => [`person${n}`, 20_000 + n] as const));
  heldSince = new Map();
  refuse = () => null;
  isLost = () => false;
});
afterEach(() => node.remove());

async function round(): Promise<SlurmReport> {
  const context = openSyncContext(openNodeContext({ root: node.root, config: undefined }));
  try {
    return await runSlurmRound({
      heldSince,
      sleep: () => {
        slurm.jobs = slurm.jobs.filter(({ user }) => !user.startsWith('ending'));
        return Promise.resolve();
      },
      withContext: (work) => work(context),
      link: {
        read: () => Promise.resolve(slurm.read()),
        apply: (step) =>
          new Promise((resolve) => {
            if (isLost(step)) throw new AgentError('slurm_unreachable', 'Connection refused');
            const problem = refuse(step);
            if (problem !== null) throw new Error(problem);
            slurm.apply(step);
            resolve();
          }),
      },
    });
  } finally {
    context.state.close();
  }
}

const usersOf = (account: string): string[] =>
  slurm.associations.flatMap((row) => (row.account === account ? [row.user] : [])).sort();

describe('a round', () => {
  it('makes accounts and associations in batches, records them as managed, and has nothing to do afterwards', async () => {
    const company = makeCompany(5);
    await node.sync(company);
    const report = await round();
    expect(report).toMatchObject({
      problems: [],
      held: [],
      refusals: [],
      associations: 6,
      hasController: true,
    });
    expect(usersOf('all')).toEqual(['person0', 'person1', 'person2', 'person3', 'person4']);
    expect(usersOf('admins')).toEqual(['person0']);
    expect(slurm.users.find(({ name }) => name === 'person0')?.defaultAccount).toBe('all');
    expect([...report.accounts].slice(0, 2)).toEqual([
      ['person0', ['all', 'admins']],
      ['person1', ['all']],
    ]);
    expect(slurm.log.filter(({ op }) => op === 'add-associations').length).toBeLessThanOrEqual(3);
    slurm.log.length = 0;
    expect(await round()).toMatchObject({ planned: 0, done: 0 });
    expect(slurm.log).toEqual([]);
  });

  it('takes everything of a person who is deactivated', async () => {
    const company = makeCompany(5);
    await node.sync(company);
    await round();
    slurm.jobs.push({ user: 'person1', account: 'all', isPending: false });
    company.people[1]!.active = false;
    await node.sync(company);
    expect(await round()).toMatchObject({ problems: [] });
    expect(usersOf('all')).not.toContain('person1');
    expect(slurm.jobs).toEqual([]);
  });

  it('takes nothing while the guard holds the loss of access', async () => {
    const company = makeCompany(30);
    await node.sync(company);
    await node.sync(company);
    await round();
    const { held } = await node.sync({ ...company, users: company.users.slice(0, 2) });
    expect(held).toHaveLength(1);
    slurm.log.length = 0;
    await round();
    expect(slurm.log).toEqual([]);
  });

  it('holds that many lose an account of Slurm alone, until it is approved', async () => {
    node.remove();
    node = makeInProcessRoot(SLURM.replace('group: slurm-users', "group: 'slurm-a*'"));
    const company = makeCompany(20);
    company.admins.push(...company.users.slice(1));
    await node.sync(company, Date.now() - 172_800_000);
    await node.sync(company, Date.now() - 172_700_000);
    await round();
    expect(usersOf('all')).toHaveLength(20);
    const { paths } = openNodeContext({ root: node.root, config: undefined });
    const approve = (hash: string | undefined): void =>
      void addEntry(paths.approved, hash ?? '', 'an operator');
    const onNode = await node.sync({ ...company, admins: [] });
    // While the guard holds something of them on the node, nothing of theirs changes in Slurm.
    expect(await round()).toMatchObject({ planned: 0, held: [] });
    approve(onNode.held[0]?.hash);
    await node.sync({ ...company, admins: [] });
    const report = await round();
    expect(report.held).toMatchObject([{ kind: 'loss', changes: { length: expect.any(Number) } }]);
    expect(report.held[0]?.reason).toMatch(/^20 of 20 people would lose Slurm accounts/);
    expect(usersOf('all')).toHaveLength(20);
    const again = await round();
    expect(again.held[0]?.hash).toBe(report.held[0]?.hash);
    approve(report.held[0]?.hash);
    expect(await round()).toMatchObject({ held: [], problems: [] });
    expect(usersOf('all')).toEqual([]);
  });

  it('tries a batch in halves, so that one name keeps no other back, and says which', async () => {
    await node.sync(makeCompany(9));
    refuse = (step) => ('names' in step && step.names.includes('person7') ? 'Invalid name' : null);
    const { problems } = await round();
    expect(problems).toEqual([expect.stringContaining('person7')]);
    expect(problems[0]).toContain('Invalid name');
    expect(usersOf('all')).toHaveLength(8);
  });

  it('tries nothing more once Slurm went away, and the next round does the rest', async () => {
    await node.sync(makeCompany(9));
    let tried = 0;
    isLost = ({ op }) => op === 'add-associations' && (tried += 1) > 1;
    await expect(round()).rejects.toMatchObject({ code: 'slurm_unreachable' });
    expect(tried).toBe(2);
    const context = openSyncContext(openNodeContext({ root: node.root, config: undefined }));
    const rows = context.state.history({ limit: 100 }).filter(({ kind }) => kind === 'slurm-account-add');
    context.state.close();
    expect(rows).toHaveLength(2);
    isLost = () => false;
    expect(await round()).toMatchObject({ problems: [], associations: 10 });
  });

  it('removes an association only after its jobs have ended, so that no batch fails for them', async () => {
    const company = makeCompany(6);
    await node.sync(company);
    await round();
    slurm.jobs.push({ user: 'person1', account: 'all', isPending: false });
    company.people[1]!.active = false;
    company.people[2]!.active = false;
    await node.sync(company);
    slurm.log.length = 0;
    expect(await round()).toMatchObject({ problems: [] });
    const removals = slurm.log.flatMap((step) => (step.op === 'remove-associations' ? [step.names] : []));
    expect(removals).toEqual([['person2'], ['person1']]);
  });

  it('lets running jobs of who leaves go on for the time of the rule, counted from the stop', async () => {
    node.remove();
    node = makeInProcessRoot(SLURM.replace('default: true', 'default: true, drain: 1h'));
    const company = makeCompany(4);
    await node.sync(company);
    await round();
    const job = { user: 'person1', account: 'all', isPending: false };
    slurm.jobs.push(job, { ...job, isPending: true });
    company.people[1]!.active = false;
    await node.sync(company);
    const first = await round();
    expect(first).toMatchObject({ problems: [], draining: [{ name: 'person1', account: 'all' }] });
    expect(slurm.jobs).toEqual([job]);
    expect(slurm.associations.find(({ user }) => user === 'person1')).toMatchObject({ isStopped: true });
    slurm.log.length = 0;
    expect((await round()).draining).toEqual(first.draining);
    expect(slurm.log).toEqual([]);
    // A person that an operator blocks has no time.
    const { paths } = openNodeContext({ root: node.root, config: undefined });
    addEntry(paths.blocked, 'u-person1', 'an operator');
    expect(await round()).toMatchObject({ problems: [], draining: [] });
    expect(slurm.jobs).toEqual([]);
    expect(usersOf('all')).not.toContain('person1');
  });

  it('waits for jobs that are still ending', async () => {
    const company = makeCompany(3);
    await node.sync(company);
    await round();
    let kills = 0;
    slurm.jobs.push({ user: 'person2', account: 'all', isPending: false });
    const { apply } = slurm;
    slurm.apply = (step) => {
      if (step.op !== 'cancel-jobs' || (kills += 1) > 2) apply(step);
    };
    company.people[2]!.active = false;
    await node.sync(company);
    expect(await round()).toMatchObject({ problems: [] });
    expect(usersOf('all')).not.toContain('person2');
  });

  it('says what Slurm accepted and did not keep', async () => {
    await node.sync(makeCompany(3));
    await round();
    slurm.accounts.find(({ name }) => name === 'all')!.parent = 'elsewhere';
    slurm.apply = () => {};
    const { problems } = await round();
    expect(problems).toEqual([expect.stringMatching(/^Slurm account all: parent root.*did not keep it$/)]);
  });

  it('changes nothing while it observes', async () => {
    node.remove();
    node = makeInProcessRoot(SLURM.replace('enforce', 'observe'));
    await node.sync(makeCompany(3));
    expect(await round()).toMatchObject({ isObserving: true, planned: 6, done: 0 });
    expect(slurm.log).toEqual([]);
  });

  it('leaves a trace in the history, with the person and the account', async () => {
    await node.sync(makeCompany(2));
    await round();
    const context = openSyncContext(openNodeContext({ root: node.root, config: undefined }));
    const rows = context.state.history({ limit: 100 }).filter(({ kind }) => kind.startsWith('slurm-'));
    context.state.close();
    expect(rows).toContainEqual(
      expect.objectContaining({
        kind: 'slurm-association-add',
        scimId: 'u-person1',
        name: 'person1',
        problem: null,
        detail: { account: 'all' },
      }),
    );
  });
});

describe('the status of Slurm', () => {
  it('says what the last round found, and since when none can be made', async () => {
    await node.sync(makeCompany(2));
    const { paths } = openNodeContext({ root: node.root, config: undefined });
    writeSlurmStatus(paths, { failedAt: 100, problem: 'no answer' });
    expect(readSlurmStatus(paths)).toMatchObject({ at: null, failure: { since: 100, problem: 'no answer' } });
    writeSlurmStatus(paths, await round());
    expect(readSlurmStatus(paths)).toMatchObject({ cluster: 'fake', associations: 3, failure: null });
    writeSlurmStatus(paths, { failedAt: 200, problem: 'refused' });
    writeSlurmStatus(paths, { failedAt: 300, problem: 'refused again' });
    expect(readSlurmStatus(paths)).toMatchObject({
      associations: 3,
      failure: { since: 200, problem: 'refused again' },
    });
  });
});
