// Applies changes in their order: splits them into batches, publishes, and reports the result of each change.
import { describeError } from '../common/errors.ts';
import type { Paths } from '../common/paths.ts';
import { nameRefusal } from '../common/system-error.ts';
import { type Change, describeKind, EARLIER_FAILED, isRevocation, restsOn } from '../plan/change.ts';
import type { Applier, ApplyContext, Fail } from './applier.ts';
import { APPLIERS } from './appliers.ts';
import { listDenied, removeDenied } from './keys/deny-list.ts';
import { tellNscd } from './nss/nscd.ts';

/** The result of one change, and its time (epoch seconds). */
export type Applied =
  | { readonly change: Change; readonly at: number; readonly ok: true }
  /** `problem`: one sentence: what failed, where, and how to fix it. */
  | { readonly change: Change; readonly at: number; readonly ok: false; readonly problem: string };

/**
 * Tries every change, in order; a change that fails prevents only those that depend on it.
 * @param onDone called with the number of changes tried, after each batch and within long ones.
 */
export async function applyChanges(
  changes: readonly Change[],
  context: ApplyContext,
  onDone: (done: number) => void,
): Promise<Applied[]> {
  const problems = new Map<Change, string>();
  const spoiled = new Set<string>();
  const times = new Map<Change, number>();
  let unpublished: Change[] = [];
  let done = 0;
  const fail = (change: Change, problem: string): void => {
    problems.set(change, problem);
    for (const subject of describeKind(change).spoils(change)) spoiled.add(subject);
  };
  const publish = async (): Promise<void> => {
    await publishChanges(unpublished, context, fail);
    unpublished = [];
  };
  for (const batch of splitBatches(changes)) {
    // Sessions end and hooks run only after other nodes see the account disabled.
    if (batch.some((change) => describeKind(change).afterPublication)) await publish();
    // An account that could not be created gets no home, no group and no keys; a revocation is tried in any case.
    const ready = batch.filter((change) => !restsOn(change, spoiled));
    if (ready.length > 0) await applyBatch(ready, context, fail, (more) => onDone(done + more));
    const isReady = new Set(ready);
    for (const change of batch) {
      times.set(change, Math.floor(Date.now() / 1000));
      if (!isReady.has(change)) problems.set(change, EARLIER_FAILED);
      else if (!problems.has(change)) unpublished.push(change);
    }
    done += batch.length;
    onDone(done);
  }
  await publish();
  removeFixedDenials(changes, problems, context.paths);
  return changes.map((change) => {
    const at = times.get(change) ?? 0;
    const problem = problems.get(change);
    return problem === undefined ? { change, at, ok: true } : { change, at, ok: false, problem };
  });
}

/** Applies changes that all belong to one applier. @throws Error for a kind without one. */
async function applyBatch(...[batch, context, fail, onDone]: Parameters<Applier>): Promise<void> {
  const [first] = batch;
  if (first === undefined) return;
  const { applier } = describeKind(first);
  const apply = APPLIERS.get(applier);
  if (apply === undefined) throw new Error(`there is no applier ${applier}`);
  try {
    await apply(batch, context, fail, onDone);
  } catch (error) {
    for (const change of batch) fail(change, describeError(nameRefusal(error)));
  }
}

/** A name whose key file is as it should be again leaves the deny list. */
function removeFixedDenials(
  changes: readonly Change[],
  problems: ReadonlyMap<Change, string>,
  { denyList }: Paths,
): void {
  const names = new Set(listDenied(denyList));
  if (names.size === 0) return;
  for (const change of changes)
    if (isKeyChange(change) && !problems.has(change) && names.has(change.name))
      removeDenied(denyList, change.name);
}

async function publishChanges(
  changes: readonly Change[],
  { backend: { publication }, paths }: ApplyContext,
  fail: Fail,
): Promise<void> {
  const visible = changes.filter((change) => describeKind(change).writes !== 'node');
  if (publication === null || visible.length === 0) return;
  try {
    publication.publish(visible.filter((change) => isKeyChange(change) || change.kind === 'account-inherit'));
    if (paths.root === '/') await tellNscd();
  } catch (error) {
    for (const change of visible) fail(change, describeError(nameRefusal(error)));
  }
}

function isKeyChange(change: Change): boolean {
  return describeKind(change).writes === 'keys';
}

/** Runs of changes of one applier that all grant or all revoke. */
function splitBatches(changes: readonly Change[]): Change[][] {
  const batches: Change[][] = [];
  let last: { readonly applier: string; readonly revokes: boolean } | null = null;
  for (const change of changes) {
    const next = { applier: describeKind(change).applier, revokes: isRevocation(change) };
    const current = batches.at(-1);
    if (current !== undefined && last?.applier === next.applier && last.revokes === next.revokes)
      current.push(change);
    else batches.push([change]);
    last = next;
  }
  return batches;
}
