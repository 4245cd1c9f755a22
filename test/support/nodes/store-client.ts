// What an identity provider pushes to a testbed in this process: users with keys, groups, changes.
import type { Testbed } from '../../../src/testbed/service.ts';

const CORE = 'urn:ietf:params:scim:schemas:core:2.0';
const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';

export interface StoreClient {
  /** A request with the token that may write. @throws Error for any answer but success. */
  request(method: string, resource: string, body?: unknown): Promise<{ id: string }>;
  /** A user with these keys, each a line. @returns the SCIM id. */
  pushUser(userName: string, keys: string): Promise<string>;
  /** @param members their SCIM ids. @returns the group's. */
  pushGroup(displayName: string, members: readonly string[]): Promise<string>;
  setActive(id: string | undefined, value: boolean): Promise<unknown>;
}

export function connectStore({ baseUrl, token }: Pick<Testbed, 'baseUrl' | 'token'>): StoreClient {
  async function request(method: string, resource: string, body?: unknown): Promise<{ id: string }> {
    const response = await fetch(`${baseUrl}${resource}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${resource}: ${response.status} ${await response.text()}`);
    return (response.status === 204 ? { id: '' } : await response.json()) as { id: string };
  }
  return {
    request,
    async pushUser(userName, keys) {
      const user = { schemas: [`${CORE}:User`], userName, active: true, [EXTENSION]: { sunkSshKeys: keys } };
      return (await request('POST', '/Users', user)).id;
    },
    async pushGroup(displayName, members) {
      const group = {
        schemas: [`${CORE}:Group`],
        displayName,
        members: members.map((value) => ({ value })),
      };
      return (await request('POST', '/Groups', group)).id;
    },
    setActive: (id = '', value) =>
      request('PATCH', `/Users/${id}`, { Operations: [{ op: 'replace', path: 'active', value }] }),
  };
}
