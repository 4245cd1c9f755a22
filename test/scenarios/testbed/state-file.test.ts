// A rehearsal that survives a restart: what the file keeps, what it does not, and which files are refused.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startTestbed, type Testbed } from '../../../src/testbed/service.ts';
import { enter } from '../../support/testbed/browser-client.ts';
import { COREWEAVE } from '../../support/testbed/client.ts';

let scratch: string;
let file: string;

beforeEach(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'state-'));
  file = path.join(scratch, 'state.json');
});
afterEach(() => rmSync(scratch, { recursive: true }));

type Body = Record<string, unknown> & { id: string };

async function send(
  testbed: Testbed,
  token: string,
  method: string,
  target: string,
  body?: object,
): Promise<Body> {
  const response = await fetch(testbed.baseUrl + target, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, ...(JSON.parse(text === '' ? '{}' : text) as Body) };
}

it('has the same users, groups, keys, tokens, switches and policies after a restart', async () => {
  const first = await startTestbed({ stateFile: file, settings: { legacyDefaultGroups: true } });
  const { token, readToken } = first;
  const user = await send(first, token, 'POST', '/Users', {
    userName: 'alice',
    [COREWEAVE]: { sunkSshKeys: 'k' },
  });
  const gone = await send(first, token, 'POST', '/Users', { userName: 'gone' });
  const group = await send(first, token, 'POST', '/Groups', {
    displayName: 'g',
    members: [{ value: user.id }],
  });
  await send(first, token, 'DELETE', `/Users/${gone.id}`);
  const admin = (method: string, target: string, body: object): Promise<Response> =>
    fetch(first.adminUrl + target, { method, body: JSON.stringify(body) });
  await admin('PUT', `/users/${user.id}/keys`, { keys: ['own'] });
  await admin('POST', '/policy-groups', { name: 'admins', policies: ['admin-policy'] });
  await fetch(`${first.adminUrl}/policy-groups/admin`, { method: 'DELETE' });
  await admin('PATCH', '/settings', { events: false });
  const window = await enter(first);
  await window.submit(`/console/groups/${group.id}`, `/console/groups/${group.id}/policies`, {
    policy: 'read-policy',
  });
  const before = await send(first, readToken, 'GET', `/Users/${user.id}`);
  const policies = await (await fetch(`${first.adminUrl}/policy-groups`)).json();
  await first.close();

  const second = await startTestbed({ stateFile: file });
  expect([second.token, second.readToken]).toEqual(['', '']);
  const port = (url: string): string => new URL(url).host;
  const after = await send(second, readToken, 'GET', `/Users/${user.id}`);
  expect(JSON.stringify(after).replaceAll(port(second.baseUrl), '')).toBe(
    JSON.stringify(before).replaceAll(port(first.baseUrl), ''),
  );
  expect(after[COREWEAVE]).toMatchObject({ sunkSshKeys: ['k', 'own'], uid: 10_000 });
  expect(await (await fetch(`${second.adminUrl}/policy-groups`)).json()).toEqual(policies);
  expect(await (await fetch(`${second.adminUrl}/settings`)).json()).toMatchObject({
    events: false,
    legacyDefaultGroups: true,
  });
  // The uid of the deleted is not given again, and names are still taken.
  expect((await send(second, token, 'POST', '/Users', { userName: 'ALICE' }))['status']).toBe('409');
  const next = await send(second, token, 'POST', '/Users', { userName: 'next' });
  expect((await send(second, readToken, 'GET', `/Users/${next.id}`))[COREWEAVE]).toMatchObject({
    uid: 10_002,
  });
  expect((await (await enter(second)).get(`/console/groups/${group.id}`)).text).toMatch(
    /value="read-policy"\s+checked/,
  );
  await second.close();
});

it('keeps no token and no link in the file, which no one else may read', async () => {
  const testbed = await startTestbed({ stateFile: file });
  await send(testbed, testbed.token, 'POST', '/Users', { userName: 'alice' });
  await testbed.close();
  const text = readFileSync(file, 'utf8');
  const secrets = [
    testbed.token,
    testbed.readToken,
    new URL(testbed.consoleUrl).searchParams.get('key') ?? '-',
  ];
  for (const secret of secrets) expect(text).not.toContain(secret);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('refuses a file of another kind, and that of another organisation', async () => {
  writeFileSync(file, 'nonsense');
  await expect(startTestbed({ stateFile: file })).rejects.toThrow('no state of a testbed');
  writeFileSync(file, '{}');
  await expect(startTestbed({ stateFile: file })).rejects.toThrow('no state of a testbed');
  rmSync(file);
  const testbed = await startTestbed({ stateFile: file });
  await send(testbed, testbed.token, 'POST', '/Users', { userName: 'alice' });
  await testbed.close();
  await expect(startTestbed({ stateFile: file, org: 'other' })).rejects.toThrow(
    'is of the organisation ab1cd2',
  );
});

it('begins a new organisation with everything off and no token', async () => {
  const testbed = await startTestbed({ isNew: true });
  expect(testbed).toMatchObject({ token: '', readToken: '' });
  expect(await (await fetch(`${testbed.adminUrl}/tokens`)).json()).toEqual({ tokens: [] });
  const window = await enter(testbed);
  const turnOn = (name: string): Promise<unknown> =>
    window.submit('/console/scim-configuration', '/console/scim-configuration/switch', { name, value: 'on' });
  await turnOn('enableAutomatedUserProvisioning');
  expect(await window.notice()).toContain('needs SAML SSO');
  await turnOn('enableScimApi');
  expect(await window.notice()).toContain('is on');
  await testbed.close();
});
