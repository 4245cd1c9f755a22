// The text of our file in sudoers.d(5).

const HEADER = '# Written by sunk-agent from access.sudo_groups; changes are overwritten.';
const RIGHTS = 'ALL=(ALL:ALL) NOPASSWD: ALL';

/**
 * One rule a person, by uid: sudo takes the groups of the process that asks, which a session keeps as long as it is open,
 * so that a rule by group would outlive the membership. By number, because a name could be another account's; without
 * password, because accounts have none (sudoers(5), `#uid`). No one: no file.
 */
export function renderSudoers(uids: Iterable<number>): string {
  const rules = [...new Set(uids)].sort((a, b) => a - b).map((uid) => `#${uid} ${RIGHTS}\n`);
  return rules.length === 0 ? '' : `${HEADER}\n${rules.join('')}`;
}

/** The uids that such a text gives sudo. */
export function readSudoersUids(text: string): Set<number> {
  return new Set([...text.matchAll(/^#(\d+) /gm)].map(([, uid]) => Number(uid)));
}
