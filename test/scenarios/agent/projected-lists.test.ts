// Lists and configuration that a cluster mounts: keys of a ConfigMap as links, as single files, and links of an operator.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';
import { hasRoot } from '../../support/requirements.ts';
import { makeKey } from '../../support/records/sample-keys.ts';

const isRoot = hasRoot(import.meta.filename);

describe.runIf(isRoot)('a block list', () => {
  let node: ThrowawayRoot;
  let mounts: string[] = [];
  const at = (file: string): string => path.join(node.root, file);
  const list = (): string => at('etc/sunk-agent/blocked');
  const bind = (from: string, to: string, ...options: string[]): void => {
    for (const args of [['--bind', from, to], ...(options.length > 0 ? [['-o', options.join(), to]] : [])])
      expect(spawnSync('mount', args).status).toBe(0);
    mounts.push(to);
  };
  const hasKeys = (): boolean => existsSync(at('var/lib/sunk-agent/authorized_keys/alice'));

  beforeEach(async () => {
    node = await makeThrowawayRoot();
    const alice = await node.pushUser('alice@example.com', makeKey(1));
    await node.pushGroup('slurm-users', [alice]);
    expect((await node.run('sync')).status).toBe(0);
    expect(hasKeys()).toBe(true);
  });
  afterEach(async () => {
    for (const mount of mounts.reverse()) spawnSync('umount', ['--lazy', mount]);
    mounts = [];
    await node.close();
  });

  /** As the kubelet lays out a volume: the keys are links through `..data`, which is swapped by a rename. */
  function project(generation: string, content: string): void {
    const volume = at('etc/sunk-agent');
    mkdirSync(path.join(volume, generation));
    writeFileSync(path.join(volume, generation, 'blocked'), content);
    symlinkSync(generation, path.join(volume, '..data_tmp'));
    renameSync(path.join(volume, '..data_tmp'), path.join(volume, '..data'));
    if (!existsSync(list())) symlinkSync('..data/blocked', list());
  }

  test('that is a key of a ConfigMap acts, and block says what to write where, and revokes meanwhile', async () => {
    project('..2026_1', '# none\n');
    bind(at('etc/sunk-agent'), at('etc/sunk-agent'), 'remount', 'bind', 'ro');
    const { status, stderr, stdout } = await node.run('block', 'alice');
    expect(status).toBe(1);
    expect(stdout).toContain('alice is NOT on the block list: access of alice revoked');
    expect(stderr).toMatch(/blocked comes from a ConfigMap or Secret, so it cannot be written here/);
    expect(stderr).toMatch(/add the line "\S+ alice {2}# .*" where it comes from \(kubectl edit configmap\)/);
    expect(hasKeys()).toBe(false);
    expect(lstatSync(list()).isSymbolicLink()).toBe(true);

    spawnSync('umount', ['--lazy', at('etc/sunk-agent')]);
    project('..2026_2', 'alice\n');
    await node.run('sync');
    expect(hasKeys()).toBe(false);
    const { stderr: refused } = await node.run('unblock', 'alice');
    expect(refused).toMatch(/remove the line of alice where it comes from/);
    project('..2026_3', '');
    await node.run('sync');
    expect(hasKeys()).toBe(true);
  });

  test('that is a single mounted file is not torn, and the message says where to write', async () => {
    writeFileSync(at('shared-list'), '');
    writeFileSync(list(), '');
    bind(at('shared-list'), list());
    const { status, stderr } = await node.run('block', 'alice');
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /blocked is mounted by itself.*add the line "\S+ alice.*a ConfigMap's key.*mount its directory/s,
    );
    expect(hasKeys()).toBe(false);
    writeFileSync(at('shared-list'), 'alice\n');
    await node.run('sync');
    expect(hasKeys()).toBe(false);
  });

  test('that is a link to a file of a fleet is written there, and stays a link', async () => {
    mkdirSync(at('fleet'));
    writeFileSync(at('fleet/blocked'), '# of all nodes\n');
    rmSync(list(), { force: true });
    symlinkSync(at('fleet/blocked'), list());
    expect((await node.run('block', 'alice')).status).toBe(0);
    expect(lstatSync(list()).isSymbolicLink()).toBe(true);
    expect(readFileSync(at('fleet/blocked'), 'utf8')).toMatch(/^# of all nodes\n\S+ alice {2}# /);
    expect((await node.run('unblock', 'alice')).status).toBe(0);
    expect(readFileSync(at('fleet/blocked'), 'utf8')).toBe('# of all nodes\n');
  });
});
