// What a volume has, if one of the allowed signers signed it: the manifest, and the ledger of the last generation.
import { mkdirSync } from 'node:fs';
import { AgentError } from '../common/errors.ts';
import { type Manifest, NAMESPACE, parseManifest, PRINCIPAL } from './manifest.ts';
import { isSignedBy } from './signature.ts';
import { readFileOf, readRoot } from './volume.ts';

/**
 * @param allowed lines of an allowed signers file.
 * @param scratch a directory that only this user writes.
 * @returns null: there is no manifest, or none of these signed it.
 */
export function readSignedManifest(volume: string, allowed: string, scratch: string): Manifest | null {
  const root = readRoot(volume);
  const manifest = root === null ? null : parseManifest(root.text);
  if (root === null || manifest === null) return null;
  mkdirSync(scratch, { recursive: true, mode: 0o755 });
  return isSignedBy({ allowed, principal: PRINCIPAL, namespace: NAMESPACE }, root, scratch) ? manifest : null;
}

/**
 * The same, where there must be one.
 * @throws AgentError refused: no trusted key signed what is there.
 */
export function readTrustedManifest(volume: string, allowed: string, scratch: string): Manifest {
  const manifest = readSignedManifest(volume, allowed, scratch);
  if (manifest !== null) return manifest;
  throw new AgentError('refused', `${volume} has no generation that a trusted key signed`, {
    hint: 'publish.key, or a line of /etc/sunk-agent/publishers, must be the key of the publisher that wrote it',
  });
}

/**
 * A file of a generation, latin1; `ledger` is what `sunk-agent ledger export` prints.
 * @param manifest of `readTrustedManifest`.
 * @throws AgentError refused: the file is missing or altered.
 */
export function readFileNamed(volume: string, manifest: Manifest, name: string): string {
  const file = manifest.files.find((one) => one.name === name);
  const text = file === undefined ? null : readFileOf(volume, file);
  if (text !== null) return text;
  throw new AgentError('refused', `${name} of serial ${manifest.serial} in ${volume} is missing or altered`, {
    hint: `use a copy of the volume, or the file of sunk-agent ledger export; without either, remove ${volume}/root, and this node goes on from its own ledger`,
  });
}

/**
 * Text of each key file of a generation, by account name.
 * @throws AgentError refused
 */
export function readPublishedKeys(volume: string, manifest: Manifest): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (let shard = 0; shard < manifest.shards; shard += 1) {
    for (const line of readFileNamed(volume, manifest, `keys/${shard}`).split('\n')) {
      const [, name, key] = /^(\S+) \d+ (.+)$/.exec(line) ?? [];
      if (name !== undefined && key !== undefined) texts.set(name, `${texts.get(name) ?? ''}${key}\n`);
    }
  }
  return texts;
}
