// The overview of all commands, and what a mistyped one may have meant.
import { editDistance } from '../common/text/edit-distance.ts';

export const OVERVIEW = `Usage: sunk-agent COMMAND [OPTIONS]

Keeps this login node in agreement with the organisation's user store.

  init      write the configuration: store, token and groups, after showing the plan
  run       the daemon
  sync      run one sync now
  plan      what a sync would change
  approve   approve the changes that the guard holds under a hash
  status    is this node healthy, and why not
  why       the first cause why a user cannot log in
  list      who has access to this node, why and with what; for access reviews
  history   what changed for which user, when and why, and what operators did
  doctor    what prevents logins from working as configured
  block     revoke the access of a user or key at once; unblock restores it
  extend    extend keys in an emergency, without the store
  grant     let a user into an access or sudo group for a while
  freeze    stop grants and removals for absence for a while; thaw ends it
  import    take over existing accounts
  ledger    export, compare and rebuild what binds names and ids
  rebind    move users and groups to new SCIM ids
  fleet     which pods follow this publisher, by what they report
  forget    erase what this node keeps of a user who left
  config    check a configuration before it is rolled out
  hook      run the pending off-boarding hooks; called by its service

Every command takes:
  --config FILE   instead of /etc/sunk-agent/config.yaml
  --root DIR      work below DIR, as if it were the node's /
  --json          for programs
  --help          more about the command

sunk-agent --version prints the version.

Exit status: 64 a wrong command line, 78 a wrong configuration; the rest is under each command's --help.`;

/** `: did you mean "status"?` where one command is at most two edits away; else empty. */
export function suggest(typed: string, commands: readonly string[]): string {
  const [best] = commands
    .map((command) => ({ command, distance: editDistance(typed, command) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= 2 ? `: did you mean ${JSON.stringify(best.command)}?` : '';
}
