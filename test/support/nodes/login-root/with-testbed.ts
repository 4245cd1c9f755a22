// A login root and a testbed that it syncs with, for nodes that have file systems of their own.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startTestbed } from '../../../../src/testbed/service.ts';
import { makePublicKey } from '../organisation-on-disk.ts';
import { connectStore, type StoreClient } from '../store-client.ts';
import { type LoginRoot, makeLoginRoot } from './login-root.ts';

export interface SmallStore extends StoreClient {
  /** A user with a fresh key. @returns the SCIM id. */
  createUser(name: string): Promise<string>;
  /** Users in slurm-users. @returns their SCIM ids, and the group's. */
  pushPeople(...names: readonly string[]): Promise<{ ids: string[]; group: string }>;
}

function withPeople(client: StoreClient): SmallStore {
  const createUser = (name: string): Promise<string> =>
    client.pushUser(`${name}@example.com`, makePublicKey());
  return {
    ...client,
    createUser,
    async pushPeople(...names) {
      const ids: string[] = [];
      for (const name of names) ids.push(await createUser(name));
      return { ids, group: await client.pushGroup('slurm-users', ids) };
    },
  };
}

/** Both in a directory that ends with them. */
export async function openStoreAndNode(prefix: string): Promise<{
  readonly directory: string;
  readonly store: SmallStore;
  readonly node: LoginRoot;
  close(): Promise<void>;
}> {
  const directory = mkdtempSync(path.join(tmpdir(), prefix));
  chmodSync(directory, 0o755);
  const testbed = await startTestbed({});
  const config = `scim: { base_url: "${testbed.baseUrl}" }
access: { groups: [{ name: slurm-users }] }
accounts: { domains: [example.com] }
`;
  const node = makeLoginRoot('node', directory, config, testbed.readToken);
  return {
    directory,
    store: withPeople(connectStore(testbed)),
    node,
    async close() {
      await node.stopResident();
      node.remove();
      await testbed.close();
      rmSync(directory, { recursive: true });
    },
  };
}
