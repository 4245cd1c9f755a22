// Both emulators against a SCIM service that others wrote: what they send is SCIM, not this testbed's reading of it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Directory } from '../../../../src/testbed/identity-provider/directory.ts';
import { runCycle, testConnection } from '../../../../src/testbed/identity-provider/entra/cycle.ts';
import type { LogLine } from '../../../../src/testbed/identity-provider/idp-client.ts';
import { runOktaCycle } from '../../../../src/testbed/identity-provider/okta/cycle.ts';
import { makeSampleDirectory } from '../../../../src/testbed/identity-provider/sample-directory.ts';

const SERVER = path.resolve(import.meta.dirname, '../../../support/testbed/scimmy-server.js');

let server: ChildProcess;
let baseUrl: string;

beforeEach(async () => {
  server = spawn(process.execPath, [SERVER], { stdio: ['pipe', 'pipe', 'inherit'] });
  [baseUrl] = (await once(createInterface(server.stdout!), 'line')) as [string];
});
afterEach(async () => {
  const ended = once(server, 'exit');
  server.stdin!.end();
  await ended;
});

function makeDirectory(flag: string): Directory {
  const directory = makeSampleDirectory();
  Object.assign(directory.application, {
    created: true,
    tenant_url: baseUrl + flag,
    secret_token: 'any',
    provisioning: 'on',
    assigned: directory.groups.map(({ displayName }) => displayName),
  });
  return directory;
}

const failures = (log: readonly LogLine[]): readonly LogLine[] =>
  log.filter(({ outcome }) => outcome === 'failure');

interface Served {
  readonly userName: string;
  readonly displayName: string;
  readonly active: boolean;
  readonly title?: string;
  readonly members?: readonly object[];
}

async function list(kind: string): Promise<readonly Served[]> {
  const answer = await fetch(`${baseUrl}/${kind}`, { headers: { authorization: 'Bearer any' } });
  return ((await answer.json()) as { Resources: Served[] }).Resources;
}

/** A life: created, changed, disabled, taken out of a group, renamed, a group gone. */
async function live(directory: Directory, cycle: () => Promise<readonly LogLine[]>): Promise<void> {
  expect(failures(await cycle())).toEqual([]);
  expect((await list('Users')).map(({ userName }) => userName).sort()).toEqual([
    'alice@example.com',
    'bob@example.com',
    'carol@example.com',
  ]);
  const sizes = (await list('Groups')).map((group) => [group.displayName, group.members?.length ?? 0]);
  expect(sizes).toEqual(
    expect.arrayContaining([
      ['coreweave-users', 3],
      ['slurm-admins', 1],
      ['slurm-research', 2],
    ]),
  );
  const [alice, bob, carol] = directory.users;
  alice!.jobTitle = 'Director';
  bob!.accountEnabled = false;
  carol!.userPrincipalName = 'cole@example.com';
  directory.groups[1]!.members = ['alice@example.com'];
  expect(failures(await cycle())).toEqual([]);
  directory.application.assigned = directory.application.assigned.filter((name) => name !== 'slurm-admins');
  expect(failures(await cycle())).toEqual([]);
  const users = await list('Users');
  expect(users.find(({ userName }) => userName === 'alice@example.com')).toMatchObject({ title: 'Director' });
  expect(users.find(({ userName }) => userName === 'bob@example.com')).toMatchObject({ active: false });
  expect(users.find(({ userName }) => userName === 'cole@example.com')).toMatchObject({ active: true });
  const groups = await list('Groups');
  expect(groups.find(({ displayName }) => displayName === 'slurm-users')?.members).toHaveLength(1);
  expect(groups.map(({ displayName }) => displayName)).not.toContain('slurm-admins');
}

it('Entra with aadOptscim062020 pushes without an error', async () => {
  const directory = makeDirectory('?aadOptscim062020');
  await testConnection(directory);
  await live(directory, () => runCycle(directory));
});

it('Okta pushes without an error', async () => {
  const directory = makeDirectory('');
  await live(directory, () => runOktaCycle(directory));
});
