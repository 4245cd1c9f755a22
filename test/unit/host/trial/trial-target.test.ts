import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { listOwnAddresses, listTargets, readHostKeys } from '../../../../src/host/trial/trial-target.ts';

const targets = (...listenaddress: string[]) => listTargets(new Map([['listenaddress', listenaddress]]));

test('an address for all stands for loopback, which comes first', () => {
  expect(targets('[::]:22', '0.0.0.0:22')).toEqual([
    { address: '127.0.0.1', port: 22 },
    { address: '::1', port: 22 },
  ]);
  expect(targets('10.1.2.3:2222', '[fd00::7]:2222', '127.0.0.1:22')).toEqual([
    { address: '127.0.0.1', port: 22 },
    { address: '10.1.2.3', port: 2222 },
    { address: 'fd00::7', port: 2222 },
  ]);
});

test('what is no address with a port is no target', () => {
  expect(targets('', 'x', ':22', '0.0.0.0:0', '0.0.0.0:70000', '0.0.0.0:ssh')).toEqual([]);
  expect(listTargets(new Map())).toEqual([]);
});

test('a key is good for loopback and for the address of the target', () => {
  const own = listOwnAddresses(['10.1.2.3']);
  expect(own).toEqual(expect.arrayContaining(['127.0.0.1', '::1', '10.1.2.3']));
  expect(new Set(own).size).toBe(own.length);
});

test('host keys are those whose public half can be read', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'host-keys-'));
  const file = path.join(directory, 'key');
  writeFileSync(`${file}.pub`, 'ssh-ed25519 AAAA root@node\n');
  writeFileSync(`${file}-empty.pub`, '');
  expect(await readHostKeys([file, `${file}-empty`, `${file}-missing`])).toEqual(['ssh-ed25519 AAAA']);
  rmSync(directory, { recursive: true });
});
