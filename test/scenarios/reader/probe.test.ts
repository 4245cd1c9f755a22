import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseConfig } from '../../../src/config/config.ts';
import { createLogger } from '../../../src/common/log.ts';
import { pathsUnder } from '../../../src/common/paths.ts';
import { withReader } from '../../../src/agent/reader-client/with-reader.ts';
import { probeStore } from '../../../src/reader/probe.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

let node: ThrowawayRoot;

beforeEach(async () => {
  node = await makeThrowawayRoot();
});
afterEach(async () => {
  await node.close();
});

const config = (more = '') => parseConfig(`scim:\n  base_url: ${node.testbed.baseUrl}\n${more}`, 'test').scim;
const probe = (groups: readonly { name: string; id: string | null }[] = [], more = '') =>
  probeStore(config(more), node.root, groups);
const putToken = (text: string) =>
  writeFileSync(path.join(node.root, 'etc/sunk-agent/credentials/scim-token'), `${text}\n`);

describe('the probe of the store for doctor', () => {
  test('finds a token that may only read, the extension, and the clock', async () => {
    const facts = await probe();
    expect(facts).toMatchObject({ fault: null, provider_config: 200, groups: [] });
    expect(facts.tokens).toEqual([
      {
        file: pathsUnder(node.root).credentials + '/scim-token',
        fault: null,
        status: 200,
        may_write: false,
      },
    ]);
    expect(facts.schemas).toContain(
      'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser',
    );
    expect(Math.abs((facts.server_time ?? 0) - facts.local_time)).toBeLessThan(5000);
  });

  test('finds out that a token may write, and writes nothing', async () => {
    putToken(node.testbed.token);
    expect((await probe()).tokens).toMatchObject([{ status: 200, may_write: true }]);
    expect(await node.scim('GET', '/Users')).toMatchObject({ totalResults: 0 });
  });

  test('reports each token, and goes on with the one that the store accepts', async () => {
    writeFileSync(path.join(node.root, 'old'), 'nonsense\n');
    const tokens = '  tokens: [{ file: /old }, { file: /none }, { credential: scim-token }]\n';
    const facts = await probe([], tokens);
    expect(facts.tokens).toMatchObject([
      { status: 401, may_write: null },
      { status: null, fault: expect.stringMatching(/cannot read the token .*none/) as string },
      { status: 200 },
    ]);
    expect(facts.provider_config).toBe(200);
  });

  test('finds groups of that name in any case, and by their pinned id', async () => {
    const right = await node.pushGroup('slurm-users', []);
    const other = await node.pushGroup('Slurm-Admins', []);
    await node.pushGroup('elsewhere', []);
    const { groups } = await probe([
      { name: 'slurm-users', id: null },
      { name: 'slurm-admins', id: 'gone' },
      { name: 'renamed', id: right },
    ]);
    expect(groups).toEqual([
      {
        name: 'slurm-users',
        id: null,
        pinned: null,
        status: 200,
        listed: [{ id: right, name: 'slurm-users' }],
      },
      {
        name: 'slurm-admins',
        id: 'gone',
        pinned: null,
        status: 200,
        listed: [{ id: other, name: 'Slurm-Admins' }],
      },
      { name: 'renamed', id: right, pinned: { id: right, name: 'slurm-users' }, status: 200, listed: [] },
    ]);
  });

  test('says why a store was not reached, also without any token', async () => {
    await node.testbed.close();
    expect((await probe()).fault).toMatchObject({ code: 'ECONNREFUSED' });
    putToken('not a token');
    const facts = await probe();
    expect(facts.fault).toMatchObject({ code: 'ECONNREFUSED' });
    expect(facts.tokens).toMatchObject([
      { fault: expect.stringMatching(/does not hold one token/) as string },
    ]);
  });

  test('goes through the pipe: the process that asks needs no network', async () => {
    const paths = pathsUnder(node.root);
    const text = `scim:\n  base_url: ${node.testbed.baseUrl}\n`;
    writeFileSync(paths.config, text);
    const answer = await withReader(
      {
        config: parseConfig(text, 'test'),
        configFile: paths.config,
        paths,
        log: createLogger('test', 'silent'),
      },
      (reader) => reader.probe([{ name: 'slurm-users', id: null }]),
    );
    expect(answer).toMatchObject({
      say: 'probe',
      fault: null,
      groups: [{ name: 'slurm-users', listed: [] }],
    });
  });
});
