// Makes 0.1.0.tar.gz: the state of a node as 0.1.0 left it, and what its commands printed about it.
//
//   git worktree add /tmp/0.1.0 18ca449 && (cd /tmp/0.1.0 && npm ci)
//   node test/scenarios/upgrade/record.ts /tmp/0.1.0
//
// The code of that commit runs on a throwaway root, as root, against the testbed of this tree. The fixture is never made
// anew for a test to pass: it stands for the nodes in use.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { makeThrowawayRoot } from '../../support/nodes/throwaway-root.ts';
import { makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';

const FIXTURE = path.join(import.meta.dirname, '0.1.0.tar.gz');
/** All but the last two are members of slurm-users. */
const NAMES = 'alice bob carol dora emil frida georg hanna ivan jana kurt lena mario nora olga paul'.split(
  ' ',
);
/** Members of slurm-users that are removed in one step: more than the guard lets pass. */
const REMOVED = ['ivan', 'jana', 'kurt', 'lena', 'mario', 'nora'];
/** Members of the sudo group that are added in one step: more than the guard lets pass. */
const ADMINS = ['emil', 'frida', 'georg', 'hanna'];

const [program] = process.argv.slice(2);
if (program === undefined) throw new Error('the directory of a worktree of 18ca449 is expected');

const node = await makeThrowawayRoot();

/** One command of 0.1.0; `expected` its exit status. */
async function run(expected: number, ...args: string[]): Promise<string> {
  const command = [path.join(program ?? '', 'src/cli.ts'), ...args, '--root', node.root];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (child.exitCode !== expected)
    throw new Error(`${args.join(' ')}: status ${child.exitCode}, not ${expected}\n${out}${err}`);
  return out;
}

const patch = (resource: string, operation: object) =>
  node.scim('PATCH', resource, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [operation],
  });

try {
  writeFileSync(
    path.join(node.root, 'etc/sunk-agent/config.yaml'),
    `scim: { base_url: "${node.testbed.baseUrl}" }
access: { groups: [{ name: slurm-users }], sudo_groups: [{ name: admins }] }
accounts: { domains: [example.com] }
keys: { max_age: 1d }
`,
  );
  mkdirSync(path.join(node.root, 'etc/sudoers.d'));
  const random = seedRandom(1);
  const ids = new Map<string, string>();
  for (const name of NAMES) {
    const key = `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(random)).toString('base64')}`;
    ids.set(name, await node.pushUser(`${name}@example.com`, key));
  }
  const idsOf = (names: readonly string[]): string[] => names.map((name) => ids.get(name) ?? '');
  const users = await node.pushGroup('slurm-users', idsOf(NAMES.slice(0, 14)));
  const admins = await node.pushGroup('admins', idsOf(['alice']));
  await node.pushGroup('team', idsOf(['alice', 'bob', 'carol', 'dora']));
  await run(0, 'sync');

  // A disabled account and a block.
  await patch(`/Users/${ids.get('dora') ?? ''}`, { op: 'Replace', path: 'active', value: 'False' });
  await run(0, 'sync');
  await run(0, 'block', 'bob');

  // A held set that was approved.
  const value = idsOf(ADMINS).map((id) => ({ value: id }));
  await patch(`/Groups/${admins}`, { op: 'Add', path: 'members', value });
  await run(1, 'sync');
  const { held } = JSON.parse(await run(2, 'plan', '--json')) as { held: { hash: string }[] };
  await run(0, 'approve', held[0]?.hash ?? '');

  // A held set that waits, the last complete sync, and after it an extension.
  for (const id of idsOf(REMOVED))
    await patch(`/Groups/${users}`, { op: 'Remove', path: `members[value eq "${id}"]` });
  await run(1, 'sync', '--full');
  await run(0, 'extend', 'carol', '--for', '3d');

  const printed = path.join(node.root, 'printed');
  mkdirSync(printed);
  for (const [name, status] of [
    ['status', 1],
    ['plan', 2],
    ['history', 0],
  ] as const)
    writeFileSync(path.join(printed, `${name}.json`), await run(status, name, '--json'));
  // The one is empty space, the other opens a store that is gone.
  for (const file of ['var/lib/sunk-agent/reserve', 'etc/sunk-agent/credentials/scim-token'])
    rmSync(path.join(node.root, file), { force: true });
  execFileSync('tar', ['--numeric-owner', '--sort=name', '-czf', FIXTURE, '-C', node.root, '.']);
} finally {
  await node.close();
}
