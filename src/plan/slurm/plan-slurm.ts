// From what Slurm should have and what it has to the changes between; pure. What sunk-agent did not make is neither changed nor adopted.
import { compare } from '../../common/text/compare.ts';
import type { DesiredSlurmPerson } from '../../policy/slurm/desired-slurm.ts';
import { type Change, CHANGE_ORDER } from '../change.ts';
import { indexNames } from './name-patterns.ts';
import { planAccounts } from './plan-accounts.ts';
import type { SlurmPlan, SlurmPlanInput } from './plan-model.ts';
import { planPerson } from './plan-person.ts';
import { indexRows, type RowIndex } from './row-index.ts';

/** Equal input, in any order, gives an equal plan. */
export function planSlurm(input: SlurmPlanInput): SlurmPlan {
  const { desired, held } = input;
  const rows = indexRows(input);
  const accounts = planAccounts(desired.accounts, rows);
  // Only where the account is or becomes a managed one can there be a managed association.
  const usable = new Set([...rows.ownAccounts, ...accounts.owned.map(({ name }) => name)]);
  const coming = desired.people.filter(({ accounts: own }) => own.some((one) => usable.has(one)));
  // Users of other clusters too, which share slurmdbd's list: Slurm removes those of all clusters.
  const names = indexNames(
    new Set([...rows.associationsOf.keys(), ...rows.users.keys(), ...coming.map(({ name }) => name)]),
  );
  const index = { ...rows, usable, names };
  const listed = new Set(desired.people.map(({ name }) => name));
  const people = [...desired.people, ...listDeparted(index, listed)]
    .filter(({ scimId }) => !held.has(scimId))
    .map((person) => planPerson(person, index));
  const parts = [accounts, ...people];
  return {
    changes: sortChanges(parts.flatMap(({ changes }) => changes)),
    owned: parts.flatMap(({ owned }) => owned),
    refusals: [...desired.refusals, ...parts.flatMap(({ refusals }) => refusals)],
    draining: people.flatMap(({ draining }) => draining),
  };
}

/**
 * Whether a plan is the same whatever the guard holds and operators block: those only ever keep changes and refusals of
 * people back, or end what drains.
 */
export function isAtRest({ changes, draining, refusals }: SlurmPlan): boolean {
  return changes.length === 0 && draining.length === 0 && refusals.every(({ kind }) => kind === 'Group');
}

/** Users that sunk-agent made for people who have no account on the node any more. */
function listDeparted({ ownUsers }: RowIndex, listed: ReadonlySet<string>): DesiredSlurmPerson[] {
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
