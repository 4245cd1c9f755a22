// A stand-in for the Kubernetes API server: Secrets over TLS with the status codes, versions and refusals of the real one.
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { Authority } from '../store-front.ts';

/** MaxSecretSize of k8s.io/api, and the limit of a request’s body. */
const MAX_SECRET = 1024 * 1024;
const MAX_REQUEST = 3 * 1024 * 1024;

interface Secret {
  version: number;
  annotations: Record<string, string>;
  data: Record<string, string>;
  isImmutable: boolean;
}

/** An answer that is given instead of the real one, once. */
export interface Refusal {
  /** Of this call alone, such as `PATCH nsscache-passwd`; left out: of the next one. */
  readonly call?: string;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Not JSON: what a proxy in between would answer. */
  readonly text?: string;
}

export interface ApiServer {
  readonly port: number;
  /** What was asked, such as `PATCH nsscache-passwd`. */
  readonly calls: string[];
  /** Refusals for the next calls, in order. */
  readonly refusals: Refusal[];
  /** Tokens that are accepted. */
  readonly tokens: Set<string>;
  /** Secrets, by name, that the service account may `get` and `patch`. */
  readonly granted: Map<string, readonly string[]>;
  create(name: string, data: Readonly<Record<string, string>>, isImmutable?: boolean): void;
  /** As another program does it: a whole new content, without a look at what was there. */
  overwrite(name: string, data: Readonly<Record<string, string>>): void;
  /** Decoded, latin1; null: there is no such Secret. */
  read(name: string, key: string): string | null;
  /** Called before each PATCH is carried out. */
  beforePatch: (name: string) => void;
  /** The environment of a process in a pod. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the kubelet mounts, below `root`. */
  mount(root: string, token: string): void;
  close(): Promise<void>;
}

export const NAMESPACE = 'tenant-slurm';

export async function startApiServer({ ca, cert, key }: Authority): Promise<ApiServer> {
  const secrets = new Map<string, Secret>();
  let version = 1000;
  const put = (name: string, data: Readonly<Record<string, string>>, more: Partial<Secret> = {}): void => {
    version += 1;
    const before = secrets.get(name) ?? { annotations: {}, isImmutable: false };
    const encoded = Object.fromEntries(Object.entries(data).map(([one, value]) => [one, encode(value)]));
    secrets.set(name, { ...before, ...more, data: encoded, version });
  };
  const server = createServer({ cert, key }, (request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = (status: number, reason: string, message: string): void => {
      const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code: status };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const [, namespace, name = ''] =
      /^\/api\/v1\/namespaces\/([^/]+)\/secrets\/([^/]+)$/.exec(request.url ?? '') ?? [];
    const verb = request.method === 'GET' ? 'get' : 'patch';
    const body = await text(request);
    self.calls.push(`${request.method ?? ''} ${name}`);
    const call = `${request.method ?? ''} ${name}`;
    const isMeant = (self.refusals[0]?.call ?? call) === call;
    const refusal = isMeant ? self.refusals.shift() : undefined;
    if (refusal !== undefined && refusal.text !== undefined)
      return void response.writeHead(refusal.status, refusal.headers).end(refusal.text);
    if (refusal !== undefined) {
      response.setHeaders(new Map(Object.entries(refusal.headers ?? {})));
      return refuse(refusal.status, 'TooManyRequests', 'Too many requests, please try again later.');
    }
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    if (!self.tokens.has(token)) return refuse(401, 'Unauthorized', 'Unauthorized');
    if (namespace !== NAMESPACE || self.granted.get(name)?.includes(verb) !== true)
      return refuse(
        403,
        'Forbidden',
        `secrets "${name}" is forbidden: User "system:serviceaccount:${NAMESPACE}:sunk-agent" cannot ${verb} resource "secrets" in API group "" in the namespace "${namespace ?? ''}"`,
      );
    if (body.length > MAX_REQUEST) return refuse(413, 'RequestEntityTooLarge', 'limit is 3145728');
    if (verb === 'patch') self.beforePatch(name);
    const found = secrets.get(name);
    if (found === undefined) return refuse(404, 'NotFound', `secrets "${name}" not found`);
    if (verb === 'patch') {
      if (request.headers['content-type'] !== 'application/merge-patch+json')
        return refuse(415, 'UnsupportedMediaType', 'the body of the request was in an unknown format');
      const patch = JSON.parse(body) as {
        metadata: { resourceVersion?: string; annotations?: Record<string, string> };
        data: Record<string, string>;
      };
      const { resourceVersion } = patch.metadata;
      if (resourceVersion !== undefined && resourceVersion !== String(found.version))
        return refuse(
          409,
          'Conflict',
          `Operation cannot be fulfilled on secrets "${name}": the object has been modified; please apply your changes to the latest version and try again`,
        );
      if (found.isImmutable)
        return refuse(422, 'Invalid', `Secret "${name}" is invalid: data: Forbidden: field is immutable`);
      const data = { ...found.data, ...patch.data };
      const size = Object.values(data).reduce((sum, one) => sum + Buffer.from(one, 'base64').length, 0);
      if (size > MAX_SECRET)
        return refuse(
          422,
          'Invalid',
          `Secret "${name}" is invalid: data: Too long: may not be more than 1048576 bytes`,
        );
      version += 1;
      const annotations = { ...found.annotations, ...patch.metadata.annotations };
      secrets.set(name, { ...found, annotations, data, version });
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(render(name)));
  }

  function render(name: string): unknown {
    const { version: resourceVersion = 0, annotations, data } = secrets.get(name) ?? {};
    const metadata = { name, namespace: NAMESPACE, resourceVersion: String(resourceVersion), annotations };
    return { kind: 'Secret', apiVersion: 'v1', metadata, data, type: 'Opaque' };
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const self: ApiServer = {
    port,
    calls: [],
    refusals: [],
    tokens: new Set(['token-1']),
    granted: new Map(),
    create(name, data, isImmutable = false) {
      put(name, data, { isImmutable });
      self.granted.set(name, ['get', 'patch']);
    },
    overwrite: (name, data) => put(name, data),
    read(name, dataKey) {
      const value = secrets.get(name)?.data[dataKey];
      return value === undefined ? null : Buffer.from(value, 'base64').toString('latin1');
    },
    beforePatch: () => {},
    environment: { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) },
    mount(root, token) {
      const directory = path.join(root, 'var/run/secrets/kubernetes.io/serviceaccount');
      mkdirSync(directory, { recursive: true });
      for (const [file, content] of [
        ['ca.crt', ca],
        ['namespace', NAMESPACE],
        ['token', token],
      ] as const)
        writeFileSync(path.join(directory, file), content);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return self;
}

function encode(value: string): string {
  return Buffer.from(value, 'latin1').toString('base64');
}
