// The step without touching a pod: a publisher fills the Secrets of nsscache’s CronJob, over a stand-in for the API server.
import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { publish } from '../../../src/config/publish.ts';
import type { SecretsReport } from '../../../src/agent/publication/secrets-report.ts';
import { fillSecrets } from '../../../src/agent/publication/fill-secrets.ts';
import { configSchema } from '../../../src/config/config.ts';
import { serveSecrets } from '../../../src/reader/secrets/serve-secrets.ts';
import { type ApiServer, startApiServer } from '../../support/kubernetes/api-server.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';
import { makeKey } from '../../support/records/sample-keys.ts';
import { makeAuthority } from '../../support/store-front.ts';

const SOON = { timeout: 60_000, interval: 50 };
const MAPS = {
  passwd: 'alice:x:10000:9999::/home/alice:/bin/bash\nmüller:x:10001:9999:M\xfcller:/home/m:/bin/bash\n',
  group: 'sunk-users:x:9999:\n',
  shadow: 'alice:*:19000::::::\n',
  sshkey: "alice:['ssh-ed25519 AAAA']\n",
};
const NAMES = Object.keys(MAPS) as (keyof typeof MAPS)[];
const authority = makeAuthority();
const { secrets: settings } = publish.parse({ secrets: {} });
const config = configSchema.parse({ scim: { base_url: 'https://store.example' }, publish: { secrets: {} } });

let api: ApiServer;
let root: string;

beforeEach(async () => {
  api = await startApiServer(authority);
  root = mkdtempSync(path.join(tmpdir(), 'secrets-'));
  api.mount(root, 'token-1');
  for (const [name, value] of Object.entries(api.environment)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await api.close();
  rmSync(root, { recursive: true });
});

const reader = {
  readSecrets: () => serveSecrets({ ask: 'read-secrets', n: 1 }, settings, root),
  writeSecrets: (secrets: Parameters<Parameters<typeof fillSecrets>[1]['writeSecrets']>[0]) =>
    serveSecrets({ ask: 'write-secrets', n: 1, secrets }, settings, root),
};
const fill = (maps = MAPS, before: SecretsReport | null = null): Promise<SecretsReport> =>
  fillSecrets({ config }, reader, maps, before, 1_800_000_000);
const problemOf = async (name = 'passwd'): Promise<string | undefined> =>
  (await fill()).secrets.find((one) => one.name === `nsscache-${name}`)?.problem?.code;
const createAll = (maps: Readonly<Record<string, string>> = {}): void => {
  for (const map of NAMES)
    api.create(`nsscache-${map}`, maps[map] === undefined ? {} : { [`${map}.cache`]: maps[map] });
};
const written = (): (string | null)[] => NAMES.map((map) => api.read(`nsscache-${map}`, `${map}.cache`));

describe('the reader and the API server', () => {
  test('fill empty Secrets byte for byte, verify them, and leave them alone afterwards', async () => {
    createAll();
    const report = await fill();
    expect(report.secrets.map(({ problem, verifiedAt }) => [problem, verifiedAt])).toEqual(
      NAMES.map(() => [null, 1_800_000_000]),
    );
    expect(written()).toEqual(Object.values(MAPS));
    api.calls.length = 0;
    await fill();
    expect(api.calls).toEqual(NAMES.map((map) => `GET nsscache-${map}`));
  });

  test('keep other keys and other Secrets as they are', async () => {
    createAll();
    api.overwrite('nsscache-passwd', { 'other.key': 'stays' });
    api.create('someone-elses', { 'passwd.cache': 'no' });
    await fill();
    expect(api.read('nsscache-passwd', 'other.key')).toBe('stays');
    const foreign = { name: 'someone-elses', version: '1', maps: [] };
    expect((await reader.writeSecrets([foreign])).secrets).toEqual([]);
    expect(api.calls.join()).not.toContain('someone-elses');
  });

  test('begin anew after a conflict, and lose neither the other’s keys nor their own', async () => {
    createAll();
    let conflicts = 2;
    api.beforePatch = (name) => {
      if (name === 'nsscache-passwd' && conflicts-- > 0)
        api.overwrite(name, { 'other.key': String(conflicts) });
    };
    expect((await fill()).secrets.every(({ problem }) => problem === null)).toBe(true);
    expect(written()).toEqual(Object.values(MAPS));
    expect(api.read('nsscache-passwd', 'other.key')).toBe('0');
  });

  test('give up on a program that writes all the time, and say so', async () => {
    createAll();
    api.beforePatch = (name) => {
      if (name === 'nsscache-passwd') api.overwrite(name, {});
    };
    expect(await problemOf()).toBe('secret-conflict');
  });

  test('name another program that changes what was filled, and fill it again', async () => {
    createAll();
    const before = await fill();
    api.overwrite('nsscache-passwd', { 'passwd.cache': 'eve:x:0:0::/:/bin/sh\n' });
    const { secrets } = await fill(MAPS, before);
    expect(secrets.map(({ foreignAt, problem }) => [foreignAt, problem])).toEqual([
      [1_800_000_000, null],
      [null, null],
      [null, null],
      [null, null],
    ]);
    expect(written()).toEqual(Object.values(MAPS));
  });

  test('leave the Secrets of another program with more accounts as they are', async () => {
    createAll({
      ...MAPS,
      passwd: `${MAPS.passwd}bob:x:10002:9999::/home/bob:/bin/sh\n`,
      sshkey: 'bob:key\n',
    });
    const before = written();
    const { secrets } = await fill();
    expect(secrets.map(({ problem }) => problem?.code)).toEqual(NAMES.map(() => 'secret-losses'));
    expect(written()).toEqual(before);
  });

  test.each([
    ['a missing Secret', 'secret-missing', () => {}],
    ['a Secret that it may not read', 'secret-forbidden', () => api.granted.set('nsscache-passwd', [])],
    ['a Secret that it may not write', 'secret-forbidden', () => api.granted.set('nsscache-passwd', ['get'])],
    ['an immutable Secret', 'secret-refused', () => api.create('nsscache-passwd', {}, true)],
    [
      'a Secret with too much of others',
      'secret-refused',
      () => api.create('nsscache-passwd', { 'other.key': 'x'.repeat(1024 * 1024 - 10) }),
    ],
    [
      'a request that is too large for the server',
      'secret-too-large',
      () => {
        const refusal = { call: 'PATCH nsscache-passwd', status: 413, text: 'too large' };
        api.refusals.push(...Array.from({ length: 5 }, () => refusal));
      },
    ],
  ])('name %s, and fill the others', async (_, code, prepare) => {
    for (const map of NAMES) api.create(`nsscache-${map}`, {});
    if (code === 'secret-missing') {
      await api.close();
      api = await startApiServer(authority);
      api.mount(root, 'token-1');
      for (const [name, value] of Object.entries(api.environment)) vi.stubEnv(name, value);
      for (const map of NAMES.slice(1)) api.create(`nsscache-${map}`, {});
      api.granted.set('nsscache-passwd', ['get', 'patch']);
    }
    prepare();
    const { secrets } = await fill();
    expect(secrets.map(({ problem }) => problem?.code)).toEqual([code, undefined, undefined, undefined]);
    expect(written().slice(1)).toEqual(Object.values(MAPS).slice(1));
  });

  test('read the token anew: one that the kubelet replaced works at once, one that ended is named', async () => {
    createAll();
    await fill();
    api.tokens.clear();
    api.tokens.add('token-2');
    expect(await problemOf()).toBe('api-unauthorized');
    api.mount(root, 'token-2');
    expect(await problemOf()).toBeUndefined();
  });

  test('wait as long as the server asks (429, Retry-After), and no longer than is bearable', async () => {
    createAll();
    api.refusals.push({ status: 429, headers: { 'retry-after': '1' } }, { status: 503 });
    const start = performance.now();
    expect(await problemOf()).toBeUndefined();
    expect(performance.now() - start).toBeGreaterThan(1000);
    api.refusals.push({ status: 429, headers: { 'retry-after': '3600' } });
    expect(await problemOf()).toBe('api-busy');
  });

  test('survive answers that are none', async () => {
    createAll();
    api.refusals.push({ status: 200, text: '<html>' });
    expect(await problemOf()).toBeUndefined();
    for (const text of ['[]', 'null', '{"metadata":{}}', '{"metadata":{"resourceVersion":7},"data":3}']) {
      api.refusals.push({ status: 200, text });
      expect(await problemOf()).toBe('api-answer');
    }
    api.refusals.push({
      status: 200,
      text: '{"metadata":{"resourceVersion":"7"},"data":{"passwd.cache":7}}',
    });
    expect(['secret-conflict', undefined]).toContain(await problemOf());
  });

  test('trust no server but one of the cluster’s authority', async () => {
    createAll();
    const other = makeAuthority();
    writeFileSync(path.join(root, 'var/run/secrets/kubernetes.io/serviceaccount/ca.crt'), other.ca);
    expect(await problemOf()).toBe('api-unreachable');
    expect(api.calls).toEqual([]);
  });

  test('say that this is no pod, or that it has no service account', async () => {
    rmSync(path.join(root, 'var'), { recursive: true });
    expect(await problemOf()).toBe('api-account');
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '');
    expect(await problemOf()).toBe('api-account');
  });
});

describe('a publisher with publish.secrets', () => {
  let node: ThrowawayRoot;
  let daemon: ChildProcess | null = null;
  let output = '';
  let alice: string;
  let group: string;

  beforeEach(async () => {
    node = await makeThrowawayRoot();
    api.mount(node.root, 'token-1');
    writeFileSync(
      path.join(node.root, 'etc/sunk-agent/config.yaml'),
      `scim: { base_url: '${node.testbed.baseUrl}' }
access: { groups: [{ name: slurm-users }] }
accounts: { domains: [example.com], backend: nsscache }
limits: { max_loss: { share: 1 } }
sync: { poll: '* * * * * *' }
publish: { secrets: { verify: 1s } }
`,
    );
    alice = await node.pushUser('alice@example.com', makeKey(1));
    group = await node.pushGroup('slurm-users', [alice]);
    daemon = node.start('run');
    for (const stream of [daemon.stdout, daemon.stderr])
      stream?.on('data', (data: Buffer) => {
        output += data.toString();
      });
  });
  afterEach(async () => {
    if (daemon !== null && daemon.exitCode === null) {
      daemon.kill('SIGTERM');
      await once(daemon, 'exit');
    }
    await node.close();
  });

  const secret = (map: string): string => api.read(`nsscache-${map}`, `${map}.cache`) ?? '';
  const reasons = (): string[] =>
    (JSON.parse(node.read('run/sunk-agent/status.json')) as { reasons: string[] }).reasons;

  test('brings a new person, and takes the key of one who leaves, without touching a pod', async () => {
    createAll();
    await vi.waitFor(() => expect(secret('sshkey'), output).toContain('alice:['), SOON);
    expect(secret('passwd')).toMatch(/^alice:\*?x?:\d+:9999:/);
    expect(secret('sshkey')).toContain('expiry-time="');
    const bob = await node.pushUser('bob@example.com', makeKey(2));
    const replace = (op: string, path_: string, value: unknown) => ({
      Operations: [{ op, path: path_, value }],
    });
    await node.scim('PATCH', `/Groups/${group}`, replace('add', 'members', [{ value: bob }]));
    await vi.waitFor(() => expect(secret('sshkey'), output).toContain('bob:['), SOON);
    await node.scim('PATCH', `/Users/${alice}`, replace('replace', 'active', false));
    await vi.waitFor(() => expect(secret('sshkey'), output).not.toContain('alice:['), SOON);
    expect(secret('shadow')).toMatch(/^alice:[^:]*:\d*:[^:]*:[^:]*:[^:]*:[^:]*:1:$/m);
    await vi.waitFor(() => expect(reasons().join(), output).not.toContain('Secret'), SOON);
  });

  test('is degraded while a Secret may not be written, with the Role that it needs, and heals', async () => {
    createAll();
    api.granted.set('nsscache-sshkey', ['get']);
    await vi.waitFor(
      () =>
        expect(reasons().join(), output).toMatch(
          /Secret nsscache-sshkey \(403\): its Role needs get and patch/,
        ),
      SOON,
    );
    api.granted.set('nsscache-sshkey', ['get', 'patch']);
    await vi.waitFor(() => expect(reasons().join(), output).not.toContain('nsscache-sshkey'), SOON);
    expect(secret('sshkey')).toContain('alice:[');
    expect(readFileSync(path.join(node.root, 'run/sunk-agent/secrets.json'), 'utf8')).not.toContain('ssh-');
    expect(output).not.toContain('token-1');
  });
});
