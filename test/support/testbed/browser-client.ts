// A browser reduced to what the tests of the console's authorisation need: cookies, forms, redirects that are not followed.
import { startTestbed, type Testbed, type TestbedOptions } from '../../../src/testbed/service.ts';
import { afterEach } from 'vitest';

export interface Answer {
  readonly status: number;
  readonly location: string | null;
  readonly headers: Headers;
  readonly text: string;
}

export interface Window {
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Answer>;
  /** Posts a form of the page at that path: with its own csrf text. */
  submit(page: string, path: string, fields: Record<string, string>): Promise<Answer>;
  /** The page after the last action, as text. */
  notice(): Promise<string>;
}

const running: Testbed[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((testbed) => testbed.close()));
});

export async function startConsole(
  options: TestbedOptions = {},
): Promise<{ testbed: Testbed; origin: string }> {
  const testbed = await startTestbed(options);
  running.push(testbed);
  return { testbed, origin: new URL(testbed.baseUrl).origin };
}

/** A window with cookies of its own. */
export function openWindow(origin: string): Window {
  const cookies = new Map<string, string>();
  let last = '/console';

  async function send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Answer> {
    const response = await fetch(new URL(path, origin), {
      method,
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '), ...headers },
      ...(body === undefined ? {} : { body }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    last = location ?? last;
    return { status: response.status, location, headers: response.headers, text: await response.text() };
  }

  const window: Window = {
    get: (path, headers = {}) => send('GET', path, headers),
    post: (path, fields, headers = {}) =>
      send(
        'POST',
        path,
        { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        new URLSearchParams(fields).toString(),
      ),
    async submit(page, path, fields) {
      const { text } = await window.get(page);
      const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(text) ?? [];
      return window.post(path, { csrf, ...fields }, { origin, referer: `${origin}${page}` });
    },
    async notice() {
      const { text } = await window.get(last);
      return /class="notice[^"]*"[^>]*>([^<]*)/.exec(text)?.[1]?.trim() ?? '';
    },
  };
  return window;
}

/** A window of the local administrator. */
export async function enter(testbed: Testbed): Promise<Window> {
  const window = openWindow(new URL(testbed.consoleUrl).origin);
  await window.get(testbed.consoleUrl);
  return window;
}
