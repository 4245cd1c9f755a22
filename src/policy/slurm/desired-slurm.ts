// Who should have which Slurm accounts, from groups of the store and the rules; pure.
import { compare } from '../../common/text/compare.ts';
import { compileGlob } from '../../common/text/glob.ts';
import type { Config } from '../../config/config.ts';
import { slurmName, type SlurmRule, slurmUserName } from '../../config/slurm.ts';
import type { StoredGroup } from '../model.ts';

/** A person with an account on the node, as the ledger has it: what the guard holds is not done. */
export interface SlurmPerson {
  readonly scimId: string;
  readonly name: string;
  readonly uid: number;
  /** Whether the account lets in. */
  readonly isEnabled: boolean;
}

/** An account that a rule asks for; null and absent limits are not managed. */
export interface DesiredSlurmAccount {
  readonly name: string;
  /** SCIM id of the group; of several the first one by name. */
  readonly scimId: string;
  readonly parent: string;
  readonly qos: readonly string[] | null;
  readonly defaultQos: string | null;
  readonly fairshare: number | null;
  readonly limits: SlurmRule['limits'];
  /** How long, in seconds, running jobs of who loses the account may go on; null: not at all. */
  readonly drain: number | null;
}

export interface DesiredSlurmPerson extends SlurmPerson {
  /** Sorted; empty: no managed association. */
  readonly accounts: readonly string[];
  /** By a rule with `default`; null: none decides, so the oldest association stays the default. */
  readonly defaultAccount: string | null;
}

export interface SlurmRefusal {
  /** Group or person. */
  readonly scimId: string;
  readonly kind: 'User' | 'Group';
  /** Of the account or user in Slurm, or of the group. */
  readonly name: string;
  /** Stable: `slurm-name`, `slurm-account-foreign` ... */
  readonly code: string;
  readonly detail: string;
}

export interface DesiredSlurm {
  /** Parents come before their children, else by name. */
  readonly accounts: readonly DesiredSlurmAccount[];
  /** Sorted by name. */
  readonly people: readonly DesiredSlurmPerson[];
  readonly refusals: readonly SlurmRefusal[];
}

export interface DesiredSlurmInput {
  readonly config: Pick<Config, 'slurm'>;
  readonly groups: readonly StoredGroup[];
  readonly people: readonly SlurmPerson[];
}

/** Equal input, in any order of groups and people, gives an equal answer. */
export function computeDesiredSlurm({ config, groups, people }: DesiredSlurmInput): DesiredSlurm {
  const { rules } = config.slurm;
  const refusals: SlurmRefusal[] = [];
  const accounts = new Map<string, DesiredSlurmAccount>();
  const accountsOf = new Map<string, Set<string>>();
  /** The default account of each person who has one by a rule. */
  const defaults = new Map<string, string>();
  const sorted = groups.toSorted(compareRecords);
  for (const rule of rules) {
    const { found, isMissing } = findGroups(rule, sorted);
    if (isMissing) refusals.push(refuseMissing(rule, found[0]));
    for (const { record } of found) {
      const name = rule.account ?? record.name;
      if (!slurmName.safeParse(name).success || name === 'root') {
        refusals.push(refuseName(record.id, name));
        continue;
      }
      if (!accounts.has(name)) accounts.set(name, describeAccount(name, record.id, rule));
      for (const member of record.members) {
        const known = accountsOf.get(member) ?? new Set<string>();
        accountsOf.set(member, known.add(name));
        if (rule.default && !defaults.has(member)) defaults.set(member, name);
      }
    }
  }
  const { known = [], unknown = [] } = Object.groupBy(people, ({ name }) =>
    slurmUserName.safeParse(name).success ? 'known' : 'unknown',
  );
  for (const person of unknown) if (accountsOf.has(person.scimId)) refusals.push(refuseUser(person));
  return {
    accounts: sortParentsFirst([...accounts.values()]),
    people: known
      .map((person) => {
        if (!person.isEnabled) return { ...person, accounts: [], defaultAccount: null };
        const own = [...(accountsOf.get(person.scimId) ?? [])].sort(compare);
        return { ...person, accounts: own, defaultAccount: defaults.get(person.scimId) ?? null };
      })
      .sort((a, b) => compare(a.name, b.name)),
    refusals,
  };
}

/** The one group that a rule names and that is gone keeps its last members: no one loses an account by that. */
function findGroups(
  rule: SlurmRule,
  groups: readonly StoredGroup[],
): { readonly found: readonly StoredGroup[]; readonly isMissing: boolean } {
  const matching = groups.filter((group) => matchRule(rule, group));
  const present = matching.filter(({ absent }) => !absent);
  const isOne = rule.id !== null || !/[*?]/.test(rule.group);
  if (!isOne || present.length > 0) return { found: present, isMissing: false };
  return { found: matching, isMissing: true };
}

function refuseMissing({ group, id }: SlurmRule, known: StoredGroup | undefined): SlurmRefusal {
  const kept = known === undefined ? '' : ': the associations of its last members stay as they are';
  const detail = `the store does not have the group ${group} that a rule of slurm.rules names${kept}`;
  return {
    scimId: known?.record.id ?? id ?? group,
    kind: 'Group',
    name: group,
    code: 'slurm-group-missing',
    detail,
  };
}

function compareRecords({ record: a }: StoredGroup, { record: b }: StoredGroup): number {
  return compare(a.name, b.name) || compare(a.id, b.id);
}

function matchRule({ group, id }: SlurmRule, { record }: StoredGroup): boolean {
  return id === null ? compileGlob(group).test(record.name) : id === record.id;
}

function describeAccount(name: string, scimId: string, rule: SlurmRule): DesiredSlurmAccount {
  const { parent, qos, default_qos: defaultQos, fairshare, limits, drain } = rule;
  return {
    name,
    scimId,
    parent,
    qos: qos === null ? null : [...qos].sort(compare),
    defaultQos,
    fairshare,
    limits,
    drain,
  };
}

function refuseName(scimId: string, name: string): SlurmRefusal {
  const detail = `the group ${name} cannot be a Slurm account: Slurm would fold or split that name. Give its rule an account`;
  return { scimId, kind: 'Group', name, code: 'slurm-name', detail };
}

/** An imported account may be called as Slurm calls no user. */
function refuseUser({ scimId, name }: SlurmPerson): SlurmRefusal {
  const detail = `the account ${name} cannot be a Slurm user: Slurm would fold that name into another one`;
  return { scimId, kind: 'User', name, code: 'slurm-name', detail };
}

/** A circle, which no order resolves, keeps the order of names: the plan refuses it. */
function sortParentsFirst(accounts: readonly DesiredSlurmAccount[]): DesiredSlurmAccount[] {
  const byName = new Map(accounts.map((account) => [account.name, account]));
  const sorted: DesiredSlurmAccount[] = [];
  const seen = new Set<string>();
  const visit = (account: DesiredSlurmAccount): void => {
    if (seen.has(account.name)) return;
    seen.add(account.name);
    const parent = byName.get(account.parent);
    if (parent !== undefined) visit(parent);
    sorted.push(account);
  };
  for (const account of [...accounts].sort((a, b) => compare(a.name, b.name))) visit(account);
  return sorted;
}
