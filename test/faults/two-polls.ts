// A revocation under a lasting nuisance of the store: after two polls the person has no access.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoginRoot } from '../support/nodes/login-root/login-root.ts';
import type { Outcome } from '../support/nodes/login-root/processes.ts';
import { findAccess } from './oracle.ts';

const POLLS = 2;
/** A store that asked for a pause is not asked again within 10 s. */
const PAUSE_MS = 10_500;

/**
 * Polls, approves what is held, and polls again as often as a poll may be refused for a pause.
 * @param name of the account.
 * @returns what is left of the access, and then what each poll said.
 */
export async function findAfterTwoPolls(node: LoginRoot, name: string): Promise<string[]> {
  const said: string[] = [];
  const poll = async (): Promise<Outcome> => {
    const outcome = await node.startPoll();
    said.push(`a poll: ${describe(outcome)}`);
    if (!node.isResident || !outcome.stderr.includes('the state database is damaged')) return outcome;
    // No command sets aside what an agent has open. The agent's own poll is what counts there.
    const own = await node.startSync().over;
    said.push(`the agent's: ${describe(own)}`);
    return own;
  };
  for (let count = 0; count < POLLS; count += 1) {
    let outcome = await poll();
    if (isPaused(outcome)) {
      await sleep(PAUSE_MS);
      outcome = await poll();
    }
    const held = outcome.report?.held ?? [];
    for (const { hash } of held) node.approve(hash);
    if (held.length > 0) await poll();
  }
  const left = findAccess(node, name).map((one) => `two polls after the revocation: ${one}`);
  return left.length === 0 ? [] : [...left, ...said];
}

const isPaused = ({ report }: Outcome): boolean => report?.failure?.code === 'store_busy';

function describe({ status, signal, report, stderr }: Outcome): string {
  if (report === null) return `ended with ${signal ?? status}: ${stderr.trim()}`;
  const { n, startedAt, fetched, failure, changes, held, problems } = report;
  return JSON.stringify({ n, startedAt, fetched, failure, changes, held, problems });
}
