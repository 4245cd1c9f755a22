// Generated rules, groups and people against the real sacctmgr and slurmdbd: each round ends in exactly the rows that the
// rules say, as sacctmgr prints them; what others made keeps its bytes, and a second round has nothing to do.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openNodeContext } from '../../src/agent/node-context.ts';
import { openSyncContext } from '../../src/agent/reconcile/context.ts';
import { runSlurmRound, type SlurmReport } from '../../src/agent/slurm/slurm-round.ts';
import { makeRng } from '../faults/rng.ts';
import { type InProcessRoot, makeInProcessRoot } from '../support/nodes/in-process-root.ts';
import { propertyRuns } from '../support/property-runs.ts';
import { describeOnNodes } from '../support/requirements.ts';
import {
  type Accounts,
  COLUMNS,
  expectRows,
  type Printed,
  repairParents,
} from '../support/slurm/expected-rows.ts';
import {
  FOREIGN,
  generateForeign,
  generateState,
  type GeneratedState,
  PEOPLE,
} from '../support/slurm/generated-site.ts';
import { CLUSTER } from '../support/slurm/slurm-cluster.ts';
import { startWorkerSite, type WorkerSite } from '../support/slurm/worker-site.ts';

vi.stubEnv('LOG_LEVEL', 'error');
const SEED = 20_261_130;
const STATES = propertyRuns(8, 120);
const WIDE = 'limits: { max_loss: { at_least: 10000 }, max_gain: { enabled_again: 1, slurm_limits: 10000 } }';

describeOnNodes('rows of Slurm', () => {
  let site: WorkerSite;
  let agent: InProcessRoot;
  const heldSince = new Map<string, number>();
  /** Since the state came. */
  let steps: string[] = [];

  beforeAll(async () => {
    site = await startWorkerSite('trixie', FOREIGN(CLUSTER));
    site.addNames(PEOPLE.map(({ name, uid }) => [name, uid]));
    agent = makeInProcessRoot(`${WIDE}\n`);
  }, 600_000);
  afterAll(async () => {
    agent?.remove();
    await site?.stop();
  });

  function configure({ rules }: GeneratedState): void {
    const file = path.join(agent.root, 'etc/sunk-agent/config.yaml');
    const text = readFileSync(file, 'utf8').replace(/^slurm: .*\n/m, '');
    writeFileSync(file, text);
    appendFileSync(file, `slurm: ${JSON.stringify({ mode: 'enforce', rules })}\n`);
  }

  async function round(): Promise<SlurmReport> {
    const context = openSyncContext(openNodeContext({ root: agent.root, config: undefined }));
    try {
      return await runSlurmRound({
        link: {
          read: site.link.read,
          apply: async (step, cluster) => {
            steps.push(JSON.stringify(step));
            await site.link.apply(step, cluster);
          },
        },
        heldSince,
        failed: new Map(),
        pause: () => Promise.resolve(false),
        isAfterChange: true,
        withContext: (work) => work(context),
      });
    } finally {
      context.state.close();
    }
  }

  function list(what: string, columns: readonly string[]): Printed[] {
    const text = site.must(`sacctmgr -nP list ${what} format=${columns.join()}`);
    return text
      .split('\n')
      .map((line) => line.split('|'))
      .filter(({ length }) => length === columns.length)
      .map((fields) => Object.fromEntries(fields.map((field, index) => [columns[index] ?? '', field])));
  }
  const listRows = (): Printed[] => list('assoc wopl', COLUMNS);
  const listUsers = (): Printed[] => list('user', ['user', 'defaultaccount', 'adminlevel']);
  const countTransactions = (): string => site.must('sacctmgr -nP list transactions format=id | wc -l');

  test(`${STATES} generated states are in force, one after the other`, async () => {
    const rng = makeRng(SEED);
    const accounts: Accounts = new Map();
    const stays = new Map(listRows().map((row) => [row['id'] ?? '', row]));
    const organizations = site.must('sacctmgr -nP list account legacy,taken,root');
    for (let turn = 1; turn <= STATES; turn += 1) {
      const state = generateState(rng);
      repairParents(state, accounts);
      const people = expectRows(state, accounts);
      steps = [];
      const explain = (): string =>
        `seed ${SEED}, state ${turn}\n${steps.join('\n')}\n${JSON.stringify([...stays.values()])}\n${JSON.stringify(state)}`;
      configure(state);
      await agent.sync(state.company);
      const [before, defaults] = [listRows(), listUsers()];
      const first = await round();
      expect(first.problems, explain()).toEqual([]);
      expect(first.held, explain()).toEqual([]);
      const transactions = countTransactions();
      expect(await round(), explain()).toMatchObject({ planned: 0, problems: [] });
      expect(countTransactions(), explain()).toBe(transactions);

      const rows = listRows();
      for (const [id, row] of stays)
        expect(
          rows.find((one) => one['id'] === id),
          explain(),
        ).toEqual(row);
      const managed = rows.filter(({ id = '' }) => !stays.has(id));
      const printed = managed.filter(({ user }) => user === '').map((row) => ({ ...row, id: '' }));
      const blank = Object.fromEntries(COLUMNS.map((column) => [column, '']));
      const expected = [...accounts].map(([account, settings]) => ({ ...blank, ...settings, account }));
      expect(sort(printed), explain()).toEqual(sort(expected));

      const pairs = managed.filter(({ user }) => user !== '');
      const wanted = [...people].flatMap(([user, { accounts: of }]) =>
        of.map((account) => `${account}|${user}`),
      );
      const kept = listKept(before, defaults, stays, people);
      expect(pairs.map(({ account, user }) => `${account}|${user}`).sort(), explain()).toEqual(
        [...wanted, ...kept].sort(),
      );
      for (const row of pairs)
        expect({ ...row, id: '' }, explain()).toEqual({
          ...blank,
          account: row['account'],
          user: row['user'],
          share: '1',
          maxsubmitjobs: kept.includes(`${row['account']}|${row['user']}`) ? '0' : '',
        });
      expectDefaults(people, pairs, explain);

      for (let more = rng.below(4); more > 0; more -= 1) site.node.exec(generateForeign(rng, CLUSTER));
      for (const row of listRows())
        if (!rows.some(({ id }) => id === row['id'])) stays.set(row['id'] ?? '', row);
    }
    expect(site.must('sacctmgr -nP list account legacy,taken,root')).toBe(organizations);
  }, 1_800_000);

  function expectDefaults(
    people: ReturnType<typeof expectRows>,
    pairs: readonly Printed[],
    explain: () => string,
  ): void {
    const users = listUsers();
    for (const [name, { accounts, byRule }] of people) {
      if (accounts.length === 0) continue;
      const [oldest] = pairs
        .filter(({ user }) => user === name)
        .sort((a, b) => Number(a['id']) - Number(b['id']));
      const defaultaccount = byRule !== null && accounts.includes(byRule) ? byRule : oldest?.['account'];
      expect(
        users.find(({ user }) => user === name),
        `${name}: ${explain()}`,
      ).toEqual({ user: name, defaultaccount, adminlevel: 'None' });
    }
  }
});

/**
 * What stays, stopped: where others have given the person one of a partition in the default account, Slurm keeps both; and
 * with the last row of a user Slurm would remove those of another one whose name is alike.
 */
function listKept(
  before: readonly Printed[],
  defaults: readonly Printed[],
  stays: ReadonlyMap<string, Printed>,
  people: ReturnType<typeof expectRows>,
): string[] {
  const present = new Set([...people].flatMap(([name, { accounts }]) => (accounts.length > 0 ? [name] : [])));
  for (const { user = '' } of stays.values()) present.add(user);
  return [...people].flatMap(([name, { accounts }]) => {
    const rows = before.filter(({ user }) => user === name);
    const own = rows.filter(({ id = '' }) => !stays.has(id));
    const [first] = rows
      .filter(({ id = '' }) => stays.has(id))
      .sort((a, b) => Number(a['id']) - Number(b['id']));
    const main = defaults.find(({ user }) => user === name)?.['defaultaccount'];
    const has = (account: string | undefined): boolean => own.some((row) => row['account'] === account);
    if (accounts.length > 0 || !has(main)) return [];
    if (first !== undefined) return has(first['account']) ? [`${first['account']}|${name}`] : [];
    const pattern = new RegExp(`^${name.replaceAll('_', '.')}$`);
    const isAlike = name.includes('_') && [...present].some((other) => other !== name && pattern.test(other));
    return isAlike ? [`${main}|${name}`] : [];
  });
}

function sort(rows: readonly Printed[]): Printed[] {
  return [...rows].sort((a, b) => ((a['account'] ?? '') < (b['account'] ?? '') ? -1 : 1));
}
