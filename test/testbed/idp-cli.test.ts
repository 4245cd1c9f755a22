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
  expect(await done('cycle')).toMatch(/success {2}create {9}alice@example\.com\n[^]*6 done, 0 failed\n$/);
  await done('graph', 'set-key', 'alice@example.com', KEY);
  expect(await done('cycle')).toBe('success  update         alice@example.com\n1 done, 0 failed\n');
  expect(await done('cycle')).toBe('nothing to do\n');
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

it('says what it does not understand, and changes nothing', async () => {
  await run('okta', 'init');
  const before = readFileSync(join(folder, 'directory.yaml'), 'utf8');
  for (const args of [
    ['nonsense'],
    ['user', 'set', 'alice@example.com', 'mail=x@example.com', 'uid=0'],
    ['assign', 'nobody'],
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
