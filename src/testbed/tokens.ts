// Named bearer tokens: shown once, kept as a hash, with a role and the time of their last use.
import { createHash, randomBytes } from 'node:crypto';
import { ScimError } from './protocol/scim-error.ts';

export type Role = 'provisioning' | 'read-only';

export interface Token {
  readonly name: string;
  readonly role: Role;
  /** ISO times; `lastUsed` is null until the first use. */
  readonly created: string;
  readonly lastUsed: string | null;
}

export interface Tokens {
  /**
   * Makes a token (or takes the given text for one) and returns its text, which is kept nowhere.
   * @throws ScimError 409 if there is one of that name.
   */
  issue(name: string, role: Role, text?: string): string;
  /** Whose token this is, or null; counts as a use. */
  recognise(text: string): Token | null;
  list(): readonly Token[];
  /** Whether there was one of that name. */
  revoke(name: string): boolean;
  dump(): readonly HashedToken[];
  restore(dump: readonly HashedToken[]): void;
}

/** A token as it is kept. */
export interface HashedToken extends Token {
  /** SHA-256 of its text, in hex. */
  readonly hash: string;
}

/** @param now epoch milliseconds. */
export function createTokens(now: () => number): Tokens {
  const byHash = new Map<string, Token>();
  const stamp = (): string => new Date(now()).toISOString();

  return {
    issue(name, role, text = `scim_${randomBytes(24).toString('base64url')}`) {
      if ([...byHash.values()].some((token) => token.name === name)) {
        throw new ScimError(409, 'uniqueness', `there is a token named ${name}; revoke it first`);
      }
      byHash.set(hash(text), { name, role, created: stamp(), lastUsed: null });
      return text;
    },
    recognise(text) {
      const key = hash(text);
      const token = byHash.get(key);
      if (token === undefined) return null;
      byHash.set(key, { ...token, lastUsed: stamp() });
      return token;
    },
    list: () => [...byHash.values()],
    revoke(name) {
      const found = [...byHash].filter(([, token]) => token.name === name);
      for (const [key] of found) byHash.delete(key);
      return found.length > 0;
    },
    dump: () => [...byHash].map(([hash, token]) => ({ hash, ...token })),
    restore(dump) {
      byHash.clear();
      for (const { hash, ...token } of dump) byHash.set(hash, token);
    },
  };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
