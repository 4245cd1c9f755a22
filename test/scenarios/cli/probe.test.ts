// The probes of a pod, and the check of a configuration before all nodes get it, on a root of files.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { syncFromState } from '../../../src/agent/operator/sync-now.ts';
import * as config from '../../../src/cli/inspect/config.ts';
import * as status from '../../../src/cli/inspect/status.ts';
import { runCommand } from '../../support/run-command.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'probe-'));
  mkdirSync(path.join(root, 'etc/sunk-agent'), { recursive: true });
  for (const [file, text] of [
    ['passwd', 'root:x:0:0:root:/root:/bin/sh\n'],
    ['group', 'root:x:0:\n'],
    ['shadow', 'root:*:1::::::\n'],
    ['sunk-agent/config.yaml', 'scim: { base_url: "https://store.example/x" }\n'],
  ] as const)
    writeFileSync(path.join(root, 'etc', file), text);
});
afterEach(() => rmSync(root, { recursive: true }));

const probe = (kind: string) => runCommand(status, root, ['--probe', kind]);
const file = () => path.join(root, 'run/sunk-agent/status.json');
function alter(change: (status: Record<string, unknown>) => void): void {
  const value = JSON.parse(readFileSync(file(), 'utf8')) as Record<string, unknown>;
  change(value);
  writeFileSync(file(), JSON.stringify(value));
}

test('a pod is neither live nor ready before the first sync, then live, and ready once the store was read', async () => {
  for (const kind of ['live', 'ready'])
    expect(await probe(kind)).toMatchObject({ status: 1, stdout: `not ${kind}: no sync has ended yet\n` });
  await syncFromState(openNodeContext({ root, config: undefined }), () => {});
  // The store was never read: failing, and not to be restarted for that.
  expect((await runCommand(status, root, [])).status).toBe(2);
  expect(await probe('live')).toMatchObject({ status: 0, stdout: 'live\n' });
  expect(await probe('ready')).toMatchObject({ status: 1 });
  alter(({ store }) => Object.assign(store as object, { lastComplete: 1 }));
  expect(await probe('ready')).toMatchObject({ status: 0, stdout: 'ready\n' });
  alter(({ sshd }) => Object.assign(sshd as object, { dropIn: false }));
  expect((await probe('ready')).stdout).toMatch(/^not ready: sshd does not ask/);
  alter((value) => Object.assign(value, { nextSync: 1 }));
  expect((await probe('live')).stdout).toMatch(/^not live: no sync since/);
  await expect(probe('lively')).rejects.toThrow(/live or ready/);
});

test('a configuration is checked where it lies, or as a file', async () => {
  expect(await runCommand(config, root, ['check'])).toMatchObject({ status: 0 });
  const fresh = path.join(root, 'new.yaml');
  writeFileSync(
    fresh,
    'mode: observe\nscim: { base_url: "https://store.example/x" }\naccess: { groups: [{ name: g }] }\n',
  );
  expect((await runCommand(config, root, ['check', fresh])).stdout).toContain(
    'mode observe, access groups g',
  );
  writeFileSync(
    fresh,
    'mode: observe\nscim: { base_url: "https://store.example/x" }\naccess: { grups: [] }\n',
  );
  await expect(runCommand(config, root, ['check', fresh])).rejects.toThrow(
    /new.yaml:3: access.grups: no such key/,
  );
  await expect(runCommand(config, root, ['chek'])).rejects.toThrow(/check/);
});
