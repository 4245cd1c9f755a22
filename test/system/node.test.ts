// The nodes that the other system tests log in to: whole when they are up, and gone when they are stopped.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { listGroups } from '../support/nodes/control-group.ts';
import { bootNode } from '../support/nodes/node.ts';
import { describeOnNodes } from '../support/requirements.ts';

/** Processes that see a mount of the node's overlay, in whatever mount namespace. */
function findHolders(directory: string): string[] {
  const sees = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/mounts`, 'utf8').includes(`${directory}/upper`);
    } catch {
      return false;
    }
  };
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && sees(name));
}

describeOnNodes('a node', () => {
  test.each(['asked to stop', 'stopped after its systemd-nspawn was killed'])(
    'leaves no process, mount, directory or control group when %s',
    async (how) => {
      const node = await bootNode('bookworm');
      const directory = path.dirname(node.root);
      expect(node.exec('systemctl is-system-running').stdout).toBe('running\n');
      expect(findHolders(directory)).not.toEqual([]);
      // Of its own: in a shared one systemd waits for processes of the other node.
      const leader = path.dirname(path.dirname(node.networkPath()));
      expect(readFileSync(`${leader}/cgroup`, 'utf8')).toContain(`:/${path.basename(directory)}/`);
      if (how.includes('killed')) {
        process.kill(Number(readFileSync(path.join(directory, 'container'), 'utf8')), 'SIGKILL');
        spawnSync('sleep', ['0.5']);
        expect(node.exec('true').status).toBe(0);
      }
      await node.stop();
      for (let tries = 0; tries < 50 && findHolders(directory).length > 0; tries += 1)
        spawnSync('sleep', ['0.1']);
      expect(findHolders(directory)).toEqual([]);
      expect(existsSync(directory)).toBe(false);
      expect(listGroups(path.basename(directory)).filter((group) => existsSync(group))).toEqual([]);
    },
  );
});
