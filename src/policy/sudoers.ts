// The text of our file in sudoers.d(5).

/**
 * One rule a sudo group, by gid, because a name could be another group's; without password, because accounts
 * have none (sudoers(5), `%#gid`). No groups: no file.
 */
export function renderSudoers(gids: readonly number[]): string {
  if (gids.length === 0) return '';
  const rules = [...new Set(gids)]
    .sort((a, b) => a - b)
    .map((gid) => `%#${gid} ALL=(ALL:ALL) NOPASSWD: ALL\n`);
  return `# Written by sunk-agent from access.sudo_groups; changes are overwritten.\n${rules.join('')}`;
}
