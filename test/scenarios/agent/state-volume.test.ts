// A state volume as a cluster mounts it: with `fsGroup` directories come with mode 2770 and files with 0660.
import { chmodSync, chownSync, existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pathsUnder } from '../../../src/common/paths.ts';
import { DATABASE, WRITER_LOCK } from '../../../src/state/state-directory.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';
import { makeKey } from '../../support/records/sample-keys.ts';

const FS_GROUP = 4000;
let node: ThrowawayRoot;
const paths = () => pathsUnder(node.root);
const at = (file: string): string => path.join(path.dirname(paths().keys), file);
const modeOf = (file: string): string => (statSync(path.resolve(at('.'), file)).mode & 0o7777).toString(8);
const database = (): string => path.join(paths().state, DATABASE);

/** What the kubelet does at each mount: it adds to the modes, and takes nothing away. */
function mountWithGroup(): void {
  const files = readdirSync(at('.'), { recursive: true, encoding: 'utf8' });
  for (const name of ['.', ...files]) {
    const { mode } = lstatSync(at(name));
    const isDirectory = lstatSync(at(name)).isDirectory();
    if (process.geteuid?.() === 0) chownSync(at(name), 0, FS_GROUP);
    chmodSync(at(name), (mode & 0o770) | (isDirectory ? 0o2770 : 0o660));
  }
}

beforeAll(async () => {
  node = await makeThrowawayRoot();
  const alice = await node.pushUser('alice@example.com', makeKey(1));
  await node.pushGroup('slurm-users', [alice]);
});
afterAll(() => node.close());

describe('a state volume', () => {
  test('is readable for sshd and the helper, and the database for root alone, after a first start under umask 077', async () => {
    const before = process.umask(0o077);
    const { status, stderr } = await node.run('sync');
    process.umask(before);
    expect(status, stderr).toBe(0);
    expect([modeOf('.'), modeOf('authorized_keys'), modeOf('authorized_keys/alice')]).toEqual([
      '755',
      '755',
      '644',
    ]);
    expect([modeOf(paths().state), modeOf(database())]).toEqual(['700', '600']);
    const run = path.join(node.root, 'run/sunk-agent');
    expect([statSync(run).mode & 0o777, statSync(path.join(run, 'status.json')).mode & 0o777]).toEqual([
      0o755, 0o644,
    ]);
  });

  test.each(['sync', 'doctor --fix'])('with fsGroup just works: %s', async (command) => {
    mountWithGroup();
    expect([modeOf(paths().state), modeOf(database())]).toEqual(['2770', '660']);
    await node.run(...command.split(' '));
    const { status, stderr } = await node.run('sync', '--full');
    expect(status, stderr).toBe(0);
    expect([
      modeOf(paths().state),
      modeOf(database()),
      modeOf(path.join(paths().state, WRITER_LOCK)),
    ]).toEqual(['700', '600', '600']);
    expect([modeOf('.'), modeOf('authorized_keys'), modeOf('authorized_keys/alice')]).toEqual([
      '755',
      '755',
      '644',
    ]);
    for (const file of ['offboarded', 'audit.ndjson', 'config.last-good.yaml'])
      if (existsSync(at(file))) expect(statSync(at(file)).mode & 0o022, file).toBe(0);
  });

  test('that every user can read is refused, and doctor --fix restores it whole', async () => {
    for (const file of [paths().state, database()]) chmodSync(file, 0o777);
    expect((await node.run('sync')).status).not.toBe(0);
    await node.run('doctor', '--fix');
    expect([modeOf(paths().state), modeOf(database())]).toEqual(['700', '600']);
    expect((await node.run('sync')).status).toBe(0);
  });
});
