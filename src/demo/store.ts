// The testbed as a process of its own, and what an identity provider pushes into it, in the way Entra does.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

export interface DemoStore {
  readonly baseUrl: string;
  /** For reading: what a login node gets. */
  readonly readToken: string;
  /** @returns the SCIM id */
  createUser(userName: string, displayName: string): Promise<string>;
  addKey(id: string, key: string): Promise<void>;
  createGroup(displayName: string): Promise<string>;
  addMember(group: string, user: string): Promise<void>;
  deactivate(id: string): Promise<void>;
  stop(): void;
}

export async function startStore(): Promise<DemoStore> {
  const main = path.resolve(import.meta.dirname, '../testbed/main.ts');
  const service: ChildProcess = spawn(process.execPath, [main, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (service.stdout === null) throw new Error('the testbed has no output');
  const [line] = (await once(createInterface(service.stdout), 'line')) as [string];
  const { baseUrl, token, readToken } = JSON.parse(line) as Record<'baseUrl' | 'token' | 'readToken', string>;

  async function push(method: string, resource: string, body: object): Promise<string> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' };
    const response = await fetch(baseUrl + resource, { method, headers, body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${resource}: ${response.status} ${text}`);
    return text === '' ? '' : (JSON.parse(text) as { id: string }).id;
  }

  async function patch(resource: string, op: string, attribute: string, value: unknown): Promise<void> {
    await push('PATCH', resource, { schemas: [PATCH], Operations: [{ op, path: attribute, value }] });
  }

  return {
    baseUrl,
    readToken,
    createUser: (userName, displayName) =>
      push('POST', '/Users', {
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
        active: true,
        displayName,
        emails: [{ primary: true, type: 'work', value: userName }],
        externalId: userName.split('@')[0],
        userName,
      }),
    addKey: (id, key) => patch(`/Users/${id}`, 'Add', `${EXTENSION}:sunkSshKeys`, key),
    createGroup: (displayName) =>
      push('POST', '/Groups', {
        schemas: [
          'urn:ietf:params:scim:schemas:core:2.0:Group',
          'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group',
        ],
        displayName,
      }),
    addMember: (group, user) => patch(`/Groups/${group}`, 'Add', 'members', [{ $ref: null, value: user }]),
    deactivate: (id) => patch(`/Users/${id}`, 'Replace', 'active', 'False'),
    stop: () => void service.kill('SIGTERM'),
  };
}
