// The SSH wire format (RFC 4251 section 5) of a public key, taken apart without believing any length in it.
import { Buffer } from 'node:buffer';

/** What follows the type in the blob of each kind of key that OpenSSH uses (RFC 4253, 5656, 8709; PROTOCOL.u2f). */
const LAYOUTS = {
  'ssh-ed25519': ['key'],
  'ssh-rsa': ['exponent', 'modulus'],
  'ecdsa-sha2-nistp256': ['curve', 'point'],
  'ecdsa-sha2-nistp384': ['curve', 'point'],
  'ecdsa-sha2-nistp521': ['curve', 'point'],
  'sk-ssh-ed25519@openssh.com': ['key', 'application'],
  'sk-ecdsa-sha2-nistp256@openssh.com': ['curve', 'point', 'application'],
} as const;

export type KeyType = keyof typeof LAYOUTS;

/** Whether keys of that type are read at all; DSA's are not. */
export function isKeyType(text: string): text is KeyType {
  return Object.hasOwn(LAYOUTS, text);
}

/** The named parts of a blob; a part that the type does not have is empty. */
export interface BlobParts {
  readonly inner: string;
  readonly key: Buffer;
  readonly exponent: Buffer;
  readonly modulus: Buffer;
  readonly curve: Buffer;
  readonly point: Buffer;
  readonly application: Buffer;
}

/**
 * Takes a blob apart as `type` demands.
 * `mismatch`: it is of another type inside; `cut`: it ends in the middle of a part; `trailing`: bytes are left.
 */
export function readBlob(blob: Buffer, type: KeyType): BlobParts | 'mismatch' | 'cut' | 'trailing' {
  const inner = readString(blob, 0);
  if (inner === null) return 'cut';
  if (inner.value.toString('latin1') !== type) return 'mismatch';
  const nothing: Buffer = Buffer.alloc(0);
  const parts = {
    inner: type,
    key: nothing,
    exponent: nothing,
    modulus: nothing,
    curve: nothing,
    point: nothing,
    application: nothing,
  };
  let { end } = inner;
  for (const name of LAYOUTS[type]) {
    const part = readString(blob, end);
    if (part === null) return 'cut';
    parts[name] = part.value;
    ({ end } = part);
  }
  return end === blob.length ? parts : 'trailing';
}

/** One `string` at `offset`, and where the next one starts; null if the blob ends before it does. */
export function readString(blob: Buffer, offset: number): { value: Buffer; end: number } | null {
  if (offset + 4 > blob.length) return null;
  const end = offset + 4 + blob.readUInt32BE(offset);
  return end > blob.length ? null : { value: blob.subarray(offset + 4, end), end };
}
