// `sunk-agent plan`: what a sync would change, computed by the engine that would change it.
import { openNodeContext } from '../../agent/node-context.ts';
import { openSyncContext, type SyncContext } from '../../agent/reconcile/context.ts';
import { nameRefusals } from '../../agent/reconcile/name-refusals.ts';
import { decide } from '../../agent/reconcile/decide.ts';
import { judgeFreshness } from '../../agent/ingest/freshness.ts';
import { fetchStore } from '../../agent/ingest/fetch-store.ts';
import { EVERYTHING } from '../../agent/ingest/sync-request.ts';
import { withReader } from '../../agent/reader-client/with-reader.ts';
import { acquireFileLock } from '../../agent/reconcile/file-lock.ts';
import { describeGrants } from '../../agent/report/describe-grants.ts';
import { describeNotInStore } from '../../agent/report/describe-report.ts';
import {
  type GrantSummary,
  summariseGrants,
  summariseNotInStore,
} from '../../agent/reconcile/sync-report.ts';
import type { StateDatabase } from '../../state/state.ts';
import type { Change } from '../../plan/change.ts';
import type { SyncPlan } from '../../plan/sync/plan-sync.ts';
import type { Refusal } from '../../policy/model.ts';
import type { UnmanagedAccount } from '../../plan/sync/list-not-in-store.ts';
import { applyChosenNames } from '../../policy/names/chosen-names.ts';
import { explainNames } from '../../policy/names/explain-names.ts';
import { printPlan } from '../../plan/print.ts';
import { AgentError } from '../../common/errors.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { wrapText } from '../terminal/wrap.ts';
import type { CommandContext } from '../command.ts';
import { mayColour } from '../terminal/colour.ts';
import { describeNames } from './names-text.ts';
import { announceOwner } from '../owner.ts';
import { announceWait, LOCK_PATIENCE_MS } from '../waiting.ts';

export const failure = 1;
export const options = {
  fetch: { type: 'boolean', default: false },
  names: { type: 'boolean', default: false },
} as const;

export const help = `Usage: sunk-agent plan [--fetch] [--names] [--json] [--config FILE] [--root DIR]

What the next sync would change on this node, what the guard would hold and what the policy refuses; changes nothing.
Works on the records of the last sync.

  --fetch   read the store first
  --names   instead: for all people of the store, which account name they have (=), get (+) or would get with
            access (-), where it comes from, and who is refused (!), with what makes it work

Examples:
  sunk-agent plan --fetch
  sunk-agent plan --names
  sunk-agent plan --json

Exit status: 0 nothing to change, 2 changes, 1 error, or the store was not read yet. With --names: 0 no one is refused,
2 some are, 1 the same.`;

export async function run(context: CommandContext): Promise<number> {
  const node = openNodeContext(context);
  announceOwner(context);
  const release = await acquireFileLock(node.paths.syncLock, announceWait, LOCK_PATIENCE_MS);
  const syncContext = openSyncContext(node);
  try {
    const now = Math.floor(syncContext.clock() / 1000);
    const fetched =
      context.values['fetch'] === true
        ? await withReader(node, (reader) => fetchStore({ ...syncContext, reader, now }, EVERYTHING, null))
        : null;
    const freshness = judgeFreshness(fetched, syncContext.state, now);
    const decision = await decide(syncContext, now, freshness);
    if (freshness.completeAt === null && decision.changes.length === 0 && isEmpty(syncContext.state))
      throw new AgentError('refused', 'there is no plan: the store was not read yet', {
        hint: 'sunk-agent plan --fetch reads it',
      });
    if (context.values['names'] === true) return showNames(context, syncContext, decision);
    const {
      changes,
      verdict,
      desired: { refusals },
      notInStore,
    } = decision;
    const grants = summariseGrants(decision.grants, decision.desired);
    process.stdout.write(
      context.json
        ? `${JSON.stringify({ changes, held: verdict.held, refusals, unknown: notInStore.map(({ name }) => name), ...(grants.length === 0 ? {} : { grants }) })}\n`
        : wrapText(
            printPlan(changes, verdict, mayColour()) +
              describeRefusals(refusals, syncContext.state) +
              describeUnmanaged(notInStore, changes) +
              describeGranted(grants),
            process.stdout.columns,
          ),
    );
    return changes.length === 0 ? 0 : 2;
  } finally {
    syncContext.state.close();
    release();
  }
}

/** Whether no record of the store is known. */
function isEmpty(state: Pick<StateDatabase, 'users' | 'groups'>): boolean {
  return state.users().length === 0 && state.groups().length === 0;
}

function showNames(
  { json }: CommandContext,
  { state, config }: Pick<SyncContext, 'state' | 'config'>,
  { desired, facts }: SyncPlan,
): number {
  const users = applyChosenNames(state.users(), config);
  const names = explainNames({ users, bindings: state.bindings(), desired, facts, config });
  process.stdout.write(json ? `${JSON.stringify({ names })}\n` : describeNames(names));
  return names.some(({ status }) => status === 'refused') ? 2 : 0;
}

/** What the policy refuses, and so is in no change: by userName, or the group's name. */
function describeRefusals(
  refusals: readonly Refusal[],
  state: Pick<StateDatabase, 'users' | 'groups'>,
): string {
  if (refusals.length === 0) return '';
  const lines = nameRefusals(refusals, state).map(
    ({ subject, detail }) => `  ! ${makePrintable(`${subject}: ${detail}`, 1000)}\n`,
  );
  return `\nRefused:\n${lines.join('')}`;
}

/** The accounts of the managed group that neither ledger nor store knows. */
function describeUnmanaged(unmanaged: readonly UnmanagedAccount[], changes: readonly Change[]): string {
  const unknown = summariseNotInStore(unmanaged, new Set(changes.map(({ name }) => name)));
  return describeNotInStore({ unknown })
    .map((sentence) => `\nNot managed: ${makePrintable(sentence)}\n`)
    .join('');
}

/** What operators gave for a while, and so is in the plan although the store does not list it. */
function describeGranted(grants: readonly GrantSummary[]): string {
  if (grants.length === 0) return '';
  const lines = describeGrants(grants).map((line) => `  ${makePrintable(line, 600)}\n`);
  return `\nGranted:\n${lines.join('')}`;
}
