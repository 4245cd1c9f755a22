// The console's cookies: one for who is signed in, one for a sign-in that is under way.
import type { Request } from '../exchange.ts';

/** Set-Cookie headers. Cookies of one host are shared by all its ports, so that the port is part of the names. */
export interface Cookies {
  readonly sessionName: string;
  readonly signInName: string;
  session(id: string): Readonly<Record<string, string>>;
  noSession(): Readonly<Record<string, string>>;
  signIn(browser: string): Readonly<Record<string, string>>;
  noSignIn(): Readonly<Record<string, string>>;
}

export function nameCookies(port: string): Cookies {
  const sessionName = `console-${port}`;
  const signInName = `sign-in-${port}`;
  const set = (name: string, value: string, more = ''): Readonly<Record<string, string>> => ({
    'set-cookie': `${name}=${value}; Path=/console; HttpOnly; SameSite=Lax${more}`,
  });
  return {
    sessionName,
    signInName,
    session: (id) => set(sessionName, id),
    noSession: () => set(sessionName, '', '; Max-Age=0'),
    signIn: (browser) => set(signInName, browser, '; Max-Age=600'),
    noSignIn: () => set(signInName, '', '; Max-Age=0'),
  };
}

export function readCookie({ headers }: Request, name: string): string | null {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return null;
}
