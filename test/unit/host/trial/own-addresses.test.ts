import { describe, expect, test } from 'vitest';
import { isLoopback, readIpv6, readLocal, toCanonical } from '../../../../src/host/trial/own-addresses.ts';

const FIB_TRIE = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.77.0.0/24 2 0 2
        |-- 10.77.0.0
           /24 link UNICAST
        |-- 10.77.0.1
           /32 host LOCAL
        |-- 10.77.0.255
           /32 link BROADCAST
Local:
     |-- 10.77.0.1
        /32 host LOCAL
     |-- 127.0.0.0
        /8 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
`;

describe('the addresses of a node', () => {
  test('of version 4 are those that the kernel takes packets for, each once', () => {
    expect(readLocal(FIB_TRIE)).toEqual(['10.77.0.1', '127.0.0.1']);
    expect(readLocal('')).toEqual([]);
  });

  test('of version 6 leave out those of a link', () => {
    const table = [
      '00000000000000000000000000000001 01 80 10 80       lo',
      'fe80000000000000000000fffe000001 02 40 20 80     eth0',
      '20010db8000000000000000000000005 02 40 00 80     eth0',
      '',
    ].join('\n');
    expect(readIpv6(table)).toEqual(['::1', '2001:db8::5']);
  });

  test('are compared as they are written shortest', () => {
    expect(toCanonical('2001:db8:0:0:0:0:0:5')).toBe('2001:db8::5');
    expect(toCanonical('0:0:0:0:0:0:0:0')).toBe('::');
    expect(toCanonical('10.0.0.5')).toBe('10.0.0.5');
    expect(toCanonical('no:address')).toBe('no:address');
    expect(['127.0.0.5', '::1', '10.0.0.5', '::'].map(isLoopback)).toEqual([true, true, false, false]);
  });
});
