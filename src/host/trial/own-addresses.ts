// The addresses that a node has itself, as its kernel lists them (proc_net(5)), also for a process in another network.
import { readFileSync } from 'node:fs';

/** Without those that the kernel has for links alone. @param process whose network it is. */
export function listAddresses(process: 'self' | '1' = 'self'): string[] {
  return [...readLocal(readTable(process, 'fib_trie')), ...readIpv6(readTable(process, 'if_inet6'))];
}

/** Whether an address reaches this machine alone. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

function readTable(process: 'self' | '1', table: string): string {
  try {
    return readFileSync(`/proc/${process}/net/${table}`, 'latin1');
  } catch {
    return '';
  }
}

/** `|-- 10.0.0.5` above `/32 host LOCAL`. */
export function readLocal(table: string): string[] {
  const found = [...table.matchAll(/\|-- ([\d.]+)\n\s+\/32 host LOCAL/g)];
  return [...new Set(found.flatMap(([, address]) => address ?? []))];
}

/** 32 digits, index, length of the prefix, scope (20 is of the link), flags, name. */
export function readIpv6(table: string): string[] {
  return table.split('\n').flatMap((line) => {
    const [digits = '', , , scope] = line.trim().split(/\s+/);
    if (digits.length !== 32 || scope === '20') return [];
    return [toCanonical((digits.match(/.{4}/g) ?? []).join(':'))];
  });
}

/** As RFC 5952 writes it; an address of version 4 as it is. */
export function toCanonical(address: string): string {
  return address.includes(':') && URL.canParse(`http://[${address}]/`)
    ? new URL(`http://[${address}]/`).hostname.slice(1, -1)
    : address;
}
