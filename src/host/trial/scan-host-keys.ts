// The host keys that the running sshd shows, whatever lies on disk: one connection of ssh-keyscan(1) for each kind.
import { runProgram } from '../probes/run-program.ts';
import { listListeners } from './listeners.ts';
import type { TrialTarget } from './trial-target.ts';

const KINDS = ['ed25519', 'ecdsa', 'rsa'] as const;

/**
 * `type base64`; empty: it shows none. Asked are sockets of root's alone, so that no listener of a user answers; of those
 * the ones that sshd is configured for come first.
 */
export async function scanHostKeys(configured: readonly TrialTarget[]): Promise<string[]> {
  const ports = new Set(configured.map(({ port }) => port));
  const listeners = listListeners().sort((a, b) => Number(ports.has(b.port)) - Number(ports.has(a.port)));
  for (const target of listeners.slice(0, MOST))
    for (const kind of KINDS) {
      const keys = await scan(target, kind);
      if (keys.length > 0) return keys;
    }
  return [];
}

/** More listeners than these are not asked. */
const MOST = 3;

async function scan({ address, port }: TrialTarget, kind: string): Promise<string[]> {
  const { stdout } = await runProgram('ssh-keyscan', ['-T', '2', '-p', String(port), '-t', kind, address], {
    timeout: 4000,
  });
  return readScan(stdout);
}

/** `address type base64`, as known_hosts (sshd(8)). Pure. */
export function readScan(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [host = '#', type, base64] = line.trim().split(/\s+/);
    return host.startsWith('#') || type === undefined || base64 === undefined ? [] : [`${type} ${base64}`];
  });
}
