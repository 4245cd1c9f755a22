// `sunk-agent block NAME --offline KEY` and `unblock`: a signed block on the volume, which followers obey while the publisher is away.
import path from 'node:path';
import type { NodeContext } from '../../agent/node-context.ts';
import { readPublishedPerson } from '../../agent/publication/restore-published.ts';
import { recordAct } from '../../agent/report/audit.ts';
import { AgentError, describeError } from '../../common/errors.ts';
import { attempt } from '../../common/system-error.ts';
import { sayTime } from '../../common/text/relative-time.ts';
import {
  BLOCK_NAMESPACE,
  MAX_BLOCK_SECONDS,
  parseBlock,
  renderBlock,
  renderUnblock,
} from '../../publish/offline-block.ts';
import { signText } from '../../publish/signature.ts';
import { listBlocks, putBlock, readBlockText } from '../../publish/volume.ts';

const DEFAULT_SECONDS = 86_400;

/**
 * @param key the operator's private key, or its public one where ssh-agent(1) has the other half.
 * @param until epoch seconds; null: a day.
 * @throws AgentError refused, host_write
 */
export function blockOffline(node: NodeContext, name: string, key: string, until: number | null): void {
  const now = Math.floor(Date.now() / 1000);
  const end = until ?? now + DEFAULT_SECONDS;
  if (end > now + MAX_BLOCK_SECONDS)
    throw new AgentError('usage', 'a block on the volume lasts seven days at most: --for 7d');
  const volume = path.join(node.paths.root, node.config.publish.directory);
  const person = readPublishedPerson(node, volume, name);
  putSigned(volume, renderBlock({ ...person, until: end }), key);
  recordOffline(node, name);
  process.stdout.write(
    `${person.name} (uid ${person.uid}) is blocked until ${sayTime(end)} on each follower that trusts this key, at its next poll. Not checked: whether they have it (sunk-agent fleet)\n`,
  );
}

/**
 * Takes back each block of that account that is on the volume.
 * @throws AgentError refused, host_write
 */
export function unblockOffline(node: NodeContext, name: string, key: string): void {
  const volume = path.join(node.paths.root, node.config.publish.directory);
  const found = listBlocks(volume, Math.floor(Date.now() / 1000)).filter(
    (hash) => parseBlock(readBlockText(volume, hash) ?? '')?.name === name,
  );
  if (found.length === 0)
    throw new AgentError('refused', `${volume} has no block of ${JSON.stringify(name)}`, {
      hint: 'give the name of the account, as block --offline printed it',
    });
  // Before the act: no access is restored without a trace.
  recordAct(node.paths, { act: 'unblock', subject: name, detail: OFFLINE });
  for (const hash of found) putSigned(volume, renderUnblock(hash), key);
  process.stdout.write(
    `${name} is no longer blocked on each follower that trusts this key, at its next poll. Not checked: whether they have it (sunk-agent fleet)\n`,
  );
}

const OFFLINE = 'offline, on the volume of the followers';

function putSigned(volume: string, text: string, key: string): void {
  const signed = `${text}${signText(key, BLOCK_NAMESPACE, text)}`;
  attempt(`cannot write in ${volume}`, () => putBlock(volume, signed));
}

/** An audit trail that cannot be written does not delay the revocation. */
function recordOffline(node: NodeContext, name: string): void {
  try {
    recordAct(node.paths, { act: 'block', subject: name, detail: OFFLINE });
  } catch (error) {
    process.stderr.write(`sunk-agent: ${describeError(error)}\n`);
  }
}
