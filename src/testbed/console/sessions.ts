// Who is signed in: sessions in memory, each with the text that its forms must bring back.
import type { Notice } from '../pages/parts.ts';
import { makeSecret } from '../pages/secrets.ts';

/**
 * The local administrator, a pushed user by SCIM id, or a guest: signed in by the identity provider while no user was
 * pushed yet.
 */
export type SignedIn =
  | { readonly kind: 'local' }
  | { readonly kind: 'user'; readonly id: string }
  | { readonly kind: 'guest'; readonly email: string };

/** A form that was refused, with what was entered, to be shown again. */
export interface RefusedForm {
  /** Path below the console. */
  readonly path: string;
  readonly fields: URLSearchParams;
}

export interface Session {
  readonly id: string;
  readonly csrf: string;
  readonly who: SignedIn;
  readonly begun: number;
  /** Shown once, on the next page. */
  notice: Notice | null;
  refused: RefusedForm | null;
  newToken: { readonly name: string; readonly text: string } | null;
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
        refused: null,
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
