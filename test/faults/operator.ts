// What operators do in the middle of it all: block a person by any spelling, or grant sudo for a while; and end it again.
import type { LoginRoot } from '../support/nodes/login-root/login-root.ts';
import { SUDO_GROUP } from './company.ts';
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
  // Without a readable state database the word may mean no one yet; it is on the list all the same, for the next sync.
  const isListed = (): boolean => node.read('etc/sunk-agent/blocked').trim() !== '';
  if (!isListed()) return { word, findings };
  const unblocked = node.run('unblock', word);
  if (isListed() || (isKnown && unblocked.status !== 0))
    findings.push(`unblock ${word} ended with ${unblocked.status}: ${unblocked.stderr}`);
  return { word, findings };
}

/**
 * Grants sudo for an hour, and ends it.
 * @param isKnown whether the node's state database is as it was: else person or group may be unknown, which has to be said.
 * @param isAdmin whether the store gives sudo to that person, as far as the node can know.
 * @returns what an oracle finds in between and afterwards; `word` for the log.
 */
export function grantOne(
  node: LoginRoot,
  person: ModelPerson,
  known: { readonly domain: string; readonly isKnown: boolean; readonly isAdmin: boolean },
  rng: Rng,
): { readonly word: string; readonly findings: readonly string[] } {
  const word = spell(person, known.domain, rng);
  const group = ['--group', SUDO_GROUP];
  const granted = node.run('grant', word, ...group, '--for', '1h', '--reason', 'campaign');
  const findings: string[] = [];
  if (known.isKnown && granted.status !== 0)
    findings.push(`grant ${word} ended with ${granted.status}: ${granted.stderr}`);
  const rule = (): string | undefined =>
    node
      .read('etc/sudoers.d/sunk-agent')
      .split('\n')
      .find((line) => line.startsWith(`#${person.uid} `));
  const during = rule();
  if (!known.isAdmin && during !== undefined && !during.includes('NOTAFTER='))
    findings.push(`the grant of ${word} has no end: ${during}`);
  if (granted.status !== 0) return { word, findings };
  const ended = node.run('grant', word, ...group, '--end');
  if (ended.status !== 0)
    findings.push(`the end of the grant of ${word} ended with ${ended.status}: ${ended.stderr}`);
  else if (!known.isAdmin && rule() !== undefined)
    findings.push(`${word} has sudo after the end of a grant: ${rule()}`);
  return { word, findings };
}
