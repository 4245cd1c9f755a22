// Accounts: made where a rule asks for one that is not there, altered where it says otherwise, refused where others made it; pure.
import type { DesiredSlurmAccount, SlurmRefusal } from '../../policy/slurm/desired-slurm.ts';
import type { Change } from '../change.ts';
import type { SlurmAccountSettings } from '../changes/slurm.ts';
import { findCircles, gainsByMove, listChain, readInForce } from './account-tree.ts';
import { compareSettings } from './compare-settings.ts';
import { NO_LIMIT } from './limit-values.ts';
import type { SlurmPlan } from './plan-model.ts';
import { type RowIndex, sayForeign } from './row-index.ts';
import type { SlurmAccountRow, SlurmOwned } from './slurm-rows.ts';

/** @param desired parents before their children: the changes keep that order. */
export function planAccounts(
  desired: readonly DesiredSlurmAccount[],
  index: RowIndex,
): Omit<SlurmPlan, 'draining'> {
  const changes: Change[] = [];
  const owned: SlurmOwned[] = [];
  const refusals: SlurmRefusal[] = [];
  const managed = new Map(
    desired.flatMap((account) =>
      index.accounts.has(account.name) && !index.ownAccounts.has(account.name)
        ? []
        : [[account.name, account] as const],
    ),
  );
  const circles = findCircles(managed, index.accounts);
  const after = new Map(index.accounts);
  for (const [name, account] of managed)
    if (!circles.has(name)) after.set(name, describeRow(account, index.accounts.get(name)));
  /** Accounts that get more. */
  const raised = new Set<string>();
  for (const account of desired) {
    const { name, scimId } = account;
    const row = index.accounts.get(name);
    const isManaged = index.ownAccounts.has(name);
    if (circles.has(name)) {
      const detail = `the rule puts the Slurm account ${name} under ${account.parent}, which is below it: give the rule another parent`;
      refusals.push({ scimId, kind: 'Group', name, code: 'slurm-parent', detail });
    } else if (row === undefined) {
      if (!isManaged) owned.push({ cluster: index.cluster, kind: 'account', name, scimId });
      const because = 'a rule makes an account of the group';
      const settings = withoutClearing(settingsOf(account));
      changes.push({ kind: 'slurm-account-add', scimId, name, because, settings });
    } else if (!isManaged) {
      const detail = `${sayForeign('account', name, index)}, or give the rule another account`;
      refusals.push({ scimId, kind: 'Group', name, code: 'slurm-account-foreign', detail });
    } else {
      const own = compareSettings(settingsOf(account), row, readInForce(row, index.accounts));
      const { settings } = own;
      if (settings === null) continue;
      const isMoved = settings.parent !== null;
      const raises = own.raises || (isMoved && getsMore(name, raised, index.accounts, after));
      if (raises) raised.add(name);
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

/**
 * Of the parents that it is to have.
 * @param raised those that get more by this very plan: what it gets of them waits with them.
 */
function getsMore(
  name: string,
  raised: ReadonlySet<string>,
  before: RowIndex['accounts'],
  after: RowIndex['accounts'],
): boolean {
  const row = after.get(name);
  const chain = row === undefined ? [] : listChain(row, after);
  return chain.some((one) => raised.has(one.name)) || gainsByMove(name, before, after);
}

/** As it is once the rule is in force. */
function describeRow(
  { name, parent, qos, defaultQos, fairshare, limits }: DesiredSlurmAccount,
  row: SlurmAccountRow | undefined,
): SlurmAccountRow {
  const all = Object.entries({ ...row?.limits, ...limits });
  return {
    name,
    parent,
    qos: qos ?? row?.qos ?? [],
    defaultQos: defaultQos ?? row?.defaultQos ?? '',
    fairshare: fairshare ?? row?.fairshare ?? null,
    limits: Object.fromEntries(all.filter(([, value]) => value !== NO_LIMIT)),
  };
}

/** A new account has no limit that could be taken away. */
function withoutClearing({ limits, ...rest }: SlurmAccountSettings): SlurmAccountSettings {
  return {
    ...rest,
    limits: Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== NO_LIMIT)),
  };
}
