// A round over Slurm: the agent's records, ledger and guard, against a Slurm in memory.
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentError } from '../../../src/common/errors.ts';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { addEntry } from '../../../src/agent/overrides/operator-files.ts';
import { openSyncContext } from '../../../src/agent/reconcile/context.ts';
import { planSlurmImport } from '../../../src/agent/slurm/import-slurm.ts';
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
let failed: Map<string, string>;
/** Fails a step: what the worker says. */
let refuse: (step: SlurmStep) => string | null;
/** Whether Slurm is gone when a step comes. */
let isLost: (step: SlurmStep) => boolean;
/** Happens once Slurm was read, before the round has the answer. */
let meanwhile: () => Promise<unknown>;
/** What happens while a round waits; whether a sync ended meanwhile. */
let pausing: () => Promise<boolean>;
/** How often the host was read. */
let reads: number;
/** Whether a sync has just changed something. */
let isAfterChange: boolean;
/** As the worker names what it read. */
let cluster: string;

beforeEach(() => {
  node = makeInProcessRoot(SLURM);
  slurm = makeFakeSlurm(Array.from({ length: 30 }, (_, n) => [`person${n}`, 20_000 + n] as const));
  heldSince = new Map();
  failed = new Map();
  refuse = () => null;
  isLost = () => false;
  meanwhile = () => Promise.resolve();
  pausing = () => Promise.resolve(false);
  reads = 0;
  isAfterChange = false;
  cluster = 'fake';
});
afterEach(() => node.remove());

async function round(): Promise<SlurmReport> {
  const opened = openSyncContext(openNodeContext({ root: node.root, config: undefined }));
  const { host } = opened;
  const read: typeof host.read = (homes) => {
    reads += 1;
    return host.read(homes);
  };
  const context = { ...opened, host: { ...host, read } };
  try {
    return await runSlurmRound({
      heldSince,
      failed,
      isAfterChange,
      pause: () => {
        slurm.jobs = slurm.jobs.filter(({ user }) => !user.startsWith('ending'));
        return pausing();
      },
      withContext: (work) => work(context),
      link: {
        async read() {
          const rows = slurm.read();
          await meanwhile();
          return { ...rows, cluster };
        },
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

  it('reads the host only where something is to change, to judge it', async () => {
    const company = makeCompany(3);
    await node.sync(company);
    await round();
    expect(reads).toBeGreaterThan(0);
    reads = 0;
    heldSince.set('of a set that is held no more', 1);
    expect(await round()).toMatchObject({ planned: 0, held: [], associations: 4 });
    expect(reads).toBe(0);
    expect(heldSince.size).toBe(0);
    company.people[1]!.active = false;
    await node.sync(company);
    expect(await round()).toMatchObject({ planned: 2, problems: [] });
    expect(reads).toBeGreaterThan(0);
  });

  it('after a change decides while Slurm is read, and again if a sync comes meanwhile', async () => {
    const company = makeCompany(4);
    await node.sync(company);
    isAfterChange = true;
    let before = 0;
    meanwhile = async () => {
      for (let n = reads; n === 0; n = reads) await sleep(1);
      before = reads;
    };
    expect(await round()).toMatchObject({ planned: 7, problems: [] });
    // It did not wait for Slurm's answer, and was enough.
    expect(before).toBe(1);
    expect(reads).toBe(1);
    company.people[1]!.active = false;
    await node.sync(company);
    reads = 0;
    meanwhile = async () => {
      for (let n = reads; n === 0; n = reads) await sleep(1);
      company.people[2]!.active = false;
      await node.sync(company);
    };
    expect(await round()).toMatchObject({ problems: [] });
    expect(reads).toBe(2);
    expect(usersOf('all')).toEqual(['person0', 'person3']);
  });

  it.each([true, false])(
    'acts on what is known once Slurm has answered, and never on what was known when it was asked (after a change: %s)',
    async (isAfter) => {
      const company = makeCompany(4);
      await node.sync({ ...company, users: company.users.slice(0, 3) });
      await round();
      isAfterChange = isAfter;
      // Who was about to get an association has no access any more when the answer comes.
      await node.sync(company);
      company.people[3]!.active = false;
      meanwhile = () => node.sync(company);
      slurm.log.length = 0;
      expect(await round()).toMatchObject({ planned: 0 });
      expect(slurm.log).toEqual([]);
      // At rest as it was known when it was asked: the round after the sync does it.
      company.people[2]!.active = false;
      expect(await round()).toMatchObject({ planned: 0 });
      meanwhile = () => Promise.resolve();
      expect(await round()).toMatchObject({ problems: [] });
      expect(usersOf('all')).toEqual(['person0', 'person1']);
    },
  );

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

  it('ends over a change that fails for good, however many syncs end meanwhile, and records it once', async () => {
    const company = makeCompany(4);
    await node.sync(company);
    await round();
    company.people[1]!.active = false;
    await node.sync(company);
    pausing = () => Promise.resolve(true);
    let tried = 0;
    refuse = ({ op }) => (op === 'remove-associations' && (tried += 1) > 0 ? 'Job(s) active' : null);
    expect(await round()).toMatchObject({
      problems: [expect.stringMatching(/person1.*: Job\(s\) active$/)],
      isCut: false,
    });
    expect(tried).toBe(5);
    await round();
    expect(tried).toBe(10);
    const removals = (): (string | null)[] => {
      const { state } = openSyncContext(openNodeContext({ root: node.root, config: undefined }));
      const rows = state.history({ limit: 1000 });
      state.close();
      return rows.flatMap(({ kind, problem }) =>
        kind.startsWith('slurm-association-remove') ? [problem] : [],
      );
    };
    expect(removals()).toEqual(['Job(s) active']);
    refuse = () => null;
    expect(await round()).toMatchObject({ problems: [] });
    expect(removals()).toEqual([null, 'Job(s) active']);
    expect(failed.size).toBe(0);
  });

  it('is cut after twenty turns if each brings news, and asks for another one', async () => {
    const company = makeCompany(3);
    await node.sync(company);
    await round();
    company.people[1]!.active = false;
    await node.sync(company);
    // Its jobs come back, whatever is cancelled.
    const bringBack = (): void => {
      slurm.jobs = [{ user: 'person1', account: 'all', isPending: false }];
    };
    bringBack();
    let isNews = true;
    pausing = async () => {
      bringBack();
      return isNews;
    };
    expect(await round()).toMatchObject({ isCut: true });
    isNews = false;
    expect(await round()).toMatchObject({ isCut: false });
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

  it('does what a sync decided while it waits for jobs of someone else, of gains too', async () => {
    const company = makeCompany(4);
    await node.sync({ ...company, people: company.people.slice(0, 3) });
    await round();
    company.people[1]!.active = false;
    await node.sync({ ...company, people: company.people.slice(0, 3) });
    slurm.jobs.push({ user: 'person1', account: 'all', isPending: false });
    let pauses = 0;
    const { apply } = slurm;
    slurm.apply = (step) => {
      if (step.op !== 'cancel-jobs' || pauses > 2) apply(step);
    };
    pausing = async () => {
      pauses += 1;
      if (pauses === 3) expect(usersOf('all')).toEqual(['person0', 'person1', 'person3']);
      if (pauses !== 2) return false;
      company.people[2]!.active = false;
      await node.sync(company);
      return true;
    };
    expect(await round()).toMatchObject({ problems: [] });
    expect(pauses).toBeGreaterThan(2);
    expect(usersOf('all')).toEqual(['person0', 'person3']);
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

describe('another cluster', () => {
  it('of which the accounts and users have the same names keeps all that it has', async () => {
    const company = makeCompany(3);
    await node.sync(company);
    await round();
    cluster = 'other';
    const there = slurm.read();
    slurm.log.length = 0;
    company.people[1]!.active = false;
    await node.sync(company);
    const report = await round();
    expect(report).toMatchObject({
      cluster: 'other',
      planned: 0,
      associations: 0,
      elsewhere: [{ cluster: 'fake', names: 5 }],
    });
    expect(report.refusals.map(({ code }) => code)).toContain('slurm-account-foreign');
    expect(slurm.log).toEqual([]);
    expect(slurm.read()).toEqual(there);
    // Back in the first, nothing of it was forgotten.
    cluster = 'fake';
    expect(await round()).toMatchObject({ problems: [], elsewhere: [], associations: 3 });
    expect(usersOf('all')).toEqual(['person0', 'person2']);
  });

  describe('after an upgrade from a build that recorded none', () => {
    const paths = () => openNodeContext({ root: node.root, config: undefined }).paths;

    /** A round, as that build has left it. */
    async function roundBefore(): Promise<void> {
      await node.sync(makeCompany(3));
      const { elsewhere, unassigned, ...report } = await round();
      expect([elsewhere, unassigned]).toEqual([[], []]);
      writeSlurmStatus(paths(), { ...report, elsewhere, unassigned });
      const database = new Database(path.join(node.state, 'mirror.sqlite'));
      database.exec(`INSERT INTO slurm_owned (kind, name, scim_id, owned_at)
          SELECT kind, name, scim_id, owned_at FROM slurm_cluster_owned;
        DELETE FROM slurm_cluster_owned`);
      database.close();
      slurm.log.length = 0;
    }

    it('is still managed if the last round read it, and so at once', async () => {
      await roundBefore();
      expect(await round()).toMatchObject({ planned: 0, refusals: [], unassigned: [], associations: 4 });
    });

    it('is not managed if the last round read another, until an operator takes names over', async () => {
      await roundBefore();
      cluster = 'other';
      for (let n = 0; n < 2; n += 1) {
        const report = await round();
        expect(report).toMatchObject({ planned: 0, associations: 0, elsewhere: [] });
        expect(report.unassigned).toHaveLength(5);
        writeSlurmStatus(paths(), report);
      }
      expect(slurm.log).toEqual([]);
      const context = openSyncContext(openNodeContext({ root: node.root, config: undefined }));
      context.state.ownSlurm(planSlurmImport(readSlurmStatus(paths()), []).taken, 1);
      context.state.close();
      expect(await round()).toMatchObject({ planned: 0, refusals: [], unassigned: [], associations: 4 });
    });
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
