// What the agent that runs says: what its reader meets at the store, and one that starts now; and whether a login works.
import { askRunningAgent } from '../../agent/operator/ask-agent.ts';
import { withReader } from '../../agent/reader-client/with-reader.ts';
import { findLoginPath } from '../../agent/report/login-path.ts';
import type { NodeContext } from '../../agent/node-context.ts';
import { tryProbe } from '../probe.ts';
import type { Facts } from './facts.ts';

/** Has a login tried first. @param now epoch seconds. */
export async function gatherAgent(
  context: NodeContext,
  now: number,
): Promise<Pick<Facts, 'probe' | 'agent' | 'loginPath'>> {
  const { access } = context.config;
  const groups = [...access.groups, ...access.sudo_groups];
  const [running, next] = await Promise.all([
    askRunningAgent(context, groups),
    tryProbe(() => withReader(context, (reader) => reader.probe(groups))),
  ]);
  const answer = running?.answer ?? null;
  return {
    probe: answer ?? next,
    // A trial took its time: what it showed is newer than `now`.
    loginPath: findLoginPath(context.paths, context.config, Math.max(now, Math.floor(Date.now() / 1000))),
    agent: {
      reader: running === null ? null : answer === null ? 'away' : 'connected',
      isConfigInForce: running?.isConfigInForce ?? null,
      nextProbe: answer === null ? null : next,
    },
  };
}
