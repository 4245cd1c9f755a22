// What the store answers: to the reader that runs, and to one that starts now, with what is in place now.
import { askRunningReader } from '../../agent/reader-client/ask-running-reader.ts';
import { withReader } from '../../agent/reader-client/with-reader.ts';
import type { NodeContext } from '../../agent/node-context.ts';
import { tryProbe } from '../probe.ts';
import type { Facts } from './facts.ts';

export async function gatherProbe(context: NodeContext): Promise<Pick<Facts, 'probe' | 'agent'>> {
  const { access } = context.config;
  const groups = [...access.groups, ...access.sudo_groups];
  const [running, next] = await Promise.all([
    askRunningReader(context, groups),
    tryProbe(() => withReader(context, (reader) => reader.probe(groups))),
  ]);
  const answer = running?.answer ?? null;
  return {
    probe: answer ?? next,
    agent: {
      reader: running === null ? null : answer === null ? 'away' : 'connected',
      isConfigInForce: running?.isConfigInForce ?? null,
      nextProbe: answer === null ? null : next,
    },
  };
}
