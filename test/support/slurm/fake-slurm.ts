// A Slurm in memory, with the refusals of the real one that matter here: slurm-cases.ts holds both to the same (24.11).
import type { SlurmAnswer } from '../../../src/agent/slurm/slurm-link.ts';
import { findAlike, indexNames } from '../../../src/plan/slurm/name-patterns.ts';
import type { SlurmStep } from '../../../src/protocol/slurm-messages.ts';

type Row<T> = { -readonly [K in keyof T]: T[K] };

export interface FakeSlurm {
  accounts: Row<SlurmAnswer['accounts'][number]>[];
  users: Row<SlurmAnswer['users'][number]>[];
  associations: Row<SlurmAnswer['associations'][number]>[];
  jobs: { user: string; account: string; isPending: boolean }[];
  /** What the controller's host resolves. */
  names: Map<string, number>;
  /** Users as the controller resolved them when they came; never again. */
  resolved: Map<string, number | null>;
  isControllerDown: boolean;
  /** Every step that was asked for. */
  readonly log: SlurmStep[];
  read(): SlurmAnswer;
  /** @throws Error as sacctmgr fails. */
  apply(step: SlurmStep): void;
}

export function makeFakeSlurm(names: Iterable<readonly [string, number]> = []): FakeSlurm {
  let next = 10;
  const slurm: FakeSlurm = {
    accounts: [
      {
        name: 'root',
        parent: '',
        qos: ['normal'],
        defaultQos: '',
        fairshare: 1,
        limits: {},
      },
    ],
    users: [{ name: 'root', defaultAccount: 'root' }],
    associations: [{ id: 2, account: 'root', user: 'root', partition: '', isStopped: false }],
    jobs: [],
    names: new Map(names),
    resolved: new Map([['root', 0]]),
    isControllerDown: false,
    log: [],
    read: () =>
      structuredClone({
        cluster: 'fake',
        version: 'slurm-wlm 24.11.5',
        accounts: slurm.accounts,
        users: slurm.users,
        associations: slurm.associations,
        jobs: slurm.isControllerDown ? [] : slurm.jobs,
        uids: slurm.isControllerDown
          ? null
          : slurm.users.map(({ name }) => ({ name, uid: slurm.resolved.get(name) ?? null })),
      }),
    apply(step) {
      slurm.log.push(structuredClone(step));
      act(step);
    },
  };

  const find = (user: string, account: string) =>
    slurm.associations.find((row) => row.user === user && row.account === account && row.partition === '');

  function act(step: SlurmStep): void {
    if (step.op === 'add-account') return addAccount(step);
    if (step.op === 'alter-account') return alterAccount(step);
    if (step.op === 'add-associations') return addAssociations(step);
    if (step.op === 'cancel-jobs') {
      slurm.jobs = slurm.jobs.filter(
        ({ user, account, isPending }) =>
          account !== step.account || !step.names.includes(user) || (step.isPendingOnly && !isPending),
      );
      return;
    }
    // A default account may also be one of a partition alone.
    const rows = slurm.associations.filter(
      ({ user, account, partition }) =>
        account === step.account &&
        step.names.includes(user) &&
        (partition === '' || step.op === 'set-default'),
    );
    if (rows.length === 0) throw new Error("Request didn't affect anything");
    if (step.op === 'set-default') setDefault(step.names, step.account);
    else if (step.op === 'remove-associations') removeAssociations(step.names, step.account);
    else for (const row of rows) row.isStopped = step.op === 'stop-submissions';
  }

  function setDefault(users: readonly string[], account: string): void {
    const isIn = (user: string): boolean =>
      slurm.associations.some((row) => row.user === user && row.account === account);
    if (!users.every(isIn)) throw new Error(`these users aren't associated with '${account}'`);
    for (const user of slurm.users) if (users.includes(user.name)) user.defaultAccount = account;
  }

  type AccountStep = Extract<SlurmStep, { op: 'add-account' | 'alter-account' }>;

  function addAccount({ name, settings }: AccountStep): void {
    if (slurm.accounts.some((row) => row.name === name)) throw new Error(`Already existing account ${name}`);
    if (settings.parent !== null && !slurm.accounts.some((row) => row.name === settings.parent))
      throw new Error(`No parent account ${settings.parent}`);
    const row = {
      name,
      parent: 'root',
      qos: [],
      defaultQos: '',
      fairshare: 1,
      limits: {},
    };
    apply(row, settings);
    slurm.accounts.push(row);
  }

  function alterAccount({ name, settings }: AccountStep): void {
    const row = slurm.accounts.find((one) => one.name === name);
    if (row === undefined) throw new Error("Request didn't affect anything");
    apply(row, settings);
  }

  function apply(row: FakeSlurm['accounts'][number], settings: AccountStep['settings']): void {
    const { parent, qos, defaultQos, fairshare, limits } = settings;
    for (const one of [...(qos ?? []), ...(defaultQos === null ? [] : [defaultQos])])
      if (!QOS.has(one)) throw new Error(`You gave a bad qos '${one}'`);
    const known = slurm.accounts.find(({ name }) => name === parent);
    if (known !== undefined) {
      if (isBelow(known, row.name)) known.parent = row.parent;
      row.parent = known.name;
    }
    if (qos !== null) row.qos = [...qos];
    if (defaultQos !== null) row.defaultQos = defaultQos;
    if (fairshare !== null) row.fairshare = fairshare;
    for (const [limit, value] of Object.entries(limits)) {
      const merged = value.includes('=') ? mergeTres(row.limits[limit] ?? '', value) : value;
      if (merged === '-1' || merged === '') delete row.limits[limit];
      else row.limits[limit] = merged;
    }
  }

  function isBelow(account: { readonly parent: string }, name: string): boolean {
    const { parent } = account;
    const next = slurm.accounts.find((row) => row.name === parent);
    return parent === name || (next !== undefined && isBelow(next, name));
  }

  function addAssociations({ names: users, account }: Extract<SlurmStep, { op: 'add-associations' }>): void {
    // Skipped, as sacctmgr does, and a failure only if nothing is left.
    if (!slurm.accounts.some(({ name }) => name === account)) throw new Error('Nothing added');
    const missing = users.filter((user) => find(user, account) === undefined);
    if (missing.length === 0) throw new Error('Nothing added');
    for (const name of missing) {
      if (!slurm.users.some((user) => user.name === name)) {
        slurm.users.push({ name, defaultAccount: account });
        slurm.resolved.set(name, slurm.names.get(name) ?? null);
      }
      next += 1;
      slurm.associations.push({ id: next, account, user: name, partition: '', isStopped: false });
    }
  }

  function removeAssociations(users: readonly string[], account: string): void {
    const isGoing = (row: { user: string; account: string; partition: string }): boolean =>
      row.account === account && row.partition === '' && users.includes(row.user);
    const busy = slurm.jobs.find((job) => users.includes(job.user) && job.account === account);
    if (busy !== undefined) throw new Error(`Job(s) active, cancel job(s) before remove: ${busy.user}`);
    for (const { name, defaultAccount } of slurm.users) {
      const isLeft = slurm.associations.some((row) => row.user === name && !isGoing(row));
      if (users.includes(name) && defaultAccount === account && isLeft)
        throw new Error('You can not remove the default account of a user');
    }
    slurm.associations = slurm.associations.filter((row) => !isGoing(row));
    for (const name of users) removeUser(name);
  }

  /** One that has no association any more, with the rows of all whose names are alike. */
  function removeUser(name: string): void {
    if (slurm.associations.some(({ user }) => user === name)) return;
    slurm.users = slurm.users.filter((user) => user.name !== name);
    for (;;) {
      const alike = findAlike(name, indexNames(slurm.associations.map(({ user }) => user)));
      if (alike === null) return;
      slurm.associations = slurm.associations.filter(({ user }) => user !== alike);
    }
  }

  return slurm;
}

const QOS = new Set(['normal', 'high', 'low']);

/** In the order of Slurm, which numbers them. */
const TRES = ['cpu', 'mem', 'energy', 'node', 'billing'];

function mergeTres(before: string, change: string): string {
  const parts = (text: string): [string, string][] =>
    text === '' ? [] : text.split(',').map((part) => part.split('=') as [string, string]);
  return [...new Map([...parts(before), ...parts(change)])]
    .filter(([, value]) => value !== '-1')
    .sort(([a], [b]) => TRES.indexOf(a) - TRES.indexOf(b))
    .map((part) => part.join('='))
    .join();
}
