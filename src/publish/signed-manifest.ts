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
 * Files of the last generation by name, latin1; `ledger` is what `sunk-agent ledger export` prints.
 * @throws AgentError refused: no trusted key signed it, or a file is missing or altered.
 */
export function readPublishedFiles<Name extends string>(
  volume: string,
  allowed: string,
  scratch: string,
  names: readonly Name[],
): Record<Name, string> {
  const manifest = readSignedManifest(volume, allowed, scratch);
  if (manifest === null)
    throw new AgentError('refused', `${volume} has no generation that a trusted key signed`, {
      hint: 'publish.key, or a line of /etc/sunk-agent/publishers, must be the key of the publisher that wrote it',
    });
  const texts = names.map((name) => {
    const file = manifest.files.find((one) => one.name === name);
    const text = file === undefined ? null : readFileOf(volume, file);
    if (text !== null) return [name, text] as const;
    throw new AgentError(
      'refused',
      `${name} of serial ${manifest.serial} in ${volume} is missing or altered`,
      {
        hint: 'use a copy of the volume, or the file of sunk-agent ledger export',
      },
    );
  });
  return Object.fromEntries(texts) as Record<Name, string>;
}
