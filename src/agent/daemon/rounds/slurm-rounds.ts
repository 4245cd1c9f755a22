// The daemon's rounds over Slurm: after each sync that changed something, and every `slurm.every`; one at a time.
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../../../common/errors.ts';
import { createLogDedup } from '../../../common/log-dedup.ts';
import type { NodeContext } from '../../node-context.ts';
import { listenForSlurm, type SlurmLink } from '../../slurm/slurm-link.ts';
import { runSlurmRound } from '../../slurm/slurm-round.ts';
import { writeSlurmAccounts } from '../../slurm/slurm-accounts.ts';
import { writeSlurmStatus } from '../../slurm/slurm-status.ts';
import type { ContextKeeper } from '../context-recovery.ts';

export interface SlurmRounds {
  /**
   * A sync has ended: a round begins, or another one after that which is under way.
   * @param isChange whether it changed something.
   */
  look(isChange: boolean): void;
  stop(): void;
}

/** Does nothing, and listens for no worker, unless `slurm.mode` is set. */
export function startSlurmRounds(node: NodeContext, keeper: Pick<ContextKeeper, 'withLock'>): SlurmRounds {
  const { slurm } = node.config;
  if (slurm.mode === 'off') {
    // Of a configuration that had it.
    for (const file of [node.paths.slurmStatus, node.paths.slurmAccounts]) rmSync(file, { force: true });
    return { look: () => {}, stop: () => {} };
  }
  const say = createSayer(node);
  const heldSince = new Map<string, number>();
  const failed = new Map<string, string>();
  const link: SlurmLink = listenForSlurm(node);
  let isUnderWay = false;
  const bell = createBell();

  async function round(isAfterChange: boolean): Promise<void> {
    try {
      const report = await runSlurmRound({
        link,
        heldSince,
        failed,
        withContext: (work) => keeper.withLock(() => {}, work),
        pause: (ms) => bell.pause(ms),
        isAfterChange,
      });
      say(report);
      if (report.isCut) bell.ring(true);
    } catch (error) {
      say({ failedAt: Math.floor(Date.now() / 1000), problem: describeError(error) });
    }
  }

  function ask(isChange = false): void {
    bell.ring(isChange);
    if (isUnderWay) return;
    const problem = link.problem();
    if (problem !== null) {
      say({ failedAt: Math.floor(Date.now() / 1000), problem });
      return;
    }
    isUnderWay = true;
    void (async () => {
      for (let rung = bell.take(); rung !== null; rung = bell.take()) await round(rung === 'change');
    })().finally(() => (isUnderWay = false));
  }

  link.onConnect(() => ask());
  const timer = setInterval(() => ask(), slurm.every * 1000);
  timer.unref();
  return {
    look: ask,
    stop() {
      clearInterval(timer);
      link.close();
    },
  };
}

/** Tells a round that waits that another one was asked for: who leaves does not wait for the jobs of someone else. */
function createBell() {
  let rung: 'change' | 'time' | null = null;
  let sleeper = new AbortController();
  const take = (): typeof rung => {
    const was = rung;
    rung = null;
    return was;
  };
  return {
    ring(isChange: boolean) {
      rung = isChange || rung === 'change' ? 'change' : 'time';
      sleeper.abort();
    },
    /** For what it was rung since it was taken last; null: it was not. */
    take,
    /** Whether it was, after so many milliseconds, or as soon as it is rung. */
    async pause(ms: number): Promise<boolean> {
      sleeper = new AbortController();
      if (rung === null) await sleep(ms, undefined, { signal: sleeper.signal }).catch(() => {});
      return take() !== null;
    },
  };
}

/** Writes what a round found, and logs what is new of it; a full disk stops no round. */
function createSayer({ paths, log }: NodeContext): (outcome: Parameters<typeof writeSlurmStatus>[1]) => void {
  const problems = createLogDedup(log);
  return (outcome) => {
    try {
      writeSlurmStatus(paths, outcome);
      if (!('problem' in outcome)) writeSlurmAccounts(paths, outcome);
    } catch (error) {
      log.warn(`the status of Slurm is not written: ${describeError(error)}`);
    }
    problems.note('problem' in outcome ? `Slurm: ${outcome.problem}` : (outcome.problems[0] ?? null));
  };
}
