// What a program left behind that should have cleaned up after itself.
import { readdirSync, readFileSync } from 'node:fs';

/** Processes, and mounts of processes, that still name the directory, by pid; and what lies in it. */
export function findLeftovers(directory: string): string[] {
  const holds = (pid: string): boolean => {
    try {
      const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, 'utf8');
      return `${read('cmdline')}${read('mounts')}`.includes(directory);
    } catch {
      return false;
    }
  };
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  // npm makes it for whatever node runs it.
  const files = readdirSync(directory).filter((name) => name !== 'node-compile-cache');
  return [...processes.filter(holds), ...files];
}
