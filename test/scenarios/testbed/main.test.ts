// The testbed as a program: what it prints, and that it ends as asked.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

function start(...args: string[]): ReturnType<typeof spawn> {
  return spawn(process.execPath, ['src/testbed/main.ts', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

it.each(['SIGTERM', 'SIGINT'] as const)(
  'prints one JSON line, serves, and ends with status 0 on %s',
  async (signal) => {
    const child = start('--json', '--org', 'acme', '--token', 'secret', '--seed-users', '2');
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    const { baseUrl, token, adminUrl, readToken, consoleUrl } = JSON.parse(line.toString()) as Record<
      string,
      string
    >;
    expect(baseUrl).toMatch(/^http:\/\/127\.0\.0\.1:[0-9]+\/scim\/acme$/);
    expect(adminUrl).toMatch(/^http:\/\/127\.0\.0\.1:[0-9]+\/admin\/[0-9a-f]{24}$/);
    expect(consoleUrl).toMatch(/^http:\/\/127\.0\.0\.1:[0-9]+\/console\/start\?key=[\w-]{43}$/);
    expect(token).toBe('secret');
    const answer = await fetch(`${baseUrl}/Users`, { headers: { authorization: `Bearer ${readToken}` } });
    expect(await answer.json()).toMatchObject({ totalResults: 2 });
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
  },
);

it.each([
  ['--port', '99999'],
  ['--org', 'a/b'],
  ['--nonsense'],
  ['--seed-users', 'many'],
  ['--uid-attribute', 'a b'],
])('refuses %s %s with its usage and status 64', async (...args) => {
  const child = start(...args);
  const [text] = (await once(child.stderr!, 'data')) as [Buffer];
  expect(text.toString()).toContain('usage: npm run testbed');
  expect(await once(child, 'exit')).toEqual([64, null]);
});

it('tells what can be asked of it', async () => {
  const child = start('--help');
  const [text] = (await once(child.stdout!, 'data')) as [Buffer];
  expect(text.toString()).toMatch(/Below the admin URL:[^]*members-cut/);
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it('begins a new organisation without a token, and says how to come in', async () => {
  const child = start('--new');
  const [text] = (await once(child.stdout!, 'data')) as [Buffer];
  expect(text.toString()).toMatch(/^base URL: .*\nadmin URL: .*\nconsole, for the first who opens it: .*\n$/);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it('starts the identity provider, and prints its addresses', async () => {
  const child = spawn(process.execPath, [
    'src/testbed/identity-provider/saml/main.ts',
    '--file',
    'none.yaml',
  ]);
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  const [, url = ''] =
    /^Entra admin center \(rehearsal\): \S+\nMetadata URL: (\S+)\n$/.exec(text.toString()) ?? [];
  expect(await (await fetch(url)).text()).toContain('<IDPSSODescriptor');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
