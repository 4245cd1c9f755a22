// `sunk-agent hook`: runs the requested off-boarding hooks; the service sunk-agent-hook calls it.
import { answerHookRequests } from '../../host/sessions/hook.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import type { CommandContext } from '../command.ts';

export const failure = 1;
export const options = {};

export const help = `Usage: sunk-agent hook [--config FILE] [--root DIR]

Runs offboarding.hook for each account that was disabled and for which it has not run yet. It is called by
sunk-agent-hook.service, which sunk-agent-hook.path starts, since the agent itself has no network; in a pod by the s6
service sunk-agent-hook. Where neither exists, the agent starts the hook itself. There is no need to call it manually.

The hook is run as root, without arguments, in /, with this environment:
  SUNK_AGENT_NAME      name of the account
  SUNK_AGENT_UID       its uid
  SUNK_AGENT_SCIM_ID   id of the user at the store
  PATH, LANG           fixed values

The hook and every directory above it must belong to root and be writable by root alone. After offboarding.hook_timeout
it is killed with every process that it started. A failure is in the history and in the log, and changes nothing else:
the hook is not run again, but after a crash it may run twice.

Examples:
  sunk-agent hook

Exit status: 0 all ran, whatever their own status, 1 failed.`;

export async function run(context: CommandContext): Promise<number> {
  const { config, paths, log } = openNodeContext(context);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  const count = await answerHookRequests(paths.hooks, config.offboarding, stop.signal);
  log.info({ count }, 'off-boarding hooks ran');
  return 0;
}
