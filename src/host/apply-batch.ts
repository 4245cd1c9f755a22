// Applies one batch of changes: all of them belong to one applier.
import { describeError } from '../common/errors.ts';
import { nameRefusal } from '../common/system-error.ts';
import { describeKind } from '../plan/change.ts';
import type { Applier } from './applier.ts';
import { APPLIERS } from './appliers.ts';

/** @throws Error for a kind without an applier. */
export async function applyBatch(...[batch, context, fail, onDone]: Parameters<Applier>): Promise<void> {
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
