// The administrator's sign-in: a key that the start printed, sessions in memory, and what proves a form.
import type { Request } from '../../exchange.ts';
import { isSameSecret, makeSecret } from '../../pages/secrets.ts';
import type { AdminSession } from './visit.ts';

const MAX_SESSIONS = 100;

export interface AdminSessions {
  /** Text of the key; it stays good until the program ends. */
  readonly key: string;
  /** @returns the Set-Cookie header of a new session; null for a wrong key. */
  begin(key: string): Readonly<Record<string, string>> | null;
  find(request: Request): AdminSession | null;
  /** @returns the header that removes the cookie. */
  end(session: AdminSession): Readonly<Record<string, string>>;
}

/** @param port part of the cookie's name: the cookies of one host are shared by all its ports. */
export function createAdminSessions(port: string): AdminSessions {
  const name = `admin-center-${port}`;
  const key = makeSecret();
  const sessions = new Map<string, AdminSession>();
  const setCookie = (value: string, more = ''): Readonly<Record<string, string>> => ({
    'set-cookie': `${name}=${value}; Path=/admin-center; HttpOnly; SameSite=Lax${more}`,
  });
  return {
    key,
    begin(text) {
      if (!isSameSecret(text, key)) return null;
      const session: AdminSession = {
        id: makeSecret(),
        csrf: makeSecret(),
        drafts: { mappings: null, connection: null, onDemand: null },
        notice: null,
      };
      sessions.set(session.id, session);
      const [oldest] = sessions.keys();
      if (sessions.size > MAX_SESSIONS && oldest !== undefined) sessions.delete(oldest);
      return setCookie(session.id);
    },
    find({ headers }) {
      const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
      const own = pairs.find((pair) => pair.startsWith(`${name}=`));
      return sessions.get(own?.slice(name.length + 1) ?? '') ?? null;
    },
    end(session) {
      sessions.delete(session.id);
      return setCookie('', '; Max-Age=0');
    },
  };
}
