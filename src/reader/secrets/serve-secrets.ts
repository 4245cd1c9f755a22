// Reads and writes the Secrets of `publish.secrets`, and no others: what they should have is the agent's decision.
import { createHash } from 'node:crypto';
import { isObject } from '../../protocol/attribute-path.ts';
import { describeError } from '../../common/errors.ts';
import type { Config } from '../../config/config.ts';
import {
  type Ask,
  type SecretMap,
  secretMap,
  type SecretsAnswer,
  type SecretWrites,
} from '../../protocol/messages.ts';
import { ApiFailure } from './api-failure.ts';
import { type ApiAnswer, callApi, readReason } from './kubernetes-api.ts';

type Settings = NonNullable<Config['publish']['secrets']>;
type Seen = SecretsAnswer['secrets'][number];

/** On each Secret: the hash of the maps that this program wrote, by which a change of another program shows. */
const ANNOTATION = 'sunk-agent/content';
const MAPS = secretMap.options;

const OUTAGES: ReadonlySet<string> = new Set(['api-account', 'api-unreachable', 'api-unauthorized']);

/** What one Secret is about. */
interface Target {
  readonly name: string;
  readonly namespace: string | null;
  readonly maps: readonly { readonly map: SecretMap; readonly key: string }[];
}

/** A failure of one Secret is in its answer; the others are served all the same. */
export async function serveSecrets(
  ask: Extract<Ask, { ask: 'read-secrets' | 'write-secrets' }>,
  settings: Settings | null,
  root: string,
): Promise<SecretsAnswer> {
  const targets = settings === null ? [] : listTargets(settings);
  const secrets: Seen[] = [];
  /** What the next Secret would meet as well; each attempt takes seconds. */
  let outage: Seen['problem'] = null;
  for (const target of targets) {
    const write = ask.ask === 'write-secrets' ? ask.secrets.find(({ name }) => name === target.name) : null;
    if (write === undefined) continue;
    const seen: Seen = outage === null ? await serveOne(target, write, root) : failed(target.name, outage);
    if (seen.problem !== null && OUTAGES.has(seen.problem.code)) outage = seen.problem;
    secrets.push(seen);
  }
  return { say: 'secrets', n: ask.n, secrets };
}

/** Several maps may be keys of one Secret. */
function listTargets(settings: Settings): Target[] {
  const targets = new Map<string, Target>();
  for (const map of MAPS) {
    const { secret: name, key } = settings[map];
    const maps = targets.get(name)?.maps ?? [];
    targets.set(name, { name, namespace: settings.namespace, maps: [...maps, { map, key }] });
  }
  return [...targets.values()];
}

async function serveOne(target: Target, write: SecretWrites[number] | null, root: string): Promise<Seen> {
  const { name, namespace } = target;
  const patch = write === null ? null : renderPatch(target, write);
  try {
    const method = patch === null ? 'GET' : 'PATCH';
    const answer = await callApi(root, { method, resource: `secrets/${name}`, namespace, patch });
    demandSuccess(answer, name);
    return describe(target, answer.body);
  } catch (error) {
    const code = error instanceof ApiFailure ? error.code : 'api-unreachable';
    const detail = describeError(error).slice(0, 2000);
    return failed(name, { code, detail });
  }
}

function failed(name: string, problem: Seen['problem']): Seen {
  return { name, version: null, isUnaltered: false, bytes: 0, maps: [], problem };
}

/** With the version that was read, so that the API server refuses it (409) where another program wrote meanwhile. */
function renderPatch(target: Target, { version, maps }: SecretWrites[number]): string {
  const data = target.maps.flatMap(({ map, key }) => {
    const found = maps.find((one) => one.map === map);
    return found === undefined ? [] : [[key, found.data] as const];
  });
  const content = hashContent(data.map(([key, text]) => [key, Buffer.from(text, 'base64')]));
  return JSON.stringify({
    metadata: { resourceVersion: version, annotations: { [ANNOTATION]: content } },
    data: Object.fromEntries(data),
  });
}

/** @throws ApiFailure */
function demandSuccess({ status, body }: ApiAnswer, name: string): void {
  if (status === 200) return;
  const reason = readReason(body);
  if (status === 401)
    throw new ApiFailure(
      'api-unauthorized',
      `the API server does not accept the service account’s token (401): ${reason}`,
    );
  if (status === 403)
    throw new ApiFailure(
      'secret-forbidden',
      `the service account may not read or write the Secret ${name} (403): its Role needs get and patch with resourceNames [${name}]: ${reason}`,
    );
  if (status === 404)
    throw new ApiFailure(
      'secret-missing',
      `there is no Secret ${name} (404): kubectl create secret generic ${name}: ${reason}`,
    );
  if (status === 409)
    throw new ApiFailure('secret-conflict', `another program wrote the Secret ${name} meanwhile (409)`);
  if (status === 413)
    throw new ApiFailure('secret-too-large', `the Secret ${name} is too large (413): ${reason}`);
  throw new ApiFailure('secret-refused', `the API server refuses the Secret ${name} (${status}): ${reason}`);
}

/** @throws ApiFailure api-answer */
function describe({ name, maps }: Target, body: unknown): Seen {
  const metadata = isObject(body) ? body['metadata'] : null;
  if (!isObject(body) || !isObject(metadata) || typeof metadata['resourceVersion'] !== 'string')
    throw new ApiFailure('api-answer', `the API server sent something that is not the Secret ${name}`);
  const data = isObject(body['data']) ? body['data'] : {};
  const decode = (key: string): Buffer => {
    const value = data[key];
    return Buffer.from(typeof value === 'string' ? value : '', 'base64');
  };
  const found = maps.filter(({ key }) => typeof data[key] === 'string');
  const content = hashContent(found.map(({ key }) => [key, decode(key)]));
  const annotations = metadata['annotations'];
  const isUnaltered = isObject(annotations) && annotations[ANNOTATION] === content;
  return {
    name,
    version: metadata['resourceVersion'].slice(0, 200),
    isUnaltered,
    bytes: Object.keys(data).reduce((sum, key) => sum + decode(key).length, 0),
    maps: found.map(({ map, key }) => {
      const bytes = decode(key);
      const hash = createHash('sha256').update(bytes).digest('hex');
      return { map, hash, data: map === 'passwd' && !isUnaltered ? bytes.toString('base64') : null };
    }),
    problem: null,
  };
}

function hashContent(data: readonly (readonly [string, Buffer])[]): string {
  const hash = createHash('sha256');
  for (const [key, bytes] of data.toSorted(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${key} ${bytes.length}\n`).update(bytes);
  return hash.digest('hex');
}
