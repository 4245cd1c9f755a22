// An exchange of keys while the node is frozen: removals act, additions wait.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import sshpk from 'sshpk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

const KEYS = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser:sunkSshKeys';

let node: ThrowawayRoot;
beforeEach(async () => {
  node = await makeThrowawayRoot();
});
afterEach(() => node.close());

const makeKey = (): string => {
  const pem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
  return sshpk.parseKey(pem, 'pem').toString('ssh').split(' ').slice(0, 2).join(' ');
};

test('a key that was exchanged is removed at once where another stays, and the new one is added with the thaw', async () => {
  const [stolen, kept, fresh] = [makeKey(), makeKey(), makeKey()] as const;
  const alice = await node.pushUser('alice@example.com', `${stolen}\n${kept}`);
  await node.pushGroup('slurm-users', [alice]);
  await node.run('sync');
  const served = (): string[] => {
    const text = readFileSync(path.join(node.root, 'var/lib/sunk-agent/authorized_keys/alice'), 'utf8');
    return [stolen, kept, fresh].filter((key) => text.includes(key));
  };
  expect(served()).toEqual([stolen, kept]);

  await node.run('freeze', '--for', '2h');
  await node.scim('PATCH', `/Users/${alice}`, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'replace', path: KEYS, value: `${kept}\n${fresh}` }],
  });
  const { stdout: plan } = await node.run('plan', '--fetch');
  expect(plan).toMatch(/To remove:\n +- keys of alice {2}\(.*those that come wait for the thaw\)/);
  expect(plan).toMatch(/this node is frozen/);
  await node.run('sync');
  expect(served()).toEqual([kept]);
  await node.run('sync');
  expect(served()).toEqual([kept]);

  await node.run('thaw');
  await node.run('sync');
  expect(served()).toEqual([kept, fresh]);
});
