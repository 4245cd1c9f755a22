import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { pathsUnder } from '../../../../src/common/paths.ts';
import { judgeChain } from '../../../../src/diagnose/why/chain.ts';
import { gatherFacts } from '../../../../src/diagnose/why/gather.ts';
import { config, NOW } from '../../../support/records/healthy.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'why-'));
  mkdirSync(path.join(root, 'etc'));
  writeFileSync(path.join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  return () => rmSync(root, { recursive: true });
});

const gather = (question: string) => gatherFacts({ config, paths: pathsUnder(root) }, question, null, NOW);

describe('the question, on a node without a state database', () => {
  test('is an account name where it could be one', async () => {
    expect((await gather('alice')).name).toBe('alice');
    expect((await gather('a.b-c_1')).name).toBe('a.b-c_1');
  });

  test.each([
    'alice@example.com',
    '2819c223-7f76-453a-919d-413861904646',
    '-rf',
    '../../etc/passwd',
    'alice\nroot',
    'alice bob',
    '',
    'a'.repeat(33),
  ])('%j is no account name, so no program and no path gets it', async (question) => {
    const facts = await gather(question);
    expect(facts).toMatchObject({ question, name: null, local: null, keyFile: { ok: false } });
  });

  test('names no key, so no log is searched for one', async () => {
    expect(await gather('alice')).toMatchObject({ fingerprint: null, used: null });
  });

  test('gives facts that say what could not be read, and a chain that claims nothing', async () => {
    const facts = await gather('alice');
    expect(facts).toMatchObject({ now: NOW, person: { ok: false }, status: { ok: false } });
    expect(judgeChain(facts).mayLogIn).toBeNull();
  });
});
