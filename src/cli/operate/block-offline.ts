// `sunk-agent block NAME --offline KEY`: a signed block on the volume, which followers obey while the publisher is away.
import path from 'node:path';
import type { NodeContext } from '../../agent/node-context.ts';
import { readPublishedPerson } from '../../agent/publication/restore-published.ts';
import { recordAct } from '../../agent/report/audit.ts';
import { AgentError, describeError } from '../../common/errors.ts';
import { attempt } from '../../common/system-error.ts';
import { sayTime } from '../../common/text/relative-time.ts';
import { BLOCK_NAMESPACE, renderBlock } from '../../publish/offline-block.ts';
import { signText } from '../../publish/signature.ts';
import { putBlock } from '../../publish/volume.ts';

const DEFAULT_SECONDS = 86_400;
const MAX_SECONDS = 7 * 86_400;

/**
 * @param key the operator's private key, or its public one where ssh-agent(1) has the other half.
 * @param until epoch seconds; null: a day.
 * @throws AgentError refused, host_write
 */
export function blockOffline(node: NodeContext, name: string, key: string, until: number | null): void {
  const now = Math.floor(Date.now() / 1000);
  const end = until ?? now + DEFAULT_SECONDS;
  if (end > now + MAX_SECONDS)
    throw new AgentError('usage', 'a block that cannot be taken back lasts seven days at most: --for 7d');
  const volume = path.join(node.paths.root, node.config.publish.directory);
  const person = readPublishedPerson(node, volume, name);
  const text = renderBlock({ ...person, until: end });
  const signed = `${text}${signText(key, BLOCK_NAMESPACE, text)}`;
  attempt(`cannot write in ${volume}`, () => putBlock(volume, signed));
  try {
    recordAct(node.paths, { act: 'block', subject: name, detail: 'offline, on the volume of the followers' });
  } catch (error) {
    process.stderr.write(`sunk-agent: ${describeError(error)}\n`);
  }
  process.stdout.write(
    `${person.name} (uid ${person.uid}) is blocked until ${sayTime(end)} on each follower that trusts this key, at its next poll. Not checked: whether they have it (sunk-agent fleet)\n`,
  );
}
