// The agent tells its supervisor when it is ready, in the supervisor's own way.
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { connectServiceManager } from '../../../../src/agent/daemon/systemd.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'ready-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('readiness by descriptor', () => {
  it('is one newline, when the agent is ready and not before, and only once', () => {
    const file = path.join(directory, 'fd');
    const descriptor = openSync(file, 'w');
    const manager = connectServiceManager({ NOTIFY_FD: String(descriptor) });
    manager.notify('STATUS=starting');
    expect(readFileSync(file, 'utf8')).toBe('');
    manager.notify('READY=1\nSTATUS=serving');
    manager.notify('READY=1');
    expect(readFileSync(file, 'utf8')).toBe('\n');
    expect(manager.watchdogInterval).toBeNull();
  });

  it.each(['', '0', '2', 'x', '-1'])('ignores %j, which is no descriptor to spare', (text) => {
    expect(() => connectServiceManager({ NOTIFY_FD: text }).notify('READY=1')).not.toThrow();
  });
});
