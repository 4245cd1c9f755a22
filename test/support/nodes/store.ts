// The testbed inside a node's own network, so that the node's agent meets it on loopback; and what an identity provider pushes.
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { LoginNode } from './node.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');
const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

export const PORT = 8080;
export const TOKEN = 'testbed-token';
export const BASE_URL = `http://127.0.0.1:${PORT}/scim/ab1cd2`;

export interface Store {
  /** May only read: what a login node should have. */
  readonly readToken: string;
  /** Any request below the base URL, with the token that may write. */
  request(method: string, resource: string, body?: unknown): Promise<{ id: string }>;
  /** Faults, tokens and switches: see `npm run testbed -- --help`. */
  admin(method: string, resource: string, body?: unknown): Promise<unknown>;
  /** Pushes as Entra does: create, then PATCH the key. @returns the SCIM id. */
  createUser(userName: string, key: string): Promise<string>;
  createGroup(displayName: string, members: readonly string[]): Promise<string>;
  /** @param group its displayName. */
  addMember(group: string, member: string): Promise<void>;
  setActive(id: string, active: 'True' | 'False'): Promise<void>;
  /** The service answers no request, as if its machine were gone, until `resume`; it keeps everything. */
  suspend(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** @param more further arguments of the testbed: `--seed-users`, say. */
export async function startStore(node: LoginNode, more: readonly string[] = []): Promise<Store> {
  const service = node.startInNetwork([
    process.execPath,
    path.join(REPOSITORY, 'src/testbed/main.ts'),
    '--port',
    String(PORT),
    '--token',
    TOKEN,
    '--json',
    ...more,
  ]);
  if (service.stdout === null) throw new Error('the testbed has no output');
  const [line] = (await once(createInterface(service.stdout), 'line')) as [string];
  const { readToken, adminUrl } = JSON.parse(line) as { readToken: string; adminUrl: string };

  const request = (method: string, resource: string, body?: unknown) =>
    send(method, BASE_URL + resource, body) as Promise<{ id: string }>;

  async function send(method: string, url: string, body: unknown): Promise<unknown> {
    // The request is made from inside the node's network, where alone the testbed can be reached.
    const program = `
      const [method, url, token, body] = process.argv.slice(1);
      const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/scim+json' };
      const response = await fetch(url, { method, headers, ...(body === '' ? {} : { body }) });
      const text = await response.text();
      if (!response.ok) throw new Error(response.status + ' ' + text);
      process.stdout.write(text || '{}');`;
    const { status, stdout, stderr } = node.runInNetwork([
      process.execPath,
      '--input-type=module',
      '--eval',
      program,
      method,
      url,
      TOKEN,
      body === undefined ? '' : JSON.stringify(body),
    ]);
    if (status !== 0) throw new Error(`${method} ${url}: ${stderr}`);
    return JSON.parse(stdout) as unknown;
  }

  const patch = (id: string, operation: object) =>
    request('PATCH', `/Users/${id}`, { schemas: [PATCH], Operations: [operation] });

  const groups = new Map<string, string>();
  const patchGroup = (id: string, members: readonly string[]) =>
    request('PATCH', `/Groups/${id}`, {
      schemas: [PATCH],
      Operations: [
        { op: 'Add', path: 'members', value: members.map((member) => ({ $ref: null, value: member })) },
      ],
    });

  return {
    readToken,
    request,
    admin: (method, resource, body) => send(method, adminUrl + resource, body),
    async createUser(userName, key) {
      const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User'];
      const { id } = await request('POST', '/Users', {
        schemas,
        userName,
        active: true,
        displayName: userName.split('@')[0],
      });
      await patch(id, { op: 'Add', path: `${EXTENSION}:sunkSshKeys`, value: key });
      return id;
    },
    async createGroup(displayName, members) {
      const schemas = ['urn:ietf:params:scim:schemas:core:2.0:Group'];
      const { id } = await request('POST', '/Groups', { schemas, displayName });
      groups.set(displayName, id);
      await patchGroup(id, members);
      return id;
    },
    async addMember(group, member) {
      await patchGroup(groups.get(group) ?? '', [member]);
    },
    async setActive(id, active) {
      await patch(id, { op: 'Replace', path: 'active', value: active });
    },
    suspend: () => void service.kill('SIGSTOP'),
    resume: () => void service.kill('SIGCONT'),
    async stop() {
      service.kill('SIGCONT');
      service.kill('SIGTERM');
      if (service.exitCode === null) await once(service, 'exit');
    },
  };
}
