// Where a trial connects: addresses and ports that sshd says it listens on, and the host keys that it has to show.
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
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
  const keys = await Promise.all(
    files.map(async (file) => {
      try {
        const [type, base64] = (await readFile(`${file}.pub`, 'utf8')).trim().split(/\s+/);
        return type === undefined || base64 === undefined ? [] : [`${type} ${base64}`];
      } catch (cause) {
        if (cause instanceof Error && 'code' in cause) return [];
        throw cause;
      }
    }),
  );
  return keys.flat();
}
