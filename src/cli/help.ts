// The overview of all commands, and what a mistyped one may have meant.

export const OVERVIEW = `Usage: sunk-agent COMMAND [OPTIONS]

Makes this login node agree with the organisation's user store.

  init      write the configuration: store, token and groups, with the plan seen first
  run       the daemon
  sync      one pass now
  plan      what a pass would change
  approve   accept what the guard holds under a hash
  status    is this node healthy, and why not
  why       the first broken link between the store and somebody's shell
  history   what changed for whom, when and why, and what operators did
  doctor    what keeps logins from working as configured
  block     put a person or a key out, now; unblock lets them back
  extend    let keys live on in an emergency, without the store
  freeze    no grants and no absences for a while; thaw ends it
  import    take over accounts that are there already
  rebind    move people and groups to new SCIM ids
  hook      run what offboarding.hook still owes; its service calls it

Every command takes:
  --config FILE   instead of /etc/sunk-agent/config.yaml
  --root DIR      work below DIR, as if it were the node's /
  --json          for programs
  --help          more about the command

Exit status: 64 a wrong command line, 78 a wrong configuration; the rest is under each command's --help.`;

/** `: did you mean "status"?` where one command is at most two letters away; else nothing. */
export function suggest(typed: string, commands: readonly string[]): string {
  const [best] = commands
    .map((command) => ({ command, distance: editDistance(typed, command) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= 2 ? `: did you mean ${JSON.stringify(best.command)}?` : '';
}

/** Levenshtein's distance, by rows. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1];
    for (const [j, other] of b.split('').entries()) {
      next.push(
        Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)),
      );
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
