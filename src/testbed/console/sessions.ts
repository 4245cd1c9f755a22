// Who is signed in: sessions in memory, each with the text that its forms must bring back.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Done } from './visit.ts';

/** The local administrator, or a pushed user by SCIM id. */
export type SignedIn = { readonly kind: 'local' } | { readonly kind: 'user'; readonly id: string };

export interface Session {
  readonly id: string;
  readonly csrf: string;
  readonly who: SignedIn;
  readonly begun: number;
  /** Shown once, on the next page. */
  notice: { readonly tone: 'done' | 'refused'; readonly text: string } | null;
  newToken: Done['newToken'] | null;
}

export interface Sessions {
  begin(who: SignedIn): Session;
  find(id: string | null): Session | null;
  end(session: Session): void;
}

/** Milliseconds after which a user signs in again. */
const LIFETIME = 8 * 60 * 60_000;
const MAX_SESSIONS = 1000;

/** @param now epoch milliseconds. */
export function createSessions(now: () => number): Sessions {
  const sessions = new Map<string, Session>();
  return {
    begin(who) {
      const session = {
        id: makeSecret(),
        csrf: makeSecret(),
        who,
        begun: now(),
        notice: null,
        newToken: null,
      };
      sessions.set(session.id, session);
      const [oldest] = sessions.keys();
      if (sessions.size > MAX_SESSIONS && oldest !== undefined) sessions.delete(oldest);
      return session;
    },
    find(id) {
      const session = id === null ? undefined : sessions.get(id);
      if (session === undefined) return null;
      if (now() - session.begun < LIFETIME) return session;
      sessions.delete(session.id);
      return null;
    },
    end: (session) => void sessions.delete(session.id),
  };
}

/** 256 bits of chance as text for a cookie, a link or a form. */
export function makeSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Whether two secrets are the same, in a time that tells nothing. */
export function isSameSecret(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
