// Homes below directories that other users can write, while a real process of such a user plants, renames and links.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findHomes } from '../../../src/host/homes/find-homes.ts';
import { createHome } from '../../../src/host/homes/home.ts';
import { hasRoot } from '../../support/requirements.ts';
import { withTrustedDirectory } from '../../../src/host/fs/trusted-directory.ts';

const isRoot = hasRoot(import.meta.filename);

const MALLORY = 12_345;
const IVAN = 20_001;

let root: string;
let attacker: ChildProcess | null = null;

const at = (file: string): string => path.join(root, file);
const make = (dir: string, mode: number, uid = 0): void => {
  mkdirSync(at(dir), { recursive: true });
  chownSync(at(dir), uid, uid);
  chmodSync(at(dir), mode);
};
const hazardOf = (dir: string): string | null => withTrustedDirectory(root, dir, ({ hazard }) => hazard);
const look = (dir: string) => findHomes(root, [dir], true).get(dir);

/** Starts a loop as another user; it has begun when this returns. */
async function attack(program: string): Promise<void> {
  const loop = `const fs = require('node:fs'); const go = (work) => { try { work(); } catch {} };
    console.log('begun'); for (;;) { ${program} }`;
  attacker = spawn(process.execPath, ['-e', loop], {
    uid: MALLORY,
    gid: MALLORY,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (attacker.stdout !== null) await once(attacker.stdout, 'data');
}

/** Every file of a tree with owner, mode and content. */
function snapshot(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { uid, mode } = lstatSync(path.join(directory, name));
      return `${name} ${uid} ${mode.toString(8)}`;
    });
}

describe.runIf(isRoot)('a home below a directory of others', () => {
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'planted-'));
    chmodSync(root, 0o755);
    make('etc/skel/.config', 0o755);
    make('victim', 0o755);
    writeFileSync(at('victim/script'), 'of root', { mode: 0o755 });
    writeFileSync(at('etc/skel/.config/settings'), 'from the skeleton');
    writeFileSync(at('etc/skel/.profile'), 'profile');
    symlinkSync('.profile', at('etc/skel/.link'));
    make('home', 0o755);
    make('mnt/home', 0o1777);
  });
  afterEach(async () => {
    if (attacker !== null) {
      const ended = once(attacker, 'exit');
      attacker.kill('SIGKILL');
      await ended;
      attacker = null;
    }
    rmSync(root, { recursive: true, force: true });
  });

  test('counts only if it is a directory of its owner, however it came there', () => {
    make('mnt/home/planted', 0o755, MALLORY);
    make('mnt/home/own', 0o700, IVAN);
    symlinkSync(at('victim'), at('mnt/home/link'));
    symlinkSync('nowhere', at('mnt/home/dangling'));
    writeFileSync(at('mnt/home/file'), '');
    make('mnt/home/nameless', 0o755, 65_534);
    expect(look('/mnt/home/planted')).toMatchObject({ found: 'directory', uid: MALLORY, parent: 'sticky' });
    expect(look('/mnt/home/own')).toMatchObject({ found: 'directory', uid: IVAN });
    for (const name of ['link', 'dangling', 'file'])
      expect(look(`/mnt/home/${name}`)).toMatchObject({ found: 'other' });
    expect(look('/mnt/home/nameless')).toMatchObject({ found: 'unknown' });
    expect(look('/mnt/home/none')).toMatchObject({ found: 'missing', parent: 'sticky' });
    expect(look('/home/none')).toMatchObject({ found: 'missing', parent: 'closed' });
    expect(() => createHome(root, { dir: '/mnt/home/planted', uid: IVAN, gid: 9999 })).toThrow(
      /belongs to uid/,
    );
    expect(() => createHome(root, { dir: '/mnt/home/link', uid: IVAN, gid: 9999 })).toThrow(/belongs to uid/);
  });

  test.each<[string, number, number, RegExp | null]>([
    ['every user', 0o777, 0, /every user can replace what is in \/srv\/x \(mode 0777\)/],
    ['a group', 0o2775, 0, /its group can replace what is in \/srv\/x \(mode 2775\)/],
    ['its owner', 0o755, MALLORY, /\/srv\/x belongs to uid 12345/],
    ['its owner, with a sticky bit', 0o1777, MALLORY, /\/srv\/x belongs to uid 12345/],
    ['root', 0o755, 0, null],
    ['root, with a sticky bit', 0o1777, 0, null],
  ])('is created unless others can replace it: a parent for %s', (_, mode, uid, hazard) => {
    make('srv/x', mode, uid);
    make('srv/x/deep', 0o755);
    for (const dir of ['/srv/x/ivan', '/srv/x/deep/ivan']) {
      const create = (): void => createHome(root, { dir, uid: IVAN, gid: 9999 });
      if (hazard === null) {
        create();
        expect(statSync(at(dir))).toMatchObject({ uid: IVAN, gid: 9999 });
        expect(readFileSync(at(`${dir}/.config/settings`), 'utf8')).toBe('from the skeleton');
        expect(lstatSync(at(`${dir}/.link`)).uid).toBe(IVAN);
        expect(look(dir)).toMatchObject({ found: 'directory', uid: IVAN });
      } else {
        expect(create).toThrow(hazard);
        expect(look(dir)).toMatchObject({
          found: 'missing',
          parent: 'open',
          detail: expect.stringMatching(hazard),
        });
      }
    }
  });

  test('is found through links of root, and through none of other users', () => {
    make('data/home', 0o755);
    symlinkSync('/data/home', at('srv-home'));
    expect(hazardOf('/srv-home')).toBeNull();
    createHome(root, { dir: '/srv-home/ivan', uid: IVAN, gid: 9999 });
    expect(statSync(at('data/home/ivan')).uid).toBe(IVAN);
    symlinkSync(at('victim'), at('mnt/home/team'));
    expect(hazardOf('/mnt/home/team')).toBeNull();
    rmSync(at('mnt/home/team'));
    make('mnt/home/mallory', 0o755, MALLORY);
    symlinkSync('/victim', at('mnt/home/mallory/team'));
    expect(hazardOf('/mnt/home/mallory/team')).toMatch(/belongs to uid 12345/);
    symlinkSync('loop', at('loop'));
    expect(hazardOf('/loop')).toMatch(/a loop/);
    expect(hazardOf('/../../srv-home/../home')).toBeNull();
  });

  test('is its owner’s or none, while another user plants and links the names that root is about to use', async () => {
    const before = snapshot(at('victim'));
    await attack(`for (const name of ['ivan', '.sunk-agent-home-ivan']) {
      const file = ${JSON.stringify(at('mnt/home/'))} + name;
      go(() => fs.symlinkSync(${JSON.stringify(at('victim'))}, file)); go(() => fs.unlinkSync(file));
      go(() => fs.mkdirSync(file)); go(() => fs.renameSync(file, file + '-away'));
      go(() => fs.rmdirSync(file)); go(() => fs.rmdirSync(file + '-away'));
    }`);
    let created = 0;
    for (let round = 0; round < 400; round += 1) {
      try {
        createHome(root, { dir: '/mnt/home/ivan', uid: IVAN, gid: 9999 });
      } catch {
        // What is planted at that moment is refused.
        continue;
      }
      created += 1;
      const home = lstatSync(at('mnt/home/ivan'));
      expect({ isDirectory: home.isDirectory(), uid: home.uid }).toEqual({ isDirectory: true, uid: IVAN });
      expect(readdirSync(at('mnt/home/ivan')).sort()).toEqual(['.config', '.link', '.profile']);
      rmSync(at('mnt/home/ivan'), { recursive: true });
    }
    expect(created).toBeGreaterThan(0);
    expect(snapshot(at('victim'))).toEqual(before);
  });

  test('is never created below an accomplice, who swaps the directory for a link to one of root', async () => {
    make('home/mallory/team', 0o755, MALLORY);
    chownSync(at('home/mallory'), MALLORY, MALLORY);
    const before = snapshot(at('victim'));
    const team = JSON.stringify(at('home/mallory/team'));
    await attack(`go(() => fs.renameSync(${team}, ${team} + '-away'));
      go(() => fs.symlinkSync(${JSON.stringify(at('victim'))}, ${team}));
      go(() => fs.unlinkSync(${team})); go(() => fs.renameSync(${team} + '-away', ${team}));`);
    for (let round = 0; round < 400; round += 1) {
      const dir = '/home/mallory/team/ivan';
      expect(() => createHome(root, { dir, uid: IVAN, gid: 9999 })).toThrow(
        /belongs to uid 12345|every user/,
      );
      expect(look(dir)).toMatchObject({ parent: 'open' });
    }
    expect(snapshot(at('victim'))).toEqual(before);
  });
});
