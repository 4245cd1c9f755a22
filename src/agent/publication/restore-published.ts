// A publisher whose state volume was lost: ledger and accounts as the last generation has them, if a trusted key signed it.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../../common/errors.ts';
import { renderGeneration } from '../../host/nss/cache-files.ts';
import { publishGeneration, readGeneration } from '../../host/nss/generation.ts';
import { PRINCIPAL } from '../../publish/manifest.ts';
import { readPublicKey } from '../../publish/signature.ts';
import { readPublishedFiles } from '../../publish/signed-manifest.ts';
import type { NodeContext } from '../node-context.ts';
import { settingsOf } from './publish-generation.ts';

type Node = Pick<NodeContext, 'config' | 'paths'>;

/**
 * What `sunk-agent ledger export` would have printed.
 * @throws AgentError refused
 */
export function readPublishedLedger(node: Node, volume: string): string {
  const { ledger } = readPublishedFiles(volume, listPublishers(node), node.paths.run, ['ledger']);
  return Buffer.from(ledger, 'latin1').toString('utf8');
}

/**
 * Lines of disabled people cannot be made anew from the store, and followers end their sessions by them. Does nothing
 * where this node has published since.
 * @throws AgentError refused
 */
export function restoreAccounts(node: Node, volume: string): void {
  const { config, paths } = node;
  const directory = path.join(paths.root, config.accounts.nsscache_dir);
  if (config.accounts.backend !== 'publish' || (existsSync(directory) && readGeneration(directory) !== null))
    return;
  const names = ['passwd.cache', 'group.cache', 'shadow.cache'] as const;
  const files = readPublishedFiles(volume, listPublishers(node), paths.run, names);
  const texts = { passwd: files['passwd.cache'], group: files['group.cache'], shadow: files['shadow.cache'] };
  publishGeneration(directory, renderGeneration({ ...texts, sshkey: '' }), null);
}

/**
 * Name and uid of an account of the last generation.
 * @throws AgentError refused: no trusted key signed it, or it has no such account.
 */
export function readPublishedPerson(node: Node, volume: string, name: string): { name: string; uid: number } {
  const { 'passwd.cache': passwd } = readPublishedFiles(volume, listPublishers(node), node.paths.run, [
    'passwd.cache',
  ]);
  for (const line of passwd.split('\n')) {
    const [account, , uid] = line.split(':');
    if (account === name) return { name, uid: Number(uid) };
  }
  throw new AgentError('refused', `the last generation has no account ${JSON.stringify(name)}`, {
    hint: 'give the name of the account, as getent passwd shows it on a follower',
  });
}

/** Whose signature this node believes: its own key's, and those of the list that followers have. */
function listPublishers(node: Node): string {
  const { key } = settingsOf(node);
  const own = existsSync(key) ? `${PRINCIPAL} ${readPublicKey(key)}\n` : '';
  const list = path.join(node.paths.configDirectory, 'publishers');
  return `${own}${existsSync(list) ? readFileSync(list, 'utf8') : ''}`;
}
