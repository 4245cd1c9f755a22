// Public keys as text to parsed keys, at least as strict as OpenSSH: what is read here, ssh-keygen(1) reads alike.
import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import sshpk from 'sshpk';
import { checkCurvePoint, checkRsa, isEd25519Point } from './key-numbers.ts';
import { findCandidates } from './key-text.ts';
import { findLeakedFingerprints } from './leaked-key.ts';
import { isKeyType, readBlob, type BlobParts, type KeyType } from './wire-format.ts';

export interface ParsedKey {
  readonly type: string;
  /** The blob, canonical: one key has one spelling. */
  readonly base64: string;
  /** `SHA256:...`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  readonly bits: number;
  /** Held by a FIDO device (`sk-...`). */
  readonly securityKey: boolean;
}

/** `code` is stable, for programs; `detail` never holds any of the text that was read. */
export type KeyReading =
  | { readonly ok: true; readonly key: ParsedKey }
  | {
      readonly ok: false;
      readonly code: string;
      readonly detail: string;
      /** Of a private key (`key-private`) the fingerprint, if it can be told: it is not to be trusted any more. */
      readonly leaked?: string;
    };

/**
 * Readings are stored with this number; raise it with any change after which `readKeys`, or what it stands on, answers
 * otherwise than before. A test holds it against the answers to a corpus.
 */
export const KEY_READER_VERSION = 2;

/** Longest base64 of a key: RSA with 16384 bits has 2,800 characters, certificates are refused anyway. */
const MAX_BASE64 = 8192;

/**
 * Reads every key in the strings that one record lists: a string may hold none, one or several.
 * Each gives one reading, in order; blank lines and `#` comments give none.
 */
export function readKeys(texts: readonly string[]): KeyReading[] {
  const candidates = findCandidates(texts);
  const hasPrivate = candidates.some(
    (candidate) => candidate.kind === 'refused' && candidate.code === 'key-private',
  );
  const leaked = hasPrivate ? findLeakedFingerprints(texts) : [];
  return candidates.map((candidate, index) => {
    const reading =
      candidate.kind === 'key'
        ? readKey(candidate.type, candidate.base64)
        : refuse(candidate.code, candidate.detail);
    if (reading.ok) return reading;
    const which = candidates.length === 1 ? 'the key' : `key ${index + 1} of ${candidates.length}`;
    const refusal = refuse(reading.code, `${which} ${reading.detail}`);
    const fingerprint = reading.code === 'key-private' ? leaked.shift() : undefined;
    return fingerprint === undefined ? refusal : { ...refusal, leaked: fingerprint };
  });
}

function refuse(code: string, detail: string): KeyReading & { ok: false } {
  return { ok: false, code, detail };
}

/** Judges one `type base64` pair. */
function readKey(type: string, base64: string): KeyReading {
  if (type.endsWith('-cert-v01@openssh.com')) {
    return refuse('key-certificate', 'is a certificate; list the public key itself');
  }
  if (type === 'ssh-dss')
    return refuse('key-dsa', 'is a DSA key, which OpenSSH no longer accepts; make an Ed25519 key');
  if (!isKeyType(type)) return refuse('key-type', 'is of a type that OpenSSH does not use');
  if (base64.length > MAX_BASE64) return refuse('key-too-long', `is longer than ${MAX_BASE64} characters`);
  const blob = Buffer.from(base64, 'base64');
  if (base64 === '' || blob.toString('base64') !== base64) {
    return refuse('key-base64', 'is not sound base64: characters are missing, changed or added');
  }
  const parts = readBlob(blob, type);
  if (parts === 'mismatch') return refuse('key-type-mismatch', `says ${type}, but another type is inside`);
  if (parts === 'cut') return refuse('key-cut', 'ends in the middle: cut off, or broken into lines');
  if (parts === 'trailing') return refuse('key-trailing', 'has bytes after its end');
  const bits = measureKey(type, parts);
  if (typeof bits !== 'number') return bits;
  const fault = askSshpk(type, blob, bits);
  if (fault !== null) return fault;
  const fingerprint = `SHA256:${hash('sha256', blob, 'base64').replace(/=+$/, '')}`;
  return { ok: true, key: { type, base64, fingerprint, bits, securityKey: type.startsWith('sk-') } };
}

const OFF_CURVE = 'is not a point of its curve: damaged, or forged';

/** Bits of the key, if its numbers are sound. */
function measureKey(type: KeyType, parts: BlobParts): number | (KeyReading & { ok: false }) {
  if (type.startsWith('sk-') && !/^[\x20-\x7e]{1,255}$/.test(parts.application.toString('latin1'))) {
    return refuse('key-application', 'names no sound application for its security key');
  }
  if (type === 'ssh-rsa') {
    const rsa = checkRsa(parts.exponent, parts.modulus);
    if ('bits' in rsa) return rsa.bits;
    return refuse(rsa.isFlawed === true ? 'key-flawed' : 'key-number', rsa.fault);
  }
  if (type === 'ssh-ed25519' || type === 'sk-ssh-ed25519@openssh.com') {
    return isEd25519Point(parts.key) ? 256 : refuse('key-point', OFF_CURVE);
  }
  const curve = parts.curve.toString('latin1');
  if (curve !== /nistp[0-9]+/.exec(type)?.[0]) {
    return refuse('key-type-mismatch', `says ${type}, but another curve is inside`);
  }
  return checkCurvePoint(curve, parts.point) ?? refuse('key-point', OFF_CURVE);
}

/**
 * sshpk as a second reader of the kinds it knows. By itself it is too lax: it pads and shortens numbers, takes a
 * private blob for a key, and looks at no curve point; so it must also give back the very bytes that it was given.
 */
function askSshpk(type: KeyType, blob: Buffer, bits: number): (KeyReading & { ok: false }) | null {
  if (type.startsWith('sk-')) return null;
  try {
    const key = sshpk.parseKey(blob, 'rfc4253');
    if (key.size === bits && key.toBuffer('rfc4253', {}).equals(blob)) return null;
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
  }
  return refuse('key-unreadable', 'is read differently by two parsers, so it is not used');
}
