// Beside the syncs of a publisher: signs the manifest again when it is due, and publishes what a full volume delayed.
import { describeError } from '../../../common/errors.ts';
import { createLogDedup } from '../../../common/log-dedup.ts';
import { viewState } from '../../../state/state.ts';
import type { NodeContext } from '../../node-context.ts';
import { adoptBlocks } from '../../publication/adopt-blocks.ts';
import { isPublicationDue, isPublishing, publishGeneration } from '../../publication/publish-generation.ts';
import { recordAct } from '../../report/audit.ts';
import type { ContextKeeper } from '../context-recovery.ts';
import { repeatOneAtATime } from './one-at-a-time.ts';

const EVERY_MS = 15_000;

export interface PublicationRounds {
  stop(): void;
}

/** Also while the store is away. Does nothing where this node publishes no generations. */
export function startPublicationRounds(
  node: NodeContext,
  keeper: Pick<ContextKeeper, 'withLock'>,
): PublicationRounds {
  if (!isPublishing(node.config)) return { stop: () => {} };
  const problems = createLogDedup(node.log);

  async function round(): Promise<void> {
    const now = Math.floor(Date.now() / 1000);
    takeBlocks(node, now);
    if (!isPublicationDue(node, now)) return;
    const published = await keeper.withLock(
      () => {},
      (context) => Promise.resolve(publishGeneration(context, now)),
    );
    problems.note(published?.problem ?? null);
  }

  const rounds = repeatOneAtATime(EVERY_MS, round, (error) =>
    problems.note(
      `nothing could be published, or no block be taken from the volume: ${describeError(error)}`,
    ),
  );
  return { stop: () => rounds.stop() };
}

/** Before the next generation: the watch of the block list revokes, and the sync after it publishes. */
function takeBlocks(node: NodeContext, now: number): void {
  const view = viewState(node.paths.state);
  try {
    for (const block of adoptBlocks(node, view.bindings(), now)) {
      const { name, uid, until, scimId, isTakenBack } = block;
      const detail = isTakenBack
        ? 'signed by an operator'
        : `until ${new Date(until * 1000).toISOString()}, signed by an operator`;
      node.log.warn({ name, uid, until, isTakenBack }, 'a block from the volume of the followers');
      recordAct(
        node.paths,
        { act: isTakenBack ? 'unblock' : 'block', subject: name, detail, scimId },
        'the volume',
      );
    }
  } finally {
    view.close();
  }
}
