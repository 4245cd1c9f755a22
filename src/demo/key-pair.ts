// An Ed25519 key pair as files that ssh(1) takes.
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Writes the private key to `file` (0600) where ssh-keygen is installed; without it there is nobody who could use one.
 * @returns the public key as `ssh-ed25519 BASE64 comment` (RFC 8709 section 4).
 */
export function makeKeyPair(file: string): string {
  const { status } = spawnSync('ssh-keygen', [
    '-q',
    '-t',
    'ed25519',
    '-N',
    '',
    '-C',
    'alice@laptop',
    '-f',
    file,
  ]);
  if (status === 0) return readFileSync(`${file}.pub`, 'utf8').trim();
  const { publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const field = (data: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, data.length]), data]);
  const blob = Buffer.concat([field(Buffer.from('ssh-ed25519')), field(raw)]);
  const line = `ssh-ed25519 ${blob.toString('base64')} alice@laptop`;
  writeFileSync(`${file}.pub`, `${line}\n`);
  return line;
}
