import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { pathsUnder } from '../../../../src/common/paths.ts';
import { gatherHostFacts } from '../../../../src/diagnose/why/gather-host.ts';
import { config, NOW } from '../../../support/records/healthy.ts';

/** Below a root that is not `/`, no program of the node is asked, so these facts come from files alone. */
let root: string;

const lay = (file: string, text: string, mode = 0o644): void => {
  const target = path.join(root, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, text);
  chmodSync(target, mode);
};

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'host-'));
  lay('etc/passwd', 'root:x:0:0::/root:/bin/sh\nalice:x:10000:9999:Alice:/home/alice:/bin/bash\n');
  return () => rmSync(root, { recursive: true });
});

const gather = (name: string | null) => gatherHostFacts({ config, paths: pathsUnder(root) }, name, NOW);

describe('the facts about an account below another root', () => {
  test('are not asked of the programs of this node, which would answer for another', async () => {
    const { names, helper, sshd, pam, logins, isDaemonUp } = await gather('alice');
    expect([names, helper, sshd, pam, logins].map(({ ok }) => ok)).toEqual(Array(5).fill(false));
    expect(names).toMatchObject({ why: expect.stringContaining(root) });
    expect(isDaemonUp).toBeNull();
  });

  test('are its line, its shell, its home and its key file', async () => {
    lay('bin/bash', '#!/bin/sh\n', 0o755);
    lay('var/lib/sunk-agent/authorized_keys/alice', 'ssh-ed25519 AAAA\n');
    mkdirSync(path.join(root, 'home/alice'), { recursive: true });
    expect(await gather('alice')).toMatchObject({
      local: { name: 'alice', uid: 10_000, gid: 9999 },
      shell: { ok: true, value: { shell: '/bin/bash', fault: null } },
      home: { ok: true, value: { state: 'there', isDirectory: true } },
      keyFile: { ok: true, value: 'ssh-ed25519 AAAA\n' },
      isDenied: false,
    });
  });

  test('tell what is missing', async () => {
    expect(await gather('alice')).toMatchObject({
      shell: { ok: true, value: { fault: expect.stringMatching(/\S/) } },
      home: { ok: true, value: { state: 'missing' } },
      keyFile: { ok: true, value: null },
    });
  });

  test('are not known of an account that the node does not have', async () => {
    expect(await gather('mallory')).toMatchObject({
      local: null,
      shell: { ok: false },
      home: { ok: false },
      keyFile: { ok: true, value: null },
    });
  });

  test('are those of the whole name, and of no name that begins or ends with it', async () => {
    lay('run/sunk-agent/shut/alice2', '');
    expect(await gather('alic')).toMatchObject({ local: null });
    expect(await gather('lice')).toMatchObject({ local: null });
    expect(await gather('alice')).toMatchObject({ isDenied: false });
    expect(await gather('alice2')).toMatchObject({ local: null, isDenied: true });
  });

  test('are known otherwise to another service where the last round found that', async () => {
    const conflicts = [{ kind: 'account', name: 'alice', detail: 'sss knows alice with the uid 7' }];
    lay('run/sunk-agent/name-round.json', JSON.stringify({ at: 0, conflicts, unanswered: [], missing: [] }));
    expect(await gather('alice')).toMatchObject({ conflict: 'sss knows alice with the uid 7' });
    expect(await gather('bob')).toMatchObject({ conflict: null });
  });

  test('are not asked for where no name is known', async () => {
    const facts = await gather(null);
    expect(facts).toMatchObject({
      local: null,
      isDenied: false,
      names: { ok: false },
      keyFile: { ok: false },
    });
    const { names } = await gather('alice');
    // The reason is that of the name, not that of the root.
    expect(facts.names).not.toEqual(names);
  });
});
