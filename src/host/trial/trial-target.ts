// Where a trial connects: addresses and ports that sshd says it listens on, and the host keys that it has to show.
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { readText } from '../fs/read-text.ts';
import { runProgram } from '../probes/run-program.ts';
import type { SshdSettings } from '../sshd/sshd-findings.ts';

export interface TrialTarget {
  /** An address of this node that a client can connect to. */
  readonly address: string;
  readonly port: number;
}

/**
 * From `listenaddress` of `sshd -T` (`0.0.0.0:22`, `[::]:22`); an address for all stands for loopback. Loopback comes
 * first, since rules about foreign addresses seldom concern it.
 */
export function listTargets(settings: SshdSettings): TrialTarget[] {
  const targets = (settings.get('listenaddress') ?? []).flatMap((text): TrialTarget[] => {
    const colon = text.lastIndexOf(':');
    const port = Number(text.slice(colon + 1));
    const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
    if (colon <= 0 || !Number.isInteger(port) || port < 1 || port > 65_535) return [];
    const address = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
    return [{ address, port }];
  });
  return targets.sort(
    (a, b) => Number(isLoopback(b)) - Number(isLoopback(a)) || Number(isIpv6(a)) - Number(isIpv6(b)),
  );
}

const isLoopback = ({ address }: TrialTarget): boolean => address === '::1' || address.startsWith('127.');
const isIpv6 = ({ address }: TrialTarget): boolean => address.includes(':');

/** Addresses that a connection from this node to itself can come from, for `from=` of the key (sshd(8)). */
export function listOwnAddresses(targets: readonly string[]): string[] {
  return [...new Set(['127.0.0.1', '::1', ...targets, ...listInterfaces()])];
}

/** Empty for a process that may not open the socket which tells (the agent's unit): it names its targets. */
function listInterfaces(): string[] {
  try {
    return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return [];
    throw cause;
  }
}

/**
 * The public keys of the configured host keys, `type base64`: a listener of a user on a high port has none of them.
 * @param files `hostkey` of `sshd -T`.
 */
export async function readHostKeys(files: readonly string[]): Promise<string[]> {
  const lines = await Promise.all(
    files.map(async (file) => (await readText(`${file}.pub`)) ?? (await derivePublicKey(file))),
  );
  return lines.flatMap((line) => {
    const [type, base64] = line.trim().split(/\s+/);
    return type === undefined || base64 === undefined ? [] : [`${type} ${base64}`];
  });
}

/** sshd needs no file with the public key. Empty: there is no such key, or not for this user. */
async function derivePublicKey(file: string): Promise<string> {
  if (!existsSync(file)) return '';
  const { status, stdout } = await runProgram('ssh-keygen', ['-y', '-f', file], { timeout: 5000 });
  return status === 0 ? stdout : '';
}
