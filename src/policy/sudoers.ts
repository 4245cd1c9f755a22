// The text of our file in sudoers.d(5).

const HEADER = '# Written by sunk-agent from access.sudo_groups; changes are overwritten.';

/** With `NOTAFTER` in UTC (sudoers(5), since sudo 1.8.20), the last second in which the rule counts. */
function renderRights(end: number | undefined): string {
  if (end === undefined) return 'ALL=(ALL:ALL) NOPASSWD: ALL';
  const last = new Date((end - 1) * 1000).toISOString().slice(0, 19).replace(/[-T:]/g, '');
  return `ALL=(ALL:ALL) NOTAFTER=${last}Z NOPASSWD: ALL`;
}

/**
 * One rule a person, by uid: sudo takes the groups of the process that asks, which a session keeps as long as it is open,
 * so that a rule by group would outlive the membership. By number, because a name could be another account's; without
 * password, because accounts have none (sudoers(5), `#uid`). No one: no file.
 * @param ends epoch seconds from which a rule no longer counts, by uid.
 */
export function renderSudoers(uids: Iterable<number>, ends: ReadonlyMap<number, number>): string {
  const rules = [...new Set(uids)]
    .sort((a, b) => a - b)
    .map((uid) => `#${uid} ${renderRights(ends.get(uid))}\n`);
  return rules.length === 0 ? '' : `${HEADER}\n${rules.join('')}`;
}

/** The uids that such a text gives sudo. */
export function readSudoersUids(text: string): Set<number> {
  return new Set([...text.matchAll(/^#(\d+) /gm)].map(([, uid]) => Number(uid)));
}

/** Epoch seconds from which rules of such a text no longer count, by uid; those without an end are left out. */
export function readSudoersEnds(text: string): Map<number, number> {
  const ends = new Map<number, number>();
  for (const [, uid, ...parts] of text.matchAll(TIMED)) {
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
    ends.set(Number(uid), Date.UTC(year, month - 1, day, hour, minute, second) / 1000 + 1);
  }
  return ends;
}

const TIMED = /^#(\d+) .*NOTAFTER=(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z /gm;
