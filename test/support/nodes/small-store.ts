// A testbed with a few people in one access group, for nodes that have file systems of their own.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startTestbed } from '../../../src/testbed/service.ts';
import { type LoginRoot, makeLoginRoot } from '../../faults/login-root.ts';
import { makePublicKey } from './organisation-on-disk.ts';

const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';

export interface SmallStore {
  /** The configuration of a node that listens to it. */
  readonly config: string;
  readonly readToken: string;
  /** A request with the token that may write. */
  push(method: string, resource: string, body: object): Promise<{ id: string }>;
  /** Somebody with a key. @returns the SCIM id. */
  createUser(name: string): Promise<string>;
  /** People in slurm-users. @returns their SCIM ids, and the group's. */
  pushPeople(...names: readonly string[]): Promise<{ ids: string[]; group: string }>;
  setActive(id: string | undefined, value: boolean): Promise<unknown>;
  close(): Promise<void>;
}

async function openStore(): Promise<SmallStore> {
  const testbed = await startTestbed({});
  async function push(method: string, resource: string, body: object): Promise<{ id: string }> {
    const response = await fetch(`${testbed.baseUrl}${resource}`, {
      method,
      headers: { authorization: `Bearer ${testbed.token}`, 'content-type': 'application/scim+json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(await response.text());
    return response.status === 204 ? { id: '' } : ((await response.json()) as { id: string });
  }
  async function createUser(name: string): Promise<string> {
    const keys = { [EXTENSION]: { sunkSshKeys: makePublicKey() } };
    return (await push('POST', '/Users', { userName: `${name}@example.com`, ...keys })).id;
  }
  return {
    config: `scim: { base_url: "${testbed.baseUrl}" }
access: { groups: [{ name: slurm-users }] }
accounts: { domains: [example.com] }
`,
    readToken: testbed.readToken,
    push,
    createUser,
    async pushPeople(...names) {
      const ids: string[] = [];
      for (const name of names) ids.push(await createUser(name));
      const members = ids.map((value) => ({ value }));
      return { ids, group: (await push('POST', '/Groups', { displayName: 'slurm-users', members })).id };
    },
    setActive: (id = '', value) =>
      push('PATCH', `/Users/${id}`, { Operations: [{ op: 'replace', path: 'active', value }] }),
    close: () => testbed.close(),
  };
}

/** The store, and a node that listens to it, in a directory that ends with both. */
export async function openStoreAndNode(prefix: string): Promise<{
  readonly directory: string;
  readonly store: SmallStore;
  readonly node: LoginRoot;
  close(): Promise<void>;
}> {
  const directory = mkdtempSync(path.join(tmpdir(), prefix));
  chmodSync(directory, 0o755);
  const store = await openStore();
  const node = makeLoginRoot('node', directory, store.config, store.readToken);
  return {
    directory,
    store,
    node,
    async close() {
      await node.stopResident();
      node.remove();
      await store.close();
      rmSync(directory, { recursive: true });
    },
  };
}
