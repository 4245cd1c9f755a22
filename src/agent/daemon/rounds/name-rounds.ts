// The daemon's hourly round over the managed names, beside its syncs: no sync waits for it, and it changes nothing.
import { describeError } from '../../../common/errors.ts';
import type { NodeContext } from '../../node-context.ts';
import { readNameRound, runNameRound, writeNameRound } from '../../reconcile/name-round.ts';
import type { ContextKeeper } from '../context-recovery.ts';
import { repeatOneAtATime } from './one-at-a-time.ts';

const EVERY_MS = 3_600_000;

export interface NameRounds {
  stop(): void;
}

/** The first round begins at once, the next ones hourly; one that fails is logged. */
export function startNameRounds(
  { paths, log }: Pick<NodeContext, 'paths' | 'log'>,
  keeper: Pick<ContextKeeper, 'get'>,
): NameRounds {
  async function round(): Promise<void> {
    const context = keeper.get();
    const known = new Set(readNameRound(paths)?.conflicts.map(({ detail }) => detail));
    const found = await runNameRound(context, context.state.bindings());
    writeNameRound(paths, found);
    for (const { detail } of found.conflicts) if (!known.has(detail)) log.error(detail);
  }

  const rounds = repeatOneAtATime(EVERY_MS, round, (error) =>
    log.warn(`the managed names could not be asked again: ${describeError(error)}`),
  );
  rounds.ask();
  return { stop: () => rounds.stop() };
}
