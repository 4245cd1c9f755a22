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
  /** A sync has ended: a round begins, or another one after that which is under way. */
  look(): void;
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
  const link: SlurmLink = listenForSlurm(node);
  let isUnderWay = false;
  let isAsked = false;

  async function round(): Promise<void> {
    try {
      const report = await runSlurmRound({
        link,
        heldSince,
        withContext: (work) => keeper.withLock(() => {}, work),
        sleep: (ms) => sleep(ms),
      });
      say(report);
    } catch (error) {
      say({ failedAt: Math.floor(Date.now() / 1000), problem: describeError(error) });
    }
  }

  function ask(): void {
    isAsked = true;
    if (isUnderWay) return;
    if (!link.isConnected()) {
      say({ failedAt: Math.floor(Date.now() / 1000), problem: NO_WORKER });
      return;
    }
    isUnderWay = true;
    void (async () => {
      while (isAsked) {
        isAsked = false;
        await round();
      }
    })().finally(() => (isUnderWay = false));
  }

  link.onConnect(ask);
  const timer = setInterval(ask, slurm.every * 1000);
  timer.unref();
  return {
    look: ask,
    stop() {
      clearInterval(timer);
      link.close();
    },
  };
}

const NO_WORKER = 'the Slurm worker is not connected (systemctl status sunk-agent-slurm)';

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
