// Beside the syncs: tries a login as the canary every few minutes, and stores the result for status and metrics.
import { describeError } from '../../../common/errors.ts';
import { createLogDedup } from '../../../common/log-dedup.ts';
import type { CanaryOutcome } from '../../../host/trial/judge-canary.ts';
import { tryCanary } from '../../../host/trial/try-canary.ts';
import { type LoginPath, readLoginPath, writeLoginPath } from '../../../host/trial/login-path.ts';
import type { NodeContext } from '../../node-context.ts';
import { hasCanary } from '../../report/login-path.ts';

/** sshd starts after the agent, and for the first minute an sshd that does not listen is asked again soon. */
const FIRST_MS = 2000;
const START_MS = 60_000;
const SOON_MS = 3000;
/** What failed is tried again sooner, but not so often that sshd (PerSourcePenalties) or pam_faillock would count it. */
const AGAIN_MS = 60_000;

/** Characters; the words are those of sshd, PAM and the service. */
const MAX_REASON = 500;

/** What an operator asks for comes at once after a success, and where sshd punishes failures not this soon after one. */
const PAUSE_MS = 30_000;

export interface CanaryRounds {
  /** Tries a login now; false: none is tried on this node, or none so soon after one that failed. */
  tryNow(): Promise<boolean>;
  stop(): void;
}

/** Does nothing where no login is tried: below another root, for another backend, by an agent that observes, or switched off. */
export function startCanaryRounds(node: NodeContext, tryLogin: typeof tryCanary = tryCanary): CanaryRounds {
  const { paths, config, log } = node;
  const { every } = config.canary;
  if (every === null || !hasCanary(paths, config)) return { tryNow: async () => false, stop: () => {} };
  const failures = createLogDedup(log);
  let timer = setTimeout(() => void start(), FIRST_MS);
  let isStopped = false;
  const began = performance.now();
  let current: Promise<void> | null = null;
  /** When sshd may have counted a failure, by performance.now(). */
  let punishedAt = -Infinity;

  /** @returns milliseconds until the next one. */
  async function round(): Promise<number> {
    const outcome = await tryLogin(paths, config);
    if (outcome.state !== 'proven' && outcome.isPunished) punishedAt = performance.now();
    const found = toLoginPath(outcome, readLoginPath(paths), every ?? 0, Math.floor(Date.now() / 1000));
    writeLoginPath(paths, found);
    failures.note(found.state === 'failed' ? `no login works on this node: ${found.reason}` : null);
    const due = (every ?? 0) * 1000;
    if (found.state === 'proven') return due;
    // Neither counts at sshd or PAM as a login that failed.
    const isEarly = performance.now() - began < START_MS && (found.step === 'connect' || found.step === null);
    return isEarly ? SOON_MS : Math.min(due, AGAIN_MS);
  }

  async function tryAndWait(): Promise<void> {
    let wait = AGAIN_MS;
    try {
      wait = await round();
    } catch (error) {
      log.warn(`no login could be tried: ${describeError(error)}`);
    }
    current = null;
    if (!isStopped) timer = setTimeout(() => void start(), wait);
  }

  /** Never two at a time. */
  function start(): Promise<void> {
    clearTimeout(timer);
    current ??= tryAndWait();
    return current;
  }

  return {
    async tryNow() {
      if (isStopped || performance.now() - punishedAt < PAUSE_MS) return false;
      await start();
      return true;
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** Pure. @param before the last one since the node booted; both times in epoch seconds. */
export function toLoginPath(
  { state, failed, detail }: Pick<CanaryOutcome, 'state' | 'failed' | 'detail'>,
  before: LoginPath | null,
  every: number,
  now: number,
): LoginPath {
  return {
    state,
    at: now,
    lastProven: state === 'proven' ? now : (before?.lastProven ?? null),
    step: failed,
    reason: state === 'proven' ? '' : detail.slice(0, MAX_REASON),
    every,
  };
}
