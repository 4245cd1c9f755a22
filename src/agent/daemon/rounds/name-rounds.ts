// The daemon's hourly round over the managed names, beside its syncs: no sync waits for it, and it changes nothing.
import { describeError } from '../../../common/errors.ts';
import type { NodeContext } from '../../node-context.ts';
import { readNameRound, runNameRound, writeNameRound } from '../../reconcile/name-round.ts';
import type { ContextKeeper } from '../context-recovery.ts';

const EVERY_MS = 3_600_000;

export interface NameRounds {
  stop(): void;
}

/** The first round begins at once, the next ones hourly; one that fails is logged. */
export function startNameRounds(
  { paths, log }: Pick<NodeContext, 'paths' | 'log'>,
  keeper: Pick<ContextKeeper, 'get'>,
): NameRounds {
  let isUnderWay = false;

  async function round(): Promise<void> {
    const context = keeper.get();
    const known = new Set(readNameRound(paths)?.conflicts.map(({ detail }) => detail));
    const found = await runNameRound(context, context.state.bindings());
    writeNameRound(paths, found);
    for (const { detail } of found.conflicts) if (!known.has(detail)) log.error(detail);
  }

  function start(): void {
    if (isUnderWay) return;
    isUnderWay = true;
    round()
      .catch((error: unknown) =>
        log.warn(`the managed names could not be asked again: ${describeError(error)}`),
      )
      .finally(() => (isUnderWay = false));
  }

  start();
  const timer = setInterval(start, EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
