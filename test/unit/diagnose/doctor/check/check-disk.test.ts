import { describe, expect, test } from 'vitest';
import { checkDisk } from '../../../../../src/diagnose/doctor/check/check-disk.ts';
import type { Facts } from '../../../../../src/diagnose/doctor/facts.ts';
import { config, disk, healthyNode, node, rights } from '../../../../support/records/healthy-node.ts';

const MIB = 2 ** 20;
const STATE = '/var/lib/sunk-agent/cache';
const withDisk = (more: Partial<Facts['disks'][number]>): Facts => node({ disks: [{ ...disk, ...more }] });
const codes = (facts: Facts): string[] => checkDisk(facts).map(({ code }) => code);

describe('a file system', () => {
  test('with space, local and writable, is no finding', () => {
    expect(checkDisk(healthyNode)).toEqual([]);
    expect(checkDisk(node({ disks: [] }))).toEqual([]);
  });

  test.each<[string, string, Facts]>([
    ['disk-silent', 'error', withDisk({ fault: 'ESTALE' })],
    ['disk-read-only', 'error', withDisk({ isReadOnly: true })],
    ['disk-full', 'error', withDisk({ free: 8 * MIB - 1 })],
    ['disk-full', 'error', withDisk({ free: 0 })],
    ['disk-low', 'warning', withDisk({ free: 8 * MIB })],
    ['disk-low', 'warning', withDisk({ free: 256 * MIB - 1 })],
    ['disk-network', 'error', withDisk({ path: STATE, network: 'NFS' })],
    // The figures of a probe that failed, and those of a read-only file system, say nothing.
    ['disk-silent', 'error', withDisk({ fault: 'EIO', isReadOnly: true, free: 0 })],
    ['disk-read-only', 'error', withDisk({ isReadOnly: true, free: 0 })],
  ])('%s, of level %s', (code, level, facts) => {
    expect(checkDisk(facts)).toMatchObject([
      { code, level, howToFix: expect.stringMatching(/\S/), fix: null },
    ]);
  });

  test.each<[string, Facts]>([
    ['has just enough space', withDisk({ free: 256 * MIB })],
    ['is local, as the state directory must be', withDisk({ path: STATE })],
    ['is of the network, but not that of the state directory', withDisk({ path: '/home', network: 'NFS' })],
    ['has no space of its own', withDisk({ size: 0, free: 0 })],
  ])('that %s is no finding', (_, facts) => {
    expect(checkDisk(facts)).toEqual([]);
  });

  test('can be low and of the network, and each file system has findings of its own', () => {
    expect(codes(withDisk({ path: STATE, network: 'NFS', free: 9 * MIB }))).toEqual([
      'disk-low',
      'disk-network',
    ]);
    expect(codes(node({ disks: [{ ...disk, isReadOnly: true }, disk, { ...disk, free: 0 }] }))).toEqual([
      'disk-read-only',
      'disk-full',
    ]);
  });
});

describe('an automounter', () => {
  const homes = { ...disk, path: '/home', size: 0, free: 0 };
  const withAccounts = (more: Partial<Facts['config']['accounts']>, path = '/home'): Facts =>
    node({ disks: [{ ...homes, path }], config: { ...config, accounts: { ...config.accounts, ...more } } });

  test('that mounts each home is a warning where the agent makes homes', () => {
    expect(checkDisk(withAccounts({ homes: 'create' }))).toMatchObject([
      { code: 'disk-automounter', level: 'warning', fix: null },
    ]);
    expect(checkDisk(withAccounts({ homes: 'never' }))).toEqual([]);
  });

  test('is found where the homes are, below another root too, and nowhere else', () => {
    expect(codes(withAccounts({ homes: 'create', home: '/srv/people/%u' }, '/srv/people'))).toEqual([
      'disk-automounter',
    ]);
    expect(codes(withAccounts({ homes: 'create' }, '/tmp/root/home'))).toEqual(['disk-automounter']);
    expect(codes(withAccounts({ homes: 'create', home: '/srv/people/%u' }))).toEqual([]);
  });

  test('that does not answer has no other finding', () => {
    expect(codes(node({ disks: [{ ...homes, fault: 'no answer' }] }))).toEqual(['disk-silent']);
  });
});

describe('the directories of the agent', () => {
  const owner = process.geteuid?.() ?? 0;

  test.each([0o700, 0o500, 0o1700])('the state directory with mode %o is in order', (mode) => {
    expect(checkDisk(node({ stateDirectory: rights(STATE, mode) }))).toEqual([]);
  });

  test.each([0o701, 0o704, 0o710, 0o720, 0o755, 0o777])('the state directory with mode %o is not', (mode) => {
    expect(checkDisk(node({ stateDirectory: rights(STATE, mode) }))).toMatchObject([
      { code: 'disk-state-rights', level: 'security', fix: 'state-rights' },
    ]);
  });

  test.each([0o755, 0o711, 0o700])('the key directory with mode %o is in order', (mode) => {
    expect(checkDisk(node({ keyDirectory: rights('/k', mode) }))).toEqual([]);
  });

  test.each([0o775, 0o757, 0o777, 0o1777])('the key directory with mode %o is not', (mode) => {
    expect(checkDisk(node({ keyDirectory: rights('/k', mode) }))).toMatchObject([
      { code: 'disk-key-folder', level: 'security', fix: 'key-folder-rights' },
    ]);
  });

  test('belong to the user of the agent, whatever their mode', () => {
    const foreign = { uid: owner + 1, gid: 0, mode: 0o700 };
    expect(checkDisk(node({ stateDirectory: { ...foreign, path: STATE } }))).toMatchObject([
      { code: 'disk-state-rights', fix: 'state-rights', howToFix: expect.stringContaining('0700') },
    ]);
    expect(checkDisk(node({ keyDirectory: { ...foreign, path: '/k' } }))).toMatchObject([
      { code: 'disk-key-folder', fix: 'key-folder-rights', howToFix: expect.stringContaining('0755') },
    ]);
  });

  test('that do not exist yet are no finding', () => {
    expect(checkDisk(node({ stateDirectory: null, keyDirectory: null }))).toEqual([]);
  });
});

describe('files that cannot be used', () => {
  test.each<[string, (fault: string) => Facts]>([
    ['disk-account-files', (accountFilesFault) => node({ accountFilesFault })],
    ['disk-mirror', (stateFault) => node({ stateFault })],
  ])('%s is an error, whose fix is the hint of the failure, else one of its own', (code, make) => {
    const [hinted] = checkDisk(make('/etc/passwd is immutable (of two (2) files) (chattr -i /etc/passwd)'));
    expect(hinted).toMatchObject({ code, level: 'error', fix: null });
    expect(hinted?.detail).toBe('/etc/passwd is immutable (of two (2) files)');
    expect(hinted?.howToFix).toBe('chattr -i /etc/passwd');
    for (const bare of ['it is damaged', 'it is (damaged) somehow', '']) {
      const [finding] = checkDisk(make(bare));
      expect(finding).toMatchObject({ code, detail: bare, howToFix: expect.stringMatching(/\S/) });
    }
  });

  test('are all reported, the file systems first', () => {
    const facts = node({
      disks: [{ ...disk, free: 0 }],
      accountFilesFault: 'x',
      stateFault: 'y',
      stateDirectory: rights('/s', 0o777),
      keyDirectory: rights('/k', 0o777),
    });
    expect(codes(facts)).toEqual([
      'disk-full',
      'disk-account-files',
      'disk-state-rights',
      'disk-key-folder',
      'disk-mirror',
    ]);
  });
});
