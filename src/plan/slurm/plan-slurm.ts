// From what Slurm should have and what it has to the changes between; pure. What sunk-agent did not make is neither changed nor adopted.
import { compare } from '../../common/text/compare.ts';
import type {
  DesiredSlurm,
  DesiredSlurmAccount,
  DesiredSlurmPerson,
  SlurmRefusal,
} from '../../policy/slurm/desired-slurm.ts';
import { type Change, CHANGE_ORDER } from '../change.ts';
import type { SlurmAccountSettings, SlurmSubmitStop } from '../changes/slurm.ts';
import {
  type Drains,
  findDraining,
  indexDrains,
  planDrains,
  type SlurmDrain,
  type SlurmStops,
} from './drain-slurm.ts';
import { compareSettings } from './compare-settings.ts';
import type { SlurmAssociationRow, SlurmOwned, SlurmRows, SlurmUserRow } from './slurm-rows.ts';

export interface SlurmPlan {
  /** In the order of applying. */
  readonly changes: readonly Change[];
  /** What to record in the ledger before anything is applied. */
  readonly owned: readonly SlurmOwned[];
  readonly refusals: readonly SlurmRefusal[];
  readonly draining: readonly SlurmDrain[];
}

export interface SlurmPlanInput {
  readonly desired: DesiredSlurm;
  /** SCIM ids of people with a change on the node that the guard holds: nothing of theirs changes in Slurm. */
  readonly held: ReadonlySet<string>;
  readonly rows: SlurmRows;
  readonly owned: readonly SlurmOwned[];
  readonly stops: SlurmStops;
}

/** Equal input, in any order, gives an equal plan. */
export function planSlurm(input: SlurmPlanInput): SlurmPlan {
  const index = indexRows(input);
  const accounts = planAccounts(input.desired.accounts, index);
  // Only where the account is or becomes a managed one can there be a managed association.
  const usable = new Set([...index.ownAccounts, ...accounts.owned.map(({ name }) => name)]);
  const listed = new Set(input.desired.people.map(({ name }) => name));
  const people = [...input.desired.people, ...listDeparted(index, listed)]
    .filter(({ scimId }) => !input.held.has(scimId))
    .map((person) => planPerson(person, usable, index));
  const parts = [accounts, ...people];
  return {
    changes: sortChanges(parts.flatMap(({ changes }) => changes)),
    owned: parts.flatMap(({ owned }) => owned),
    refusals: [...input.desired.refusals, ...parts.flatMap(({ refusals }) => refusals)],
    draining: people.flatMap(({ draining }) => draining ?? []),
  };
}

interface Index {
  readonly rows: SlurmRows;
  readonly accounts: ReadonlyMap<string, SlurmRows['accounts'][number]>;
  readonly users: ReadonlyMap<string, SlurmUserRow>;
  readonly associationsOf: ReadonlyMap<string, readonly SlurmAssociationRow[]>;
  /** `user account` of each that has jobs. */
  readonly jobs: ReadonlySet<string>;
  /** Accounts of jobs, by user. */
  readonly jobsOf: ReadonlyMap<string, readonly string[]>;
  /** Names that the ledger says are managed. */
  readonly ownAccounts: ReadonlySet<string>;
  readonly ownUsers: ReadonlyMap<string, string>;
  readonly drains: Drains;
  /** null: the controller did not answer. */
  readonly uids: ReadonlyMap<string, number | null> | null;
}

function indexRows({ rows, owned, desired, stops }: SlurmPlanInput): Index {
  const associationsOf = new Map<string, SlurmAssociationRow[]>();
  for (const row of rows.associations) {
    const known = associationsOf.get(row.user);
    if (known === undefined) associationsOf.set(row.user, [row]);
    else known.push(row);
  }
  const names = (kind: SlurmOwned['kind']): (readonly [string, string])[] =>
    owned.flatMap((one) => (one.kind === kind ? [[one.name, one.scimId] as const] : []));
  return {
    rows,
    accounts: new Map(rows.accounts.map((row) => [row.name, row])),
    users: new Map(rows.users.map((row) => [row.name, row])),
    associationsOf,
    jobsOf: new Map(
      [...Map.groupBy(rows.jobs, ({ user }) => user)].map(([user, jobs]) => [
        user,
        jobs.map(({ account }) => account),
      ]),
    ),
    jobs: new Set(rows.jobs.map(({ user, account }) => `${user} ${account}`)),
    ownAccounts: new Set(names('account').map(([name]) => name)),
    ownUsers: new Map(names('user')),
    drains: indexDrains(desired.accounts, rows.jobs, stops),
    uids: rows.uids === null ? null : new Map(rows.uids.map(({ name, uid }) => [name, uid])),
  };
}

interface Part {
  readonly changes: readonly Change[];
  readonly owned: readonly SlurmOwned[];
  readonly refusals: readonly SlurmRefusal[];
  readonly draining?: readonly SlurmDrain[];
}

function planAccounts(desired: readonly DesiredSlurmAccount[], index: Index): Part {
  const changes: Change[] = [];
  const owned: SlurmOwned[] = [];
  const refusals: SlurmRefusal[] = [];
  for (const account of desired) {
    const { name, scimId } = account;
    const row = index.accounts.get(name);
    const isManaged = index.ownAccounts.has(name);
    if (row === undefined) {
      if (!isManaged) owned.push({ kind: 'account', name, scimId });
      const because = 'a rule makes an account of the group';
      changes.push({ kind: 'slurm-account-add', scimId, name, because, settings: settingsOf(account) });
    } else if (!isManaged) {
      const detail = `the Slurm account ${name} was not made by sunk-agent: take it over with sunk-agent import --slurm, or give the rule another account`;
      refusals.push({ scimId, kind: 'Group', name, code: 'slurm-account-foreign', detail });
    } else {
      const { settings, raises } = compareSettings(settingsOf(account), row);
      if (settings === null) continue;
      const because = 'the rule says so';
      changes.push({ kind: 'slurm-account-alter', scimId, name, because, settings, raises });
    }
  }
  return { changes, owned, refusals };
}

function settingsOf({
  parent,
  qos,
  defaultQos,
  fairshare,
  limits,
}: DesiredSlurmAccount): SlurmAccountSettings {
  return { parent, qos, defaultQos, fairshare, limits };
}

/** Users that sunk-agent made for people who have no account on the node any more. */
function listDeparted({ ownUsers }: Index, listed: ReadonlySet<string>): DesiredSlurmPerson[] {
  return [...ownUsers]
    .filter(([name]) => !listed.has(name))
    .sort(([a], [b]) => compare(a, b))
    .map(([name, scimId]) => ({
      scimId,
      name,
      uid: -1,
      isEnabled: false,
      accounts: [],
      defaultAccount: null,
    }));
}

function planPerson(given: DesiredSlurmPerson, usable: ReadonlySet<string>, index: Index): Part {
  const { scimId, name, uid } = given;
  const user = index.users.get(name);
  const all = index.associationsOf.get(name) ?? [];
  const trouble = findTrouble(given, index);
  // What the controller cannot use is taken away, and made anew when it is gone.
  const person = trouble === null ? given : { ...given, accounts: [] };
  const { isEnabled } = person;
  const wanted = person.accounts.filter((account) => usable.has(account));
  if (user !== undefined && !index.ownUsers.has(name)) {
    // No managed association can be there.
    if (person.accounts.length === 0) return NOTHING;
    const detail = `the Slurm user ${name} was not made by sunk-agent: take it over with sunk-agent import --slurm`;
    return { ...NOTHING, refusals: [{ scimId, kind: 'User', name, code: 'slurm-user-foreign', detail }] };
  }
  const managed = all.filter(({ account, partition }) => partition === '' && usable.has(account));
  const common = { scimId, name };
  const present = new Set(managed.map(({ account }) => account));
  // While the controller does not answer, it cannot be seen whether it resolves the name.
  const missing = index.uids === null ? [] : wanted.filter((account) => !present.has(account));
  const leaving = managed
    .filter(({ account }) => !wanted.includes(account))
    // Slurm keeps that of the default account while there is another.
    .sort((a, b) => Number(isDefault(a, user)) - Number(isDefault(b, user)));
  const because = trouble?.because ?? (isEnabled ? 'not in a group of that account' : 'has no access');
  const losing = { ...common, because, isEnabled: isEnabled && trouble === null };
  const draining = trouble === null ? findDraining(person, leaving, index.drains) : [];
  const goingOn = new Set(draining.map(({ account }) => account));
  const ending = leaving.filter(({ account }) => !goingOn.has(account));
  const changes: Change[] = [
    ...planLosses(losing, ending, index),
    ...planDrains(losing, leaving, draining, index.drains),
    ...listLeftJobs(name, index, present).flatMap((account): Change[] =>
      usable.has(account) && !wanted.includes(account)
        ? [{ kind: 'slurm-jobs-cancel', ...losing, account, isPendingOnly: false }]
        : [],
    ),
    ...managed.flatMap(({ account, isStopped }): Change[] =>
      isStopped && wanted.includes(account)
        ? [{ kind: 'slurm-submit-allow', ...common, account, because: 'in a group of that account' }]
        : [],
    ),
    ...missing.map((account): Change => {
      const isFirst = user === undefined && account === (person.defaultAccount ?? missing[0]);
      const why = 'in a group of that account';
      return { kind: 'slurm-association-add', ...common, account, uid, isFirst, because: why };
    }),
  ];
  const foreign = all.filter((row) => !managed.includes(row));
  const left = chooseDefault(person, wanted, managed) ?? chooseForeign(user, leaving, foreign);
  if (user !== undefined && left !== null && left !== user.defaultAccount)
    changes.push({ kind: 'slurm-default-set', ...common, account: left, because: sayDefault(person) });
  const isNew = missing.length > 0 && !index.ownUsers.has(name);
  return {
    changes,
    owned: isNew ? [{ kind: 'user', name, scimId }] : [],
    refusals: [...(trouble?.refusals ?? []), ...refuseForeign(person, foreign)],
    draining,
  };
}

function isDefault({ account }: SlurmAssociationRow, user: SlurmUserRow | undefined): boolean {
  return account === user?.defaultAccount;
}

/** While the controller does not answer, its jobs are not known, and would outlive the association: then it stays, stopped. */
function planLosses(
  losing: Pick<SlurmSubmitStop, 'scimId' | 'name' | 'because' | 'isEnabled'>,
  leaving: readonly SlurmAssociationRow[],
  { jobs, uids }: Index,
): Change[] {
  return leaving.flatMap(({ account, isStopped }): Change[] => [
    ...(isStopped ? [] : [{ kind: 'slurm-submit-stop', ...losing, account } as const]),
    ...(jobs.has(`${losing.name} ${account}`)
      ? [{ kind: 'slurm-jobs-cancel', ...losing, account, isPendingOnly: false } as const]
      : []),
    ...(uids === null ? [] : [{ kind: 'slurm-association-remove', ...losing, account } as const]),
  ]);
}

/** Accounts in which the user has jobs and no association: Slurm removed it while slurmctld was away. */
function listLeftJobs(name: string, { jobsOf }: Index, present: ReadonlySet<string>): string[] {
  return (jobsOf.get(name) ?? []).filter((account) => !present.has(account)).sort(compare);
}

interface Trouble {
  readonly because: string;
  readonly refusals: readonly SlurmRefusal[];
}

/** Whether the controller can use this person's associations; null: it can, as far as is known. */
function findTrouble({ scimId, name, uid, isEnabled }: DesiredSlurmPerson, { uids }: Index): Trouble | null {
  const known = uids?.get(name);
  if (!isEnabled || known === undefined || known === uid) return null;
  const because =
    known === null
      ? 'the controller cannot resolve the name'
      : `the controller knows the name with the uid ${known}, not ${uid}`;
  const detail = `${because}: its host must resolve ${name} as this one does (getent passwd ${name} there)`;
  return { because, refusals: [{ scimId, kind: 'User', name, code: 'slurm-uid', detail }] };
}

const NOTHING: Part = { changes: [], owned: [], refusals: [] };

/** A rule's, else the oldest of those that stay; null: none stays. */
function chooseDefault(
  { defaultAccount }: DesiredSlurmPerson,
  wanted: readonly string[],
  managed: readonly SlurmAssociationRow[],
): string | null {
  if (defaultAccount !== null && wanted.includes(defaultAccount)) return defaultAccount;
  const [oldest] = managed.filter(({ account }) => wanted.includes(account)).sort((a, b) => a.id - b.id);
  return oldest?.account ?? wanted[0] ?? null;
}

/** Slurm keeps the association of a default account as long as there is another: then the default moves there. */
function chooseForeign(
  user: SlurmUserRow | undefined,
  leaving: readonly SlurmAssociationRow[],
  foreign: readonly SlurmAssociationRow[],
): string | null {
  if (!leaving.some(({ account }) => account === user?.defaultAccount)) return null;
  return foreign.toSorted((a, b) => a.id - b.id)[0]?.account ?? null;
}

function sayDefault({ defaultAccount }: DesiredSlurmPerson): string {
  return defaultAccount === null ? 'the oldest account is the default' : 'the default by rule';
}

/** Who has no access keeps what others gave: that is said, for only they can take it. */
function refuseForeign(
  { scimId, name, isEnabled }: DesiredSlurmPerson,
  foreign: readonly SlurmAssociationRow[],
): SlurmRefusal[] {
  if (isEnabled || foreign.length === 0) return [];
  const accounts = [...new Set(foreign.map(({ account }) => account))].sort(compare).join(', ');
  const detail = `${name} has no access, and associations that sunk-agent did not make: ${accounts}. Remove them: sacctmgr delete user ${name}`;
  return [{ scimId, kind: 'User', name, code: 'slurm-association-foreign', detail }];
}

function sortChanges(changes: readonly Change[]): Change[] {
  const rank = new Map(CHANGE_ORDER.map((kind, index) => [kind, index]));
  const rankOf = ({ kind }: Change): number => rank.get(kind) ?? 0;
  // Accounts stay as they are: parents first.
  return changes
    .map((change, index) => ({ change, index }))
    .sort(
      (a, b) =>
        rankOf(a.change) - rankOf(b.change) ||
        (a.change.kind.startsWith('slurm-account-') ? 0 : compare(a.change.name, b.change.name)) ||
        a.index - b.index,
    )
    .map(({ change }) => change);
}
