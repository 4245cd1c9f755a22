// The demonstration: the identity provider pushes a user, who gets a login, leaves and loses it. Ends with status 0.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readArguments } from './arguments.ts';
import { connectEntra, entra, makePublicKey } from './company.ts';
import { showFollower } from './follow.ts';
import { showLogin } from './login.ts';
import { findObstacle } from './node.ts';
import { announce, cleanUpAtTheEnd, HERE, perform, show, workDirectory } from './harness.ts';
import { makeRoot } from './root.ts';
import { startTestbed } from '../testbed/service.ts';

const USAGE = `usage: npm run demo

A rehearsal on this machine: Entra pushes a user, who logs in and leaves. It takes about a minute and a half,
listens on 127.0.0.1 only, and deletes what it wrote. As root on Debian or Ubuntu it also shows a real SSH login.
`;

const root = path.join(workDirectory, 'root');
function agent(statuses: readonly number[], ...args: string[]): Promise<string> {
  const program = path.join(HERE, 'src/cli/main.ts');
  return perform(
    `sunk-agent ${args.join(' ')} --root ROOT`,
    statuses,
    process.execPath,
    program,
    ...args,
    '--root',
    root,
  );
}

/** The lines of alice and bob, and what sshd would be told about alice. */
async function showAlice(): Promise<string> {
  for (const file of ['etc/passwd', 'etc/group']) {
    process.stdout.write(`   ROOT/${file}\n`);
    show(readFileSync(path.join(root, file), 'utf8').replace(/^/gm, '  '));
  }
  const helper = path.join(HERE, 'packaging/authorized-keys');
  const keys = path.join(root, 'var/lib/sunk-agent/authorized_keys');
  const said = await perform('authorized-keys alice', [0], 'sh', helper, 'alice', keys);
  if (said === '') show('(no key)');
  return said;
}

async function main(): Promise<void> {
  process.stdout.write(
    'sunk-agent, from a pushed user to a login and out again. Nothing here leaves 127.0.0.1.\n',
  );

  announce('Starting the testbed, a SCIM service like CoreWeave’s.');
  const testbed = await startTestbed({});
  show(`base URL: ${testbed.baseUrl}`);
  const config = `scim:
  base_url: ${testbed.baseUrl}
access:
  groups: [{ name: slurm-users }]
accounts:
  domains: [example.com]
`;

  announce('Pushing a small organisation as Entra does: users, then groups and their members.');
  show(await connectEntra(testbed.baseUrl, testbed.token));

  announce('Alice, Bob and Carol get their keys in Entra, which arrive as PATCHes.');
  for (const name of ['alice', 'bob', 'carol'])
    await entra('graph', 'set-key', `${name}@example.com`, `${makePublicKey()} ${name}@laptop`);
  show(await entra('cycle'));

  announce(`Making a throwaway root for the agent: ROOT is ${root}.`);
  makeRoot(root, config, testbed.readToken);
  show(config);

  announce('What would the agent do? It reads the store and shows the plan; nothing is changed.');
  await agent([2], 'plan', '--fetch');

  announce('The agent does it.');
  await agent([0], 'sync');
  if (!(await showAlice()).includes('ssh-ed25519')) throw new Error('alice has no key');

  announce('Alice leaves: Entra disables her, and her key goes with the next sync.');
  await entra('user', 'disable', 'alice@example.com');
  show(await entra('cycle'));
  await agent([0], 'sync');
  if ((await showAlice()) !== '') throw new Error('alice still has a key');

  const obstacle = findObstacle();
  if (obstacle === null) {
    await showLogin(config, testbed.readToken);
    await showFollower(config, testbed.readToken);
  } else {
    announce('A real SSH login and a second node come next, but not here.');
    show(`${obstacle}; sudo npm run demo, on Debian or Ubuntu, shows it`);
  }

  announce('Done. Stopping everything and deleting what was written.');
  await testbed.close();
}

cleanUpAtTheEnd();
readArguments(USAGE, {});
try {
  await main();
  process.exit(0);
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
