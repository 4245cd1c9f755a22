// The name service of this machine, with programs in front of getent(1) and id(1) that do not answer.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askNameService } from '../../../src/host/nss/name-service.ts';

describe('askNameService', () => {
  const before = process.env['PATH'] ?? '';
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'name-service-'));
    process.env['PATH'] = `${directory}:${before}`;
  });
  afterEach(() => {
    process.env['PATH'] = before;
    rmSync(directory, { recursive: true, force: true });
  });

  /** @param script sh; `real` runs the program of the system. */
  function put(program: string, script: string): void {
    const file = path.join(directory, program);
    writeFileSync(file, `#!/bin/sh\nreal() { PATH='${before}' exec ${program} "$@"; }\n${script}\n`);
    chmodSync(file, 0o755);
  }

  test('tells entry, groups and no fault of a name that resolves', async () => {
    const { entry, direct, uncached, groups, ...faults } = await askNameService('root', 'files');
    expect(entry).toMatchObject({ name: 'root', uid: 0, dir: '/root' });
    expect([direct, uncached]).toEqual([entry, entry]);
    expect(groups[0]).toBe('root');
    expect(faults).toMatchObject({ fault: null, groupsFault: null, shadowFault: null });
  });

  test('takes no answer about groups or shadow for what it is not', async () => {
    put('id', 'exec sleep 60');
    put('getent', 'case "$*" in shadow*) exec sleep 60;; esac; real "$@"');
    const { entry, groups, shadow, ...faults } = await askNameService('root', 'files');
    expect(entry).toMatchObject({ name: 'root' });
    expect({ groups, shadow }).toEqual({ groups: [], shadow: null });
    expect(faults).toMatchObject({
      fault: null,
      groupsFault: 'id -Gn root: no answer within 3 s',
      shadowFault: 'getent shadow root: no answer within 3 s',
    });
  });

  test('takes the groups that have names where one has none', async () => {
    put('id', 'echo 4711 root; echo "id: cannot find name for group ID 4711" >&2; exit 1');
    const { groups, groupsFault } = await askNameService('root', 'files');
    expect({ groups, groupsFault }).toEqual({ groups: ['4711', 'root'], groupsFault: null });
  });
});
