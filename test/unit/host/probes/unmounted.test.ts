import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findUnmounted, listMountPoints } from '../../../../src/host/probes/unmounted.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'unmounted-'));
  mkdirSync(path.join(root, 'etc'));
});
afterEach(() => rmSync(root, { recursive: true }));

const STATE = 'var/lib/sunk-agent/cache';
/** @param mounted mount points, below the root. */
function find(fstab: string, ...mounted: string[]): string | null {
  writeFileSync(path.join(root, 'etc/fstab'), fstab);
  const points = mounted.map((point) => path.join(root, point));
  return findUnmounted(root, path.join(root, STATE), (directory) =>
    points.findLastIndex((point) => `${directory}/`.startsWith(`${point}/`)),
  );
}

test('a disk that is named and mounted is in order, and so is a node that names none', () => {
  expect(find('/dev/sdb1 /var/lib/sunk-agent ext4 defaults 0 2\n', 'var/lib/sunk-agent')).toBeNull();
  expect(find('/dev/sda1 / ext4 defaults 0 1\n')).toBeNull();
  expect(find('')).toBeNull();
  expect(findUnmounted(path.join(root, 'none'), STATE)).toBeNull();
});

test.each(['/var/lib/sunk-agent', '/var/lib/sunk-agent/', '/var/lib', '/var/lib/sunk-agent/cache'])(
  'one at %s that is not mounted is found',
  (point) => {
    expect(find(`UUID=1 ${point} ext4 nofail 0 2\n`)).toBe(path.normalize(point).replace(/\/$/, ''));
  },
);

test.each([
  '# UUID=1 /var/lib/sunk-agent ext4 nofail 0 2',
  '/dev/sdb1 none swap sw 0 0',
  '/srv/state /var/lib/sunk-agent none bind 0 0',
  '/dev/sdb1 /var/lib/sunk-agent-other ext4 defaults 0 2',
  '/dev/sdb1 /home ext4 defaults 0 2',
])('no other line says anything about it: %s', (line) => {
  expect(find(`${line}\n`)).toBeNull();
});

test('the first on the way is named', () => {
  expect(find('a /var ext4 x 0 2\nb /var/lib/sunk-agent ext4 x 0 2\n')).toBe('/var');
  expect(find('a /var ext4 x 0 2\nb /var/lib/sunk-agent ext4 x 0 2\n', 'var')).toBe('/var/lib/sunk-agent');
});

test('blanks in a path are written in octal', () => {
  expect(listMountPoints('a /mnt/a\\040b ext4 x 0 2')).toEqual(['/mnt/a b']);
});
