// What operators do in the middle of it all: block a person by any spelling, and end the block.
import type { LoginRoot } from '../support/nodes/login-root/login-root.ts';
import { findAccess } from './oracle.ts';
import type { ModelPerson } from './reference-model.ts';
import type { Rng } from './rng.ts';

/** Each means that one person. */
function spell({ id, name }: ModelPerson, domain: string, rng: Rng): string {
  const address = `${name}@${domain}`;
  return rng.pick([id, name, name.toUpperCase(), address, address.toUpperCase()]);
}

/**
 * Blocks and unblocks.
 * @param isKnown whether the node's state database is as it was: else a word may be unknown, which has to be said.
 * @returns what an oracle finds in between; `word` for the log.
 */
export function blockOne(
  node: LoginRoot,
  person: ModelPerson,
  domain: string,
  isKnown: boolean,
  rng: Rng,
): { readonly word: string; readonly findings: readonly string[] } {
  const word = spell(person, domain, rng);
  const blocked = node.run('block', word);
  const access = blocked.status === 0 ? findAccess(node, person.name) : [];
  const findings = access.map((one) => `after sunk-agent block ${word}: ${one}`);
  if (isKnown && blocked.status !== 0)
    findings.push(`block ${word} ended with ${blocked.status}: ${blocked.stderr}`);
  const unblocked = blocked.status === 0 ? node.run('unblock', word) : { status: 0, stderr: '' };
  if (unblocked.status !== 0)
    findings.push(`unblock ${word} ended with ${unblocked.status}: ${unblocked.stderr}`);
  return { word, findings };
}
