// The guide's steps on the command line, from an empty folder to a key at the service.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ENTRA } from '../../src/testbed/identity-provider/entra-commands.ts';
import { perform, type Outcome } from '../../src/testbed/identity-provider/idp-cli.ts';
import { OKTA } from '../../src/testbed/identity-provider/okta-commands.ts';
import { COREWEAVE, connect } from './client.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFake alice';
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'idp-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function run(program: 'entra' | 'okta', ...args: string[]): Promise<Outcome> {
  return perform(program === 'entra' ? ENTRA : OKTA, ['--file', join(folder, 'directory.yaml'), ...args]);
}

it('Entra: every step of the guide, and what it refuses', async () => {
  const { testbed, send, admin } = await connect();
  const done = async (...args: string[]): Promise<string> => {
    const { status, out, err } = await run('entra', ...args);
    expect([args[0], status, err]).toEqual([args[0], 0, '']);
    return out;
  };
  await done('init');
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
  expect(await done('mapping', 'delete', 'department')).not.toContain('department');
  expect(await done('mapping', 'add', property)).toContain(`${property} -> ${COREWEAVE}:sunkSshKeys`);
  await done('assign', 'coreweave-users', 'slurm-users', 'slurm-admins');
  expect(await run('entra', 'cycle')).toMatchObject({
    status: 64,
    err: expect.stringContaining('provisioning on'),
  });
  await done('provisioning', 'on');
  expect(await done('cycle')).toMatch(
    /^initial cycle: [^]*success {2}create {9}alice@example\.com\n[^]*6 done, 0 failed\n$/,
  );
  await done('graph', 'set-key', 'alice@example.com', KEY);
  expect(await done('cycle')).toMatch(
    /^incremental cycle since \S+Z\nsuccess {2}update {9}alice@example.com\n1 done, 0 failed\n$/,
  );
  expect(await done('cycle')).toMatch(/\nnothing to do\n$/);
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
  expect(readFileSync(join(folder, 'directory.yaml'), 'utf8')).toMatch(
    /^application:\n {2}name: CoreWeave\n/,
  );
}, 30_000);

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
  3. success  Match user between source and target system: userName eq "carol@example.com": nobody is there
  4. success  Perform action: create
slurm-admins
  1. success  Import group: slurm-admins; members: 1, of them provisioned: 1
  2. success  Determine if group is in scope: assigned
  3. success  Match group between source and target system: displayName eq "slurm-admins": nothing is there
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
}, 30_000);

it('says what it does not understand, and changes nothing', async () => {
  await run('okta', 'init');
  const before = readFileSync(join(folder, 'directory.yaml'), 'utf8');
  for (const args of [
    ['nonsense'],
    ['user', 'set', 'alice@example.com', 'mail=x@example.com', 'uid=0'],
    ['assign', 'nobody'],
    ['assign', '--initial', 'slurm-users'],
    ['user', 'purge', 'bob@example.com'],
  ]) {
    const { status, err } = await run('okta', ...args);
    expect([status, err.startsWith('okta: ')]).toEqual([64, true]);
  }
  expect(readFileSync(join(folder, 'directory.yaml'), 'utf8')).toBe(before);
  const unreachable = ['credentials', 'http://127.0.0.1:9/scim/x', 'token'];
  await run('okta', ...unreachable);
  expect((await run('okta', 'test-connection')).status).toBe(1);
}, 30_000);

it.each(['entra', 'okta'])('%s is a program with usage, output and exit status', async (program) => {
  const start = (...args: string[]): Promise<Outcome> =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [`src/testbed/identity-provider/${program}.ts`, ...args],
        (error, out, err) => {
          resolve({ status: typeof error?.code === 'number' ? error.code : 0, out, err });
        },
      );
    });
  const [help, wrong] = await Promise.all([start('--help'), start('--nonsense')]);
  expect(help).toMatchObject({ status: 0, out: expect.stringMatching(/^usage: npm run /), err: '' });
  expect(wrong).toMatchObject({ status: 64, out: '', err: expect.stringContaining('nonsense') });
});
