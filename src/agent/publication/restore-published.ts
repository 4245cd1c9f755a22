// A publisher whose state volume was lost: ledger and accounts as the last generation has them, if a trusted key signed it.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../../common/errors.ts';
import { replaceFiles } from '../../host/fs/atomic-file.ts';
import { readKeyFiles, removeKeyFile, writeKeyFiles } from '../../host/keys/authorized-keys.ts';
import { renderGeneration, renderKeyLine, sortLines } from '../../host/nss/cache-files.ts';
import { publishGeneration } from '../../host/nss/generation.ts';
import { PRINCIPAL } from '../../publish/manifest.ts';
import { adoptManifest, readLastSerial } from '../../publish/publisher.ts';
import { readPublicKey } from '../../publish/signature.ts';
import { readFileNamed, readPublishedKeys, readTrustedManifest } from '../../publish/signed-manifest.ts';
import type { NodeContext } from '../node-context.ts';
import { MAX_BLOCK_SECONDS } from '../../publish/offline-block.ts';
import { rememberDecided } from './adopt-blocks.ts';
import { settingsOf } from './publish-generation.ts';

type Node = Pick<NodeContext, 'config' | 'paths'>;

/**
 * What `sunk-agent ledger export` would have printed.
 * @throws AgentError refused
 */
export function readPublishedLedger(node: Node, volume: string): string {
  const ledger = readFileNamed(
    volume,
    readTrustedManifest(volume, listPublishers(node), node.paths.run),
    'ledger',
  );
  return Buffer.from(ledger, 'latin1').toString('utf8');
}

/**
 * Accounts, keys and sudo rules as followers have them, so that this node can sign them anew before it has met the store,
 * and the guard sees what a sync would take from them. Where this node remembers that generation or a later one, its own
 * stay. From then on it is the publisher that signed it, and its serials go on.
 * @throws AgentError refused
 */
export function restorePublisher(node: Node, volume: string): void {
  const { config, paths } = node;
  if (config.accounts.backend !== 'publish') return;
  const manifest = readTrustedManifest(volume, listPublishers(node), paths.run);
  if (manifest.serial <= readLastSerial(paths.publication)) return;
  const directory = path.join(paths.root, config.accounts.nsscache_dir);
  const keyFiles = readPublishedKeys(volume, manifest);
  const texts = {
    passwd: readFileNamed(volume, manifest, 'passwd.cache'),
    group: readFileNamed(volume, manifest, 'group.cache'),
    shadow: readFileNamed(volume, manifest, 'shadow.cache'),
    sshkey: sortLines([...keyFiles].map(([name, text]) => `${renderKeyLine(name, text)}\n`).join('')),
  };
  const sudoers = readFileNamed(volume, manifest, 'sudoers');
  publishGeneration(directory, renderGeneration(texts), null);
  for (const name of readKeyFiles(paths.keys).keys())
    if (!keyFiles.has(name)) removeKeyFile(paths.keys, name);
  writeKeyFiles(
    paths.keys,
    [...keyFiles].map(([name, text]) => ({ name, text })),
  );
  replaceFiles([{ file: paths.sudoers, data: sudoers, encoding: 'latin1', mode: 0o440 }]);
  const blocks = readFileNamed(volume, manifest, 'blocks').split('\n').filter(Boolean);
  rememberDecided(node, blocks, manifest.signedAt + MAX_BLOCK_SECONDS);
  adoptManifest(manifest, paths.publication);
}

/**
 * Name and uid of an account of the last generation.
 * @throws AgentError refused: no trusted key signed it, or it has no such account.
 */
export function readPublishedPerson(node: Node, volume: string, name: string): { name: string; uid: number } {
  const manifest = readTrustedManifest(volume, listPublishers(node), node.paths.run);
  const passwd = readFileNamed(volume, manifest, 'passwd.cache');
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
