// The guide's steps on the command line, from an empty directory to a key at the service.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ENTRA } from '../../../../src/testbed/identity-provider/entra/commands.ts';
import { loadDirectory, saveDirectory } from '../../../../src/testbed/identity-provider/directory.ts';
import { perform, type Outcome } from '../../../../src/testbed/identity-provider/idp-cli.ts';
import { OKTA } from '../../../../src/testbed/identity-provider/okta/commands.ts';
import { COREWEAVE, connect } from '../../../support/testbed/client.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFake alice';
let scratch = '';

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'idp-'));
});
afterEach(() => {
  rmSync(scratch, { recursive: true });
});

function run(program: 'entra' | 'okta', ...args: string[]): Promise<Outcome> {
  return perform(program === 'entra' ? ENTRA : OKTA, ['--file', join(scratch, 'directory.yaml'), ...args]);
}

it('Entra: every step of the guide, and what it refuses', async () => {
  const { testbed, send, admin } = await connect();
  const done = async (...args: string[]): Promise<string> => {
    const { status, out, err } = await run('entra', ...args);
    expect([args[0], status, err]).toEqual([args[0], 0, '']);
    return out;
  };
  await done('init');
  expect(await done('application', 'create', 'CoreWeave')).toMatch(
    /^CoreWeave\nObject ID: \S+\nApplication ID: \S+\nObject ID of the enterprise application: \S+\nSingle sign-on: SAML, not set up: saml\n/,
  );
  const [, objectId = ''] = /Object ID: (\S+)/.exec(await done('application')) ?? [];
  const [, applicationId = ''] = /Application ID: (\S+)/.exec(await done('application')) ?? [];
  await done('credentials', testbed.baseUrl, testbed.token);
  expect(await done('test-connection')).toContain('authorized');
  expect((await run('entra', 'graph', 'extension-property', objectId, 'sunkSshKeys')).err).toContain(
    'Authorization_RequestDenied: insufficient privileges',
  );
  await done('graph', 'consent', 'Application.ReadWrite.All');
  await done('graph', 'consent', 'User.ReadWrite.All');
  expect((await run('entra', 'graph', 'extension-property', applicationId, 'sunkSshKeys')).err).toContain(
    'Object ID',
  );
  const property = (await done('graph', 'extension-property', objectId, 'sunkSshKeys')).trim();
  expect(property).toBe(`extension_${applicationId.replaceAll('-', '')}_sunkSshKeys`);
  expect((await run('entra', 'graph', 'consent', 'Everything.All')).err).toContain('User.ReadWrite.All');
  expect(await done('mapping', 'delete', 'department')).not.toContain('department');
  const mappings = await done('mapping', 'add', property);
  expect(mappings).toContain(`${property} -> ${COREWEAVE}:sunkSshKeys (Direct, Match No, Always)\n`);
  expect(mappings).toContain('userPrincipalName -> userName (Direct, Match Yes, Always)\n');
  await done('assign', 'coreweave-users', 'slurm-users', 'slurm-admins');
  expect(await run('entra', 'cycle')).toMatchObject({
    status: 64,
    err: expect.stringContaining('provisioning on'),
  });
  expect(await done('provisioning', 'on')).toMatch(
    /^Provisioning Status: on\ninitial cycle: [^]*success {2}create {9}alice@example\.com\n[^]*6 done, 0 failed\n$/,
  );
  await done('graph', 'set-key', 'alice@example.com', KEY);
  expect(JSON.parse(await done('graph', 'get-user', 'alice@example.com'))).toMatchObject({
    userPrincipalName: 'alice@example.com',
    [property]: KEY,
  });
  expect(JSON.parse(await done('graph', 'get-user', 'bob@example.com'))).not.toHaveProperty(property);
  expect((await run('entra', 'application', 'create', 'Other')).err).toContain('has provisioned already');
  expect(await done('cycle')).toMatch(
    /^incremental cycle since \S+Z\nsuccess {2}update {9}alice@example.com\n1 done, 0 failed\n$/,
  );
  expect(await done('cycle')).toMatch(/\nnothing to do\n$/);
  expect(await done('provisioning', 'on')).toBe('Provisioning Status: on\n');
  expect(await done('cycle', '--initial')).toMatch(
    /^initial cycle: [^]*update members[^]*\n3 done, 0 failed\n$/,
  );
  const { body } = await send('GET', '/Users?filter=userName eq "alice@example.com"');
  expect(body.Resources[0][COREWEAVE]).toEqual({ sunkSshKeys: KEY, uid: expect.any(Number) });
  await done('user', 'disable', 'alice@example.com');
  expect(await done('cycle')).toContain('disable');
  await admin('PATCH', '/settings', { enableScimApi: false });
  expect(await run('entra', 'cycle')).toMatchObject({
    status: 1,
    out: expect.stringMatching(/failure {2}export .*\(403\): "Enable SCIM API" is off[^]*in quarantine/),
  });
  expect(await run('entra', 'cycle')).toMatchObject({
    status: 64,
    err: expect.stringContaining('tried again at'),
  });
  expect(await done('status')).toMatch(
    /^Provisioning Status: quarantine\nin quarantine: [^]*\nnext try: \S+Z \(6 hours[^]*users 3, groups 3\n$/,
  );
  await admin('PATCH', '/settings', { enableScimApi: true });
  expect(await done('cycle', '--initial')).toMatch(/^initial cycle[^]* 0 failed\n$/);
  expect(await done('status')).toMatch(
    /^Provisioning Status: on\nthe next cycle is an incremental one since/,
  );
  const file = readFileSync(join(scratch, 'directory.yaml'), 'utf8');
  expect(file).toMatch(/^application:\n {2}name: CoreWeave\n/);
  expect(file).toMatch(/ {2}# Users and groups: one group of all [^\n]*\n {2}assigned:\n/);
  expect(file).toMatch(/ {2}# Only these [^\n]*\n {2}scoping_filter: null\n/);
});

it('Entra: the Graph steps in the guide’s order, with each mistake refused by name', async () => {
  await run('entra', 'init');
  const refused = async (...args: string[]): Promise<string> => {
    const { status, err } = await run('entra', 'graph', ...args);
    expect([args[0], status]).toEqual([args[0], 1]);
    return err;
  };
  const { application } = loadDirectory(join(scratch, 'directory.yaml'));
  const { object_id: id, enterprise_object_id: other, application_id: client } = application;
  await run('entra', 'graph', 'connect', 'Application.ReadWrite.All');
  for (const [wrong, name] of [
    [other, 'the Object ID of the enterprise application'],
    [client, 'the Application (client) ID'],
  ] as const) {
    expect(await refused('extension-property', wrong, 'sunkSshKeys')).toContain(
      `${wrong} is ${name}; this call takes the Object ID of the app registration, ${id}`,
    );
  }
  const { out } = await run('entra', 'graph', 'extension-property', id, 'sunkSshKeys');
  const property = out.trim();
  await run('entra', 'graph', 'connect', 'User.ReadWrite');
  const update = ['update-user', 'alice@example.com', property, KEY] as const;
  expect(await refused(...update)).toMatch(
    /RequestDenied: .*User\.ReadWrite is not sufficient.*ReadWrite\.All/,
  );
  await run('entra', 'graph', 'connect', 'User.ReadWrite.All');
  expect(await refused('update-user', 'alice@example.com', 'sunkSshKeys', KEY)).toContain(property);
  expect(await run('entra', 'graph', ...update)).toMatchObject({ status: 0, err: '' });
  const { out: steps } = await run('entra', 'graph');
  const requests = [
    'graph connect Application.ReadWrite.All',
    'POST https://graph.microsoft.com/v1.0/applications/APP-OBJECT-ID/extensionProperties',
    '"targetObjects": ["User"]',
    'graph connect User.ReadWrite.All',
    'PATCH https://graph.microsoft.com/v1.0/users/USER-EMAIL',
    `{"${property}": "SSH-PUBLIC-KEY"}`,
  ];
  const places = requests.map((request) => steps.indexOf(request));
  expect([places, places.includes(-1)]).toEqual([[...places].sort((one, two) => one - two), false]);
});

it('Entra: the SAML page knows the guide’s sources and its words for the signing option', async () => {
  await run('entra', 'init');
  const claim = (...args: string[]): Promise<Outcome> => run('entra', 'saml', 'claim', ...args);
  await claim('first_name', 'user.givenname');
  await claim('last_name', 'user.surname');
  const namespace = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
  await claim(`${namespace}/email`, 'user.mail');
  const { out } = await run('entra', 'saml', 'signing', 'Sign SAML Response and Assertion');
  expect(out).toContain(
    `Signing Option: both\nclaim first_name: user.givenname\nclaim last_name: user.surname\nclaim ${namespace}/email: user.mail\n`,
  );
  expect((await claim('x', 'user.shoesize')).err).toContain('user.givenname');
  expect((await run('entra', 'saml', 'signing', 'none')).err).toContain('Sign SAML Response and Assertion');
});

it('Entra: who is deleted waits 30 days in the recycle bin, can be restored, and then is deleted for good', async () => {
  const { testbed, send } = await connect();
  const path = join(scratch, 'directory.yaml');
  const listed = async (name: string): Promise<boolean[]> =>
    (await send('GET', `/Users?filter=userName eq "${name}@example.com"`)).body.Resources.map(
      (one: { active: boolean }) => one.active,
    );
  for (const args of [
    ['init'],
    ['credentials', testbed.baseUrl, testbed.token],
    ['mapping', 'delete', 'department'],
    ['assign', 'coreweave-users', 'slurm-research'],
    ['provisioning', 'on'],
    ['cycle'],
    ['user', 'delete', 'alice@example.com'],
    ['user', 'delete', 'bob@example.com'],
    ['cycle'],
    ['user', 'restore', 'bob@example.com'],
    ['cycle'],
  ]) {
    expect(await run('entra', ...args)).toMatchObject({ status: 0, err: '' });
  }
  expect([await listed('alice'), await listed('bob')]).toEqual([[false], [true]]);
  expect((await run('entra', 'user', 'restore', 'bob@example.com')).status).toBe(64);
  const until = /recycle bin: alice@example.com, restore until (\S+)\n$/.exec(
    (await run('entra', 'status')).out,
  );
  const day = 86_400_000;
  expect(Math.round((Date.parse(until?.[1] ?? '') - Date.now()) / day)).toBe(30);

  const directory = loadDirectory(path);
  const age = (days: number): void => {
    directory.users[0]!.deleted_at = new Date(Date.now() - days * day).toISOString();
    saveDirectory(path, directory);
  };
  age(29.9);
  expect((await run('entra', 'cycle')).out).toContain('nothing to do');
  age(30.1);
  expect((await run('entra', 'cycle')).out).toMatch(/success {2}delete /);
  expect(await listed('alice')).toEqual([]);
  expect(loadDirectory(path).groups[0]!.members).not.toContain('alice@example.com');
  directory.users[0]!.deleted_at = 'soon';
  saveDirectory(path, directory);
  expect((await run('entra', 'status')).err).toContain('is no date');
});

it('Entra: provision on demand reports each step, in scope or not, and where it fails', async () => {
  const { testbed, send, admin } = await connect();
  await run('entra', 'init');
  await run('entra', 'credentials', testbed.baseUrl, testbed.token);
  await run('entra', 'mapping', 'delete', 'department');
  await run('entra', 'assign', 'slurm-admins');
  await run('entra', 'scope', 'department=Operations');
  const { status, out } = await run(
    'entra',
    'provision',
    'carol@example.com',
    'slurm-admins',
    'bob@example.com',
  );
  expect([status, out.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')]).toEqual([
    0,
    `carol@example.com
  1. success  Import user: carol@example.com, enabled; 5 attributes have a value
  2. success  Determine if user is in scope: in the group slurm-admins
  3. success  Match user between source and target system: userName eq "carol@example.com": not found
  4. success  Perform action: create
slurm-admins
  1. success  Import group: slurm-admins; members: 1, of them provisioned: 1
  2. success  Determine if group is in scope: assigned
  3. success  Match group between source and target system: displayName eq "slurm-admins": not found
  4. success  Perform action: update members
bob@example.com
  1. success  Import user: bob@example.com, enabled; 5 attributes have a value
  2. skipped  Determine if user is in scope: not assigned, and in no assigned group
  3. success  Match user between source and target system: not looked for
  4. skipped  Perform action: nothing to do
`,
  ]);
  const { body } = await send('GET', '/Groups');
  expect(body.Resources).toMatchObject([{ displayName: 'slurm-admins', members: [{}] }]);

  await run('entra', 'scope', 'department=Research');
  expect((await run('entra', 'provision', 'carol@example.com')).out).toMatch(
    /but the scoping filter wants department=Research\n[^]*Perform action: disable\n$/,
  );
  await admin('PATCH', '/settings', { enableScimApi: false });
  expect(await run('entra', 'provision', 'carol@example.com')).toMatchObject({
    status: 1,
    out: expect.stringMatching(/3\. failure {2}Match user [^\n]*is off[^\n]*\(403\)\n$/),
  });
  expect((await run('entra', 'provision', 'carol@example.com', 'nobody')).status).toBe(64);
  expect((await run('okta', 'cycle', '--initial')).err).toContain('provisioning on');
});

it('says what it does not understand, and changes nothing', async () => {
  await run('okta', 'init');
  const before = readFileSync(join(scratch, 'directory.yaml'), 'utf8');
  for (const args of [
    ['nonsense'],
    ['user', 'set', 'alice@example.com', 'mail=x@example.com', 'uid=0'],
    ['assign', 'nobody'],
    ['mapping', 'delete', 'userPrincipalName'],
    ['mapping', 'remove', 'department'],
    ['user', 'restore', 'bob@example.com'],
    ['assign', '--initial', 'slurm-users'],
    ['user', 'purge', 'bob@example.com'],
  ]) {
    const { status, err } = await run('okta', ...args);
    expect([status, err.startsWith('okta: ')]).toEqual([64, true]);
  }
  expect(readFileSync(join(scratch, 'directory.yaml'), 'utf8')).toBe(before);
  const unreachable = ['credentials', 'http://127.0.0.1:9/scim/x', 'token'];
  await run('okta', ...unreachable);
  expect((await run('okta', 'test-connection')).status).toBe(1);
});

it.each(['entra', 'okta'])('%s is a program with usage, output and exit status', async (program) => {
  const start = (...args: string[]): Promise<Outcome> =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [`src/testbed/identity-provider/${program}/main.ts`, ...args],
        (error, out, err) => {
          resolve({ status: typeof error?.code === 'number' ? error.code : 0, out, err });
        },
      );
    });
  const [help, wrong] = await Promise.all([start('--help'), start('--nonsense')]);
  expect(help).toMatchObject({ status: 0, out: expect.stringMatching(/^usage: npm run /), err: '' });
  expect(wrong).toMatchObject({ status: 64, out: '', err: expect.stringContaining('nonsense') });
});
