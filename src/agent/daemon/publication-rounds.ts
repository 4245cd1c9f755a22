// Beside the syncs of a publisher: signs the manifest anew when it is due, and publishes what a full volume kept back.
import { describeError } from '../../common/errors.ts';
import { createLogDedup } from '../../common/log-dedup.ts';
import type { NodeContext } from '../node-context.ts';
import { isPublicationDue, isPublishing, publishGeneration } from '../publication/publish-generation.ts';
import type { ContextKeeper } from './context-recovery.ts';

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
  let isUnderWay = false;

  async function round(): Promise<void> {
    const now = Math.floor(Date.now() / 1000);
    if (isUnderWay || !isPublicationDue(node, now)) return;
    isUnderWay = true;
    try {
      const published = await keeper.withLock(
        () => {},
        (context) => Promise.resolve(publishGeneration(context, now)),
      );
      problems.note(published?.problem ?? null);
    } catch (error) {
      problems.note(`nothing could be published: ${describeError(error)}`);
    } finally {
      isUnderWay = false;
    }
  }

  const timer = setInterval(() => void round(), EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
