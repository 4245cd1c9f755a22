// Private keys that were pushed or pasted by mistake: never stored and never logged.
import { isObject, type Json, type JsonObject } from '../protocol/json.ts';
import { judgeKeys } from './judged-keys.ts';

/** A private key that came in, until the identity provider sends something else in its place. */
export interface Leak {
  /** ISO time. */
  readonly at: string;
  /** Of its public half, `SHA256:...`; null where the format does not show it. */
  readonly fingerprint: string | null;
}

/** Where a block with a private key begins: OpenSSH and PEM, PuTTY, and OpenSSH's body without its first line. */
const BEGIN = '-{2,5} ?BEGIN [A-Za-z0-9 ]{0,64}PRIVATE KEY|PuTTY-User-Key-File-|b3BlbnNzaC1rZXktdjE';
const IS_PRIVATE = new RegExp(BEGIN);
/** From there to the block's last line, or to the end of the JSON string in which it stands. */
const BLOCK = new RegExp(
  `(?:${BEGIN})(?:[^"]*(?:END [A-Za-z0-9 ]{0,64}PRIVATE KEY ?-{2,5}|Private-MAC: ?[0-9a-f]*)|[^"]*)`,
  'g',
);

export function hasPrivateKey(text: string): boolean {
  return IS_PRIVATE.test(text);
}

/** A text for the log, such as a body in JSON, without the private keys in it. */
export function redactPrivateKeys(text: string): string {
  return hasPrivateKey(text) ? text.replaceAll(BLOCK, '(a private key, left out)') : text;
}

/**
 * A resource without the private keys in it. Of a text that had one only the public keys are kept, each as its type
 * and blob: no other byte of it.
 * @param at ISO time.
 */
export function dropPrivateKeys(
  resource: JsonObject,
  at: string,
): { readonly resource: JsonObject; readonly leak: Leak | null } {
  const texts: string[] = [];
  const kept = clean(resource, texts);
  if (texts.length === 0) return { resource, leak: null };
  const [fingerprint = null] = judgeKeys(texts).flatMap(({ reading }) =>
    reading.ok ? [] : (reading.leaked ?? []),
  );
  return { resource: isObject(kept) ? kept : {}, leak: { at, fingerprint } };
}

/** @param texts gains each text that had a private key. @returns null where nothing is left. */
function clean(value: Json, texts: string[]): Json {
  if (typeof value === 'string') {
    if (!hasPrivateKey(value)) return value;
    texts.push(value);
    const lines = judgeKeys([value]).flatMap(({ reading }) =>
      reading.ok ? [`${reading.key.type} ${reading.key.base64}`] : [],
    );
    return lines.length === 0 ? null : lines.join('\n');
  }
  if (Array.isArray(value)) return value.map((item) => clean(item, texts)).filter((item) => item !== null);
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, clean(member, texts)] as const);
  return Object.fromEntries(members.filter(([, member]) => member !== null));
}
