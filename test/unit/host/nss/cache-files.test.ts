import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  readKeyLines,
  renderGeneration,
  renderKeyLine,
  sortLines,
} from '../../../../src/host/nss/cache-files.ts';
import { renderIndex } from '../../../../src/host/nss/cache-index.ts';
import { editTexts } from '../../../../src/host/accounts/edit-accounts.ts';
import { readAccounts } from '../../../../src/host/accounts/local-accounts.ts';
import type { AccountChange } from '../../../../src/plan/change.ts';
import type { PasswdEntry } from '../../../../src/policy/posix.ts';
import { propertyRuns } from '../../../support/property-runs.ts';

const RUNS = { numRuns: propertyRuns(2000, 100_000) };

vi.setConfig({ testTimeout: 900_000 });

/** A lookup as in libnss-cache: the first line's length for all, a binary search with strcmp(3), the offset in digits. */
function lookUp(index: string, key: string): number | null {
  if (index === '') return null;
  const size = index.indexOf('\n') + 1;
  expect(index.length % size).toBe(0);
  let [low, high] = [0, index.length / size];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const line = index.slice(middle * size, (middle + 1) * size);
    expect(line.endsWith('\n') && line.indexOf('\n') === size - 1).toBe(true);
    const [found = '', offset = ''] = line.slice(0, -1).split('\0');
    if (found === key) return parseInt(offset, 10);
    if (found < key) low = middle + 1;
    else high = middle;
  }
  return null;
}

const name = fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,15}$/);
const entry: fc.Arbitrary<PasswdEntry> = fc.record({
  name,
  uid: fc.integer({ min: 1000, max: 60_000 }),
  gid: fc.constantFrom(9999, 12_000),
  gecos: fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('a:b', 'x\ny:x:0:0', 'Ünï', '')),
  dir: fc.constantFrom('/home/a', '/mnt/home/ü'),
  shell: fc.constantFrom('/bin/bash', '/usr/sbin/nologin'),
});
const entries = fc
  .uniqueArray(entry, { selector: (item) => item.name, maxLength: 30 })
  .map((all) => [...new Map(all.map((item) => [item.uid, item])).values()]);
const isHostile = (text: string): boolean => /[:\n\r\0]/.test(text);

function create(all: readonly PasswdEntry[]): AccountChange[] {
  const managedGroup = {
    scimId: null,
    name: '0group',
    because: '',
    kind: 'group-create',
    gid: 9999,
  } as const;
  const common = (item: PasswdEntry) => ({ scimId: item.name, name: item.name, because: '', entry: item });
  return [managedGroup, ...all.map((item) => ({ ...common(item), kind: 'account-create' }) as const)];
}

function render(all: readonly PasswdEntry[]) {
  const empty = { passwd: '', group: '', shadow: '', gshadow: '' };
  const { texts } = editTexts(empty, create(all), 20_000);
  return {
    passwd: sortLines(texts.passwd),
    group: sortLines(texts.group),
    shadow: sortLines(texts.shadow),
    sshkey: '',
  };
}

describe('the files of nsscache', () => {
  test('give back the same accounts, whatever they hold and in whatever order they came', () => {
    fc.assert(
      fc.property(entries, (all) => {
        const sound = all.filter(({ gecos }) => !isHostile(gecos));
        const texts = render(sound);
        const { accounts } = readAccounts(texts);
        expect(new Map([...accounts].map(([key, account]) => [key, account.entry]))).toEqual(
          new Map(sound.map((item) => [item.name, item])),
        );
        expect(render([...sound].reverse())).toEqual(texts);
      }),
      RUNS,
    );
  });

  test('refuse what would shift fields or add lines', () => {
    fc.assert(
      fc.property(entry, fc.constantFrom(':', '\n', '\r', '\0'), (item, evil) => {
        expect(() => render([{ ...item, gecos: `a${evil}b` }])).toThrow(RangeError);
      }),
      RUNS,
    );
  });

  test('have indexes by which libnss-cache finds every key at the start of its line, and no other key', () => {
    fc.assert(
      fc.property(entries, name, (all, stranger) => {
        const texts = render(all.filter(({ gecos }) => !isHostile(gecos)));
        const files = new Map(renderGeneration(texts).map((file) => [file.name, file.data]));
        for (const [file, column] of [
          ['passwd.cache.ixname', 0],
          ['passwd.cache.ixuid', 2],
          ['shadow.cache.ixname', 0],
        ] as const) {
          const index = files.get(file) ?? '';
          const text = files.get(file.replace(/\.ix.*/, '')) ?? '';
          const lines = text.split('\n').filter((line) => line !== '');
          for (const line of lines) {
            const offset = lookUp(index, line.split(':')[column] ?? '');
            expect(text.slice(offset ?? -1).startsWith(`${line}\n`)).toBe(true);
          }
          const has = lines.some((line) => line.split(':')[column] === stranger);
          if (!has) expect(lookUp(index, stranger)).toBeNull();
        }
      }),
      RUNS,
    );
  });

  test('find the first of several lines with one key, as a search from the top would', () => {
    expect(lookUp(renderIndex('a:x:1\nb:x:1\na:x:2\n', 0), 'a')).toBe(0);
    expect(lookUp(renderIndex('a:x:1\nb:x:1\na:x:2\n', 2), '1')).toBe(0);
  });

  test('are each followed by their indexes, which libnss-cache must not find older', () => {
    const texts = { passwd: '', group: '', shadow: '', sshkey: '' };
    expect(renderGeneration(texts).map((file) => file.name)).toEqual([
      'passwd.cache',
      'passwd.cache.ixname',
      'passwd.cache.ixuid',
      'group.cache',
      'group.cache.ixname',
      'group.cache.ixgid',
      'shadow.cache',
      'shadow.cache.ixname',
      'sshkey.cache',
      'sshkey.cache.ixname',
    ]);
  });
});

describe('sshkey.cache', () => {
  const key = fc.stringMatching(
    /^expiry-time="\d{14}Z" ssh-ed25519 [A-Za-z0-9+/]{8,40}={0,2} [A-Za-z0-9._-]{1,20}$/,
  );

  test('is a list as nsscache writes it', () => {
    expect(renderKeyLine('alice', '\nssh-ed25519 AAAA a\nssh-rsa BBBB a\n')).toBe(
      "alice:['ssh-ed25519 AAAA a', 'ssh-rsa BBBB a']",
    );
  });

  test('gives back each line of the key file', () => {
    fc.assert(
      fc.property(name, fc.array(key, { minLength: 1, maxLength: 5 }), (user, keys) => {
        const text = `${renderKeyLine(user, keys.map((line) => `${line}\n`).join(''))}\n`;
        expect(readKeyLines(text)).toEqual(new Map([[user, keys]]));
      }),
      RUNS,
    );
  });

  test('never has a line that its readers would split', () => {
    for (const evil of ["ssh-rsa A', 'ssh-rsa B", 'ssh-rsa A]', 'a:b', 'ssh-rsa A, B', 'a\\b', 'a\rb'])
      expect(() => renderKeyLine('alice', evil)).toThrow(RangeError);
  });

  test('is read with one bare key a line as well', () => {
    expect(readKeyLines('a:ssh-rsa A\na:ssh-rsa B\nb:[]\nbroken\n')).toEqual(
      new Map([
        ['a', ['ssh-rsa A', 'ssh-rsa B']],
        ['b', []],
      ]),
    );
  });
});
