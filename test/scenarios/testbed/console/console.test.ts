// The console's authorisation: who comes in, by which proof, and what a stranger's page can make a browser do (nothing).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enter, openWindow, startConsole } from '../../../support/testbed/browser-client.ts';

const ADMIN_PAGES = [
  'saml-sso',
  'saml-sso/test',
  'scim-configuration',
  'users',
  'users/some-id',
  'users/some-id/keys/remove',
  'overview',
  'groups',
  'groups/some-id',
  'provisioning-log',
  'login-nodes',
];

describe('the link that the start printed', () => {
  it('lets the first in who follows it, once', async () => {
    const { testbed, origin } = await startConsole();
    const window = await enter(testbed);
    expect((await window.get('/console/users')).status).toBe(200);
    const late = openWindow(origin);
    expect(await late.get(testbed.consoleUrl)).toMatchObject({ status: 403 });
    expect((await late.get('/console/users')).status).toBe(401);
  });

  it('is worth nothing once another was made', async () => {
    const { testbed, origin } = await startConsole();
    const response = await fetch(`${testbed.adminUrl}/console-link`, { method: 'POST' });
    const { url } = (await response.json()) as { url: string };
    expect((await openWindow(origin).get(testbed.consoleUrl)).status).toBe(403);
    expect((await openWindow(origin).get(url)).status).toBe(303);
  });

  it('gives a cookie that no script reads and no other site sends with a form', async () => {
    const { testbed, origin } = await startConsole();
    const { headers } = await openWindow(origin).get(testbed.consoleUrl);
    expect(headers.get('set-cookie')).toMatch(
      /^console-\d+=[\w-]{43}; Path=\/console; HttpOnly; SameSite=Lax$/,
    );
  });
});

describe('the local administrator', () => {
  it('is given a new link by a sign-out, who could not come back otherwise', async () => {
    const links: string[] = [];
    const { testbed, origin } = await startConsole({ announceLink: (url) => links.push(url) });
    const window = await enter(testbed);
    await window.submit('/console/overview', '/console/sign-out', {});
    expect((await window.get('/console/overview')).status).toBe(401);
    expect(links).toHaveLength(1);
    expect((await window.get(links[0] ?? '')).status).toBe(303);
    expect((await window.get('/console/overview')).status).toBe(200);
    expect((await openWindow(origin).get(links[0] ?? '')).status).toBe(403);
  });

  it('is shown a notice and a token once, whatever a script asks for meanwhile', async () => {
    const { testbed } = await startConsole();
    const window = await enter(testbed);
    const token = { name: 'entra', role: 'provisioning' };
    await window.submit('/console/scim-configuration', '/console/scim-configuration/tokens', token);
    const live = await window.get('/console/scim-configuration', { 'x-live': '1' });
    const { text } = await window.get('/console/scim-configuration');
    for (const shown of [live.text, text]) expect(shown).toContain('Created the token entra');
    expect((await window.get('/console/scim-configuration')).text).not.toContain('Created the token entra');
  });
});

describe('the provisioning log', () => {
  it('has what was sent to a wrong Tenant URL, and finds each word that stands in a row', async () => {
    const { testbed, origin } = await startConsole();
    const headers = { authorization: `Bearer ${testbed.token}`, 'content-type': 'application/scim+json' };
    await fetch(`${origin}/scim/v2/Users?filter=x`, { headers });
    await fetch(`${origin}/favicon.ico`);
    const created = await fetch(`${testbed.baseUrl}/Users`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ userName: 'alice@example.com', displayName: 'Alice' }),
    });
    const { id } = (await created.json()) as { id: string };
    const patch = { Operations: [{ op: 'replace', path: 'title', value: 'x' }] };
    const target = `${testbed.baseUrl}/Users/${id}`;
    await fetch(target, { method: 'PATCH', headers, body: JSON.stringify(patch) });
    const window = await enter(testbed);
    const search = async (query: string): Promise<string> =>
      (await window.get(`/console/provisioning-log?${query}`)).text;
    expect(await search('outcome=failure')).toMatch(/404<[^]*\/scim\/v2\/Users[^]*enter that as Tenant URL/);
    expect(await search('')).not.toContain('favicon');
    // The PATCH has the user's id only; the row shows the name.
    expect(await search('method=PATCH&text=ALICE@example')).toContain('alice@example.com');
    expect(await search('method=PATCH&text=bob')).toContain('No such request.');
    expect((await window.get('/console/overview')).text).toContain('enter that as Tenant URL');
  });
});

describe('a stranger', () => {
  it.each(ADMIN_PAGES)('is shown nothing of %s', async (page) => {
    const { origin } = await startConsole();
    const { status, text } = await openWindow(origin).get(`/console/${page}`);
    expect(status).toBe(401);
    expect(text).toContain('Sign in');
  });

  it('cannot post: not without a session, not with the cookie alone, not from another origin', async () => {
    const { testbed, origin } = await startConsole();
    const window = await enter(testbed);
    const fields = { name: 'enableScimApi', value: 'off' };
    const target = '/console/scim-configuration/switch';
    expect((await openWindow(origin).post(target, fields)).status).toBe(401);
    expect((await window.post(target, fields)).status).toBe(403);
    expect((await window.post(target, { ...fields, csrf: 'x'.repeat(43) }, { origin })).status).toBe(403);
    const { text } = await window.get('/console/scim-configuration');
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(text) ?? [];
    for (const from of ['null', 'https://evil.example', `${origin}0`]) {
      expect((await window.post(target, { ...fields, csrf }, { origin: from })).status).toBe(403);
    }
    expect((await window.post(target, { ...fields, csrf }, { origin })).status).toBe(303);
    expect(await window.notice()).toBe('&quot;Enable SCIM API&quot; is off.');
  });

  it('is not answered under a name that only points here', async () => {
    const { testbed, origin } = await startConsole();
    const { hostname, port } = new URL(origin);
    const { request } = await import('node:http');
    const status = await new Promise((resolve) => {
      request(
        {
          hostname,
          port,
          path: new URL(testbed.consoleUrl).pathname,
          headers: { host: `evil.example:${port}` },
        },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      ).end();
    });
    expect(status).toBe(421);
  });

  it('is sent away from the admin address’s neighbours: only our two files are served', async () => {
    const { origin } = await startConsole();
    const window = openWindow(origin);
    expect((await window.get('/console/pages.css')).headers.get('content-type')).toContain('text/css');
    for (const path of ['console.ts', '..%2fmain.ts', '../../package.json', '__proto__', 'constructor']) {
      expect((await window.get(`/console/${path}`)).status).not.toBe(200);
    }
  });
});

describe('every page', () => {
  it('forbids scripts, frames and strangers’ forms, and is stored by no browser', async () => {
    const { testbed } = await startConsole();
    const window = await enter(testbed);
    for (const page of ['clusters', 'users', 'saml-sso', 'no-such-page']) {
      const { headers, text } = await window.get(`/console/${page}`);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(text).not.toMatch(
        /<script(?! src="\/console\/pages.js")|\son[a-z]+=|style=|https?:\/\/(?!127\.0\.0\.1)/,
      );
    }
  });

  it('shows what was pushed as text, whatever it is', async () => {
    const { testbed } = await startConsole();
    const hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>\'';
    const headers = { authorization: `Bearer ${testbed.token}`, 'content-type': 'application/scim+json' };
    const created = await fetch(`${testbed.baseUrl}/Users`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ userName: hostile, displayName: hostile, title: hostile, externalId: hostile }),
    });
    const { id } = (await created.json()) as { id: string };
    await fetch(`${testbed.baseUrl}/Groups`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ displayName: hostile, members: [{ value: id }] }),
    });
    await fetch(`${testbed.baseUrl}/Users?filter=${hostile}`, {
      headers: { ...headers, 'user-agent': '<script>' },
    });
    const window = await enter(testbed);
    for (const page of [
      'users',
      `users/${id}`,
      'overview',
      `groups?q=${encodeURIComponent(hostile)}`,
      'groups',
      'provisioning-log',
      `users?q=${encodeURIComponent(hostile)}`,
    ]) {
      const { status, text } = await window.get(`/console/${page}`);
      expect(status).toBe(200);
      expect(text).not.toContain('<script>');
      expect(text).not.toContain('<img');
    }
  });
});

it('answers a page, a path and a form of any shape with a page', async () => {
  const { testbed } = await startConsole();
  const window = await enter(testbed);
  await fc.assert(
    fc.asyncProperty(fc.webPath(), fc.webQueryParameters(), async (path, query) => {
      const { status, headers } = await window.get(`/console${path}?${query}`);
      expect(status).toBeLessThan(500);
      if (status !== 303) expect(headers.get('content-type')).toContain('text/html');
    }),
    { numRuns: 30 },
  );
});
