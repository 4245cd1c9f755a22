// The lines of a key file that is there: what an earlier sync rendered, or what was changed manually since.
import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { isKeyType } from './wire-format.ts';

/** One line as `[options] type base64 comment` (sshd(8), AUTHORIZED_KEYS FILE FORMAT). */
export interface KeyFileLine {
  /** Without its line end. */
  readonly text: string;
  /** `SHA256:...`; null: there is no key on it. */
  readonly fingerprint: string | null;
  /** The `expiry-time` that it has in UTC, epoch seconds; null: none, or one in local time. */
  readonly expiresAt: number | null;
  /** It has an `expiry-time` in the local time of an sshd older than 9.1, which is no instant by itself. */
  readonly isLocalExpiry: boolean;
}

export function readKeyFile(text: string): KeyFileLine[] {
  return text.split('\n').map((line) => {
    const fields = splitFields(line);
    const type = fields.findIndex((field, index) => index <= 1 && isKeyType(field));
    const blob = type === -1 ? undefined : fields[type + 1];
    return {
      text: line,
      fingerprint: blob === undefined || blob.startsWith('#') ? null : digest(blob),
      expiresAt: type === 1 ? readExpiry(fields[0] ?? '') : null,
      isLocalExpiry: type === 1 && /^expiry-time="\d{8,14}"$/.test(fields[0] ?? ''),
    };
  });
}

/** Fingerprints of the keys in a key file, in its order. */
export function listFingerprints(text: string): string[] {
  return readKeyFile(text).flatMap(({ fingerprint }) => fingerprint ?? []);
}

/** Splits at blanks outside of double quotes, which an option may have. */
function splitFields(line: string): string[] {
  const fields: string[] = [];
  let field = '';
  let isQuoted = false;
  for (const character of line) {
    if (character === '"') isQuoted = !isQuoted;
    if (!isQuoted && (character === ' ' || character === '\t')) {
      if (field !== '') fields.push(field);
      field = '';
    } else field += character;
  }
  if (field !== '') fields.push(field);
  return fields;
}

function digest(base64: string): string {
  const sum = hash('sha256', Buffer.from(base64, 'base64'), 'base64');
  return `SHA256:${sum.slice(0, sum.indexOf('='))}`;
}

const OPTION = 'expiry-time="';

/** `expiry-time="YYYYMMDDHHMMSSZ"`, the form that key-file.ts renders for OpenSSH 9.1 and later. */
function readExpiry(options: string): number | null {
  if (!options.startsWith(OPTION) || !options.endsWith('Z"')) return null;
  const digits = options.slice(OPTION.length, -2);
  const part = (from: number, to: number): number => Number(digits.slice(from, to));
  const milliseconds = Date.UTC(
    part(0, 4),
    part(4, 6) - 1,
    part(6, 8),
    part(8, 10),
    part(10, 12),
    part(12, 14),
  );
  return digits.length === 14 && Number.isFinite(milliseconds) ? milliseconds / 1000 : null;
}
