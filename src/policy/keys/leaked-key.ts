// Which keys a record gives away: the public halves of the private keys that a person pasted into it.
import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { readString } from './wire-format.ts';

/** `openssh-key-v1` in base64, as far as its letters do not depend on what follows. */
const MAGIC = /b3BlbnNzaC1rZXktdjE/g;
/** An RSA key of 16384 bits has 13,000 characters. */
const MAX_BODY = 16_384;
/** More places than so many are not looked at. */
const MAX_PLACES = 100;

/**
 * Fingerprints of the private keys in OpenSSH's own format that stand in the strings of one record, in order.
 * The format keeps the public half in the clear even if a passphrase protects the private one (PROTOCOL.key).
 */
export function findLeakedFingerprints(texts: readonly string[]): string[] {
  const text = texts.join('\n');
  const fingerprints: string[] = [];
  for (const { index: at } of text.matchAll(MAGIC).take(MAX_PLACES)) {
    const body = text.slice(at, at + MAX_BODY).replace(/\\[nrt]|\s/g, '');
    const base64 = /^[A-Za-z0-9+/]*/.exec(body)?.[0] ?? '';
    const publicHalf = readPublicHalf(Buffer.from(base64, 'base64'));
    if (publicHalf !== null) {
      fingerprints.push(`SHA256:${hash('sha256', publicHalf, 'base64').replace(/=+$/, '')}`);
    }
  }
  return fingerprints;
}

/** After the magic: cipher, its derivation and options, the number of keys, and the first public one. */
function readPublicHalf(file: Buffer): Buffer | null {
  let end = 'openssh-key-v1\0'.length;
  for (let part = 0; part < 3; part += 1) {
    const skipped = readString(file, end);
    if (skipped === null) return null;
    ({ end } = skipped);
  }
  return readString(file, end + 4)?.value ?? null;
}
