// A Slurm in memory, with the refusals of the real one that matter here (facts of 24.11, held to the real one by
// test/system/slurm.test.ts): what does nothing fails, jobs and default accounts keep their association.
import type { SlurmAnswer } from '../../../src/agent/slurm/slurm-link.ts';
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
        organization: 'root',
        parent: '',
        qos: ['normal'],
        defaultQos: '',
        fairshare: 1,
        limits: {},
      },
    ],
    users: [{ name: 'root', defaultAccount: 'root', adminLevel: 'Administrator' }],
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
    if (step.op === 'add-account' || step.op === 'alter-account') return setAccount(step);
    if (step.op === 'add-associations') return addAssociations(step);
    // A default account may also be one of a partition alone.
    const rows = slurm.associations.filter(
      ({ user, account, partition }) =>
        account === step.account &&
        step.names.includes(user) &&
        (partition === '' || step.op === 'set-default'),
    );
    if (step.op === 'cancel-jobs') {
      slurm.jobs = slurm.jobs.filter(
        ({ user, account, isPending }) =>
          account !== step.account || !step.names.includes(user) || (step.isPendingOnly && !isPending),
      );
      return;
    }
    if (rows.length === 0) throw new Error("Request didn't affect anything");
    if (step.op === 'set-default')
      for (const user of slurm.users) {
        if (rows.some((row) => row.user === user.name)) user.defaultAccount = step.account;
      }
    else if (step.op === 'remove-associations') removeAssociations(step.names, step.account);
    else for (const row of rows) row.isStopped = step.op === 'stop-submissions';
  }

  function setAccount({
    op,
    name,
    settings,
  }: Extract<SlurmStep, { op: 'add-account' | 'alter-account' }>): void {
    const known = slurm.accounts.find((row) => row.name === name);
    if ((op === 'add-account') === (known !== undefined)) throw new Error("Request didn't affect anything");
    if (!slurm.accounts.some((row) => row.name === (settings.parent ?? 'root')))
      throw new Error(`No parent account ${settings.parent}`);
    const row = known ?? {
      name,
      organization: 'sunk-agent',
      parent: 'root',
      qos: ['normal'],
      defaultQos: '',
      fairshare: 1,
      limits: {},
    };
    if (settings.parent !== null) row.parent = settings.parent;
    if (settings.qos !== null) row.qos = settings.qos;
    if (settings.defaultQos !== null) row.defaultQos = settings.defaultQos;
    if (settings.fairshare !== null) row.fairshare = settings.fairshare;
    const limits = { ...row.limits, ...settings.limits };
    row.limits = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== '-1'));
    if (known === undefined) slurm.accounts.push(row);
  }

  function addAssociations({ names: users, account }: Extract<SlurmStep, { op: 'add-associations' }>): void {
    // Skipped, as sacctmgr does, and a failure only if nothing is left.
    if (!slurm.accounts.some(({ name }) => name === account)) throw new Error('Nothing added');
    const missing = users.filter((user) => find(user, account) === undefined);
    if (missing.length === 0) throw new Error('Nothing added');
    for (const name of missing) {
      if (!slurm.users.some((user) => user.name === name)) {
        slurm.users.push({ name, defaultAccount: account, adminLevel: 'None' });
        slurm.resolved.set(name, slurm.names.get(name) ?? null);
      }
      next += 1;
      slurm.associations.push({ id: next, account, user: name, partition: '', isStopped: false });
    }
  }

  function removeAssociations(users: readonly string[], account: string): void {
    const busy = slurm.jobs.find((job) => users.includes(job.user) && job.account === account);
    if (busy !== undefined) throw new Error(`Job(s) active, cancel job(s) before remove: ${busy.user}`);
    for (const { name, defaultAccount } of slurm.users) {
      const others = slurm.associations.some((row) => row.user === name && row.account !== account);
      if (users.includes(name) && defaultAccount === account && others)
        throw new Error('You can not remove the default account of a user');
    }
    slurm.associations = slurm.associations.filter(
      (row) => row.account !== account || row.partition !== '' || !users.includes(row.user),
    );
    slurm.users = slurm.users.filter(({ name }) => slurm.associations.some(({ user }) => user === name));
  }

  return slurm;
}
