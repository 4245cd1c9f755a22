// A control group for each node: systemd in a container takes the one that systemd-nspawn was started in for its own, so in
// a shared one it waits for processes of the other node's user of the same uid, and a login or a shutdown takes minutes.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/** The hierarchies by which systemd may follow processes: of both versions, of version 1, or of version 2 alone. */
function listHierarchies(): string[] {
  const named = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd'].filter((one) => existsSync(one));
  return named.length > 0 ? named : ['/sys/fs/cgroup'];
}

export function listGroups(name: string): string[] {
  return listHierarchies().map((one) => path.join(one, name));
}

/** @returns argv that runs the command in a group of that name, under the same pid. */
export function inControlGroup(name: string, command: readonly string[]): readonly [string, ...string[]] {
  const groups = listGroups(name);
  for (const group of groups) mkdirSync(group, { recursive: true });
  const enter = groups.map((group) => `echo $$ >${group}/cgroup.procs && `).join('');
  return ['sh', '-c', `${enter}exec "$@"`, 'sh', ...command];
}

/** Removes the group of a node whose processes were killed, and may still be ending. */
export function removeControlGroup(name: string): void {
  const left = (): string[] => listGroups(name).filter((group) => existsSync(group));
  for (let tries = 0; tries < 50 && left().length > 0; tries += 1) {
    if (tries > 0) spawnSync('sleep', ['0.1']);
    spawnSync('find', [...left(), '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+'], { stdio: 'ignore' });
  }
}
