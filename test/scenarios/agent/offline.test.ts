// What a node does with its cache alone: it comes back whole, and what was confirmed long ago opens nothing.
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeCompany, makeLoneRoot, type LoneRoot } from '../../support/nodes/lone-root.ts';

vi.setConfig({ testTimeout: 30_000 });
vi.stubEnv('LOG_LEVEL', 'silent');

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse('2030-05-01T12:00:00Z');
const FILES = ['etc/passwd', 'etc/group', 'etc/shadow', 'etc/gshadow'];
const SUDOERS = 'etc/sudoers.d/sunk-agent';

let place: LoneRoot;
let image: string[];
beforeEach(() => {
  place = makeLoneRoot();
  image = FILES.map((file) => place.read(file));
});
afterEach(() => place.remove());

/** As a pod that is made anew: the image's own files, and of the volume the cache alone. */
function makeAnew(): void {
  for (const [index, file] of FILES.entries()) {
    writeFileSync(path.join(place.root, file), image[index] ?? '');
    rmSync(path.join(place.root, `${file}-`), { force: true });
  }
  rmSync(path.join(place.root, 'var/lib/sunk-agent/authorized_keys'), { recursive: true });
  rmSync(path.join(place.root, SUDOERS), { force: true });
}

/** The instants at which the key files end, by name. */
function expiries(): Record<string, number> {
  const read = (text: string): number => {
    const [, year, month, day, hours, minutes, seconds] =
      /expiry-time="(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z?"/.exec(text) ?? [];
    return Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
  };
  return Object.fromEntries(Object.entries(place.keyFiles()).map(([name, text]) => [name, read(text)]));
}

describe('a node with a wiped /etc and its cache', () => {
  test('gets every account, group, key and sudo rule back from the cache alone, as they were', async () => {
    const company = makeCompany(12);
    company.people[3] = { ...company.people[3]!, active: false };
    await place.sync(company, START);
    const before = { files: FILES.map((file) => place.read(file)), keys: place.keyFiles() };
    const sudo = place.read(SUDOERS);
    expect(Object.keys(before.keys)).toHaveLength(11);
    makeAnew();
    const report = await place.sync('cache', START + HOUR);
    expect(report.problems).toEqual([]);
    expect({ files: FILES.map((file) => place.read(file)), keys: place.keyFiles() }).toEqual(before);
    expect(place.read(SUDOERS)).toBe(sudo);
  });

  test('gets back nobody’s keys for longer than they were confirmed', async () => {
    await place.sync(makeCompany(3), START);
    const before = expiries();
    makeAnew();
    await place.sync('cache', START + 3 * DAY);
    expect(expiries()).toEqual(before);
  });
});

describe('a cache that is old', () => {
  test('lets nobody in after keys.max_age: every key that it gives has ended', async () => {
    await place.sync(makeCompany(5), START);
    makeAnew();
    const later = START + 7 * DAY + 1000;
    await place.sync('cache', later);
    expect(Object.keys(place.keyFiles())).toHaveLength(5);
    for (const end of Object.values(expiries())) expect(end).toBeLessThan(later);
  });

  test('gives no sudo after a day, and logins all the same', async () => {
    await place.sync(makeCompany(5), START);
    await place.sync('away', START + 23 * HOUR);
    expect(place.read(SUDOERS)).toContain('%#30001');
    await place.sync('away', START + 25 * HOUR);
    expect(() => place.read(SUDOERS)).toThrow(/ENOENT/);
    for (const end of Object.values(expiries())) expect(end).toBeGreaterThan(START + 6 * DAY);
  });

  test('gives no sudo under a clock that was set back before it', async () => {
    await place.sync(makeCompany(5), START);
    await place.sync('cache', START - 2 * DAY);
    expect(() => place.read(SUDOERS)).toThrow(/ENOENT/);
  });

  test('and is replayed extends nobody, in whatever sync', async () => {
    const company = makeCompany(20);
    await place.sync(company, START);
    const copy = path.join(place.root, 'copy');
    cpSync(place.state, copy, { recursive: true });
    const old = expiries();
    await place.sync(company, START + 5 * DAY);
    for (const [name, end] of Object.entries(expiries())) expect(end).toBeGreaterThan(old[name] ?? Infinity);
    rmSync(place.state, { recursive: true });
    cpSync(copy, place.state, { recursive: true });
    for (const days of [5, 6, 8]) {
      await place.sync('away', START + days * DAY);
      expect(expiries()).toEqual(old);
    }
  });
});
