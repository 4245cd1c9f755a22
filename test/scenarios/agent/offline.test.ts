// What a node does with its state database alone: it comes back whole, and old confirmations grant nothing.
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeCompany, makeInProcessRoot, type InProcessRoot } from '../../support/nodes/in-process-root.ts';

vi.stubEnv('LOG_LEVEL', 'silent');

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse('2030-05-01T12:00:00Z');
const FILES = ['etc/passwd', 'etc/group', 'etc/shadow', 'etc/gshadow'];
const SUDOERS = 'etc/sudoers.d/sunk-agent';

let node: InProcessRoot;
let image: string[];
beforeEach(() => {
  node = makeInProcessRoot();
  image = FILES.map((file) => node.read(file));
});
afterEach(() => node.remove());

/** As a pod that is made anew: the image's own files, and of the volume the state database alone. */
function makeAnew(): void {
  for (const [index, file] of FILES.entries()) {
    writeFileSync(path.join(node.root, file), image[index] ?? '');
    rmSync(path.join(node.root, `${file}-`), { force: true });
  }
  rmSync(path.join(node.root, 'var/lib/sunk-agent/authorized_keys'), { recursive: true });
  rmSync(path.join(node.root, SUDOERS), { force: true });
}

/** The instants at which the key files end, by name. */
function expiries(): Record<string, number> {
  const read = (text: string): number => {
    const [, year, month, day, hours, minutes, seconds] =
      /expiry-time="(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z?"/.exec(text) ?? [];
    return Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
  };
  return Object.fromEntries(Object.entries(node.keyFiles()).map(([name, text]) => [name, read(text)]));
}

describe('a node with a wiped /etc and its state database', () => {
  test('gets every account, group, key and sudo rule back from the state database alone, as they were', async () => {
    const company = makeCompany(12);
    company.people[3] = { ...company.people[3]!, active: false };
    await node.sync(company, START);
    const before = { files: FILES.map((file) => node.read(file)), keys: node.keyFiles() };
    const sudo = node.read(SUDOERS);
    expect(Object.keys(before.keys)).toHaveLength(11);
    makeAnew();
    const report = await node.sync('state', START + HOUR);
    expect(report.problems).toEqual([]);
    expect({ files: FILES.map((file) => node.read(file)), keys: node.keyFiles() }).toEqual(before);
    expect(node.read(SUDOERS)).toBe(sudo);
  });

  test('gets no keys back for longer than they were confirmed', async () => {
    await node.sync(makeCompany(3), START);
    const before = expiries();
    makeAnew();
    await node.sync('state', START + 3 * DAY);
    expect(expiries()).toEqual(before);
  });
});

describe('a state database that is old', () => {
  test('grants no login after keys.max_age: every key that it gives has ended', async () => {
    await node.sync(makeCompany(5), START);
    makeAnew();
    const later = START + 7 * DAY + 1000;
    await node.sync('state', later);
    expect(Object.keys(node.keyFiles())).toHaveLength(5);
    for (const end of Object.values(expiries())) expect(end).toBeLessThan(later);
  });

  test('gives no sudo after a day, and logins all the same', async () => {
    await node.sync(makeCompany(5), START);
    await node.sync('away', START + 23 * HOUR);
    expect(node.read(SUDOERS)).toMatch(/^#\d+ ALL=/m);
    await node.sync('away', START + 25 * HOUR);
    expect(() => node.read(SUDOERS)).toThrow(/ENOENT/);
    for (const end of Object.values(expiries())) expect(end).toBeGreaterThan(START + 6 * DAY);
  });

  test('gives no sudo under a clock that was set back before it', async () => {
    await node.sync(makeCompany(5), START);
    await node.sync('state', START - 2 * DAY);
    expect(() => node.read(SUDOERS)).toThrow(/ENOENT/);
  });

  test('and is replayed extends no key, in whatever sync', async () => {
    const company = makeCompany(20);
    await node.sync(company, START);
    const copy = path.join(node.root, 'copy');
    cpSync(node.state, copy, { recursive: true });
    const old = expiries();
    await node.sync(company, START + 5 * DAY);
    for (const [name, end] of Object.entries(expiries())) expect(end).toBeGreaterThan(old[name] ?? Infinity);
    rmSync(node.state, { recursive: true });
    cpSync(copy, node.state, { recursive: true });
    for (const days of [5, 6, 8]) {
      await node.sync('away', START + days * DAY);
      expect(expiries()).toEqual(old);
    }
  });
});
