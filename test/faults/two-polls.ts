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
 * @returns what is left of the access.
 */
export async function findAfterTwoPolls(node: LoginRoot, name: string): Promise<string[]> {
  for (let poll = 0; poll < POLLS; poll += 1) {
    let outcome = await node.startPoll();
    if (isPaused(outcome)) {
      await sleep(PAUSE_MS);
      outcome = await node.startPoll();
    }
    const held = outcome.report?.held ?? [];
    for (const { hash } of held) node.approve(hash);
    if (held.length > 0) await node.startPoll();
  }
  return findAccess(node, name).map((one) => `two polls after the revocation: ${one}`);
}

const isPaused = ({ report }: Outcome): boolean => report?.failure?.code === 'store_busy';
