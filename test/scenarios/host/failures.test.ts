// Real failures of disks and locks: nothing is half done, the message says how to fix it, and a retry succeeds.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { describeError } from '../../../src/common/errors.ts';
import { withAccountLock } from '../../../src/host/accounts/account-lock.ts';
import { probeDisk } from '../../../src/host/probes/disk-probe.ts';
import { findHomes } from '../../../src/host/homes/find-homes.ts';
import { createHome } from '../../../src/host/homes/home.ts';
import { applyToFiles } from '../../../src/host/accounts/local-accounts.ts';
import type { Change } from '../../../src/plan/change.ts';
import { makeRoot } from '../../support/nodes/organisation-on-disk.ts';

const FILES = ['passwd', 'group', 'shadow', 'gshadow'];
const isRoot = process.geteuid?.() === 0;
/** proc_filesystems(5): a name after a tab each. */
const FILE_SYSTEMS = readFileSync('/proc/filesystems', 'utf8');
const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** Mounts and file attributes are root's; without it the reason is printed. */
const asRoot = (program: string, fileSystem?: string) => {
  const isMountable = fileSystem === undefined || FILE_SYSTEMS.includes(`\t${fileSystem}\n`);
  if (isRoot && has(program) && isMountable) return test;
  const needed = fileSystem === undefined ? '' : ` and a kernel with ${fileSystem}`;
  process.stderr.write(`skipped: failures of disks need root, ${program}${needed}\n`);
  return test.skip;
};

const entry = { name: 'alice', uid: 10_000, gid: 9999, gecos: '', dir: '/home/alice', shell: '/bin/bash' };
const GROUP: Change = { scimId: null, name: 'sunk-users', because: '', kind: 'group-create', gid: 9999 };
const CREATE: Change = { scimId: 'a', name: 'alice', because: '', kind: 'account-create', entry };

let root: string;
let undo: (() => void)[];

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'failures-'));
  undo = [];
});
afterEach(() => {
  for (const step of undo.reverse()) step();
  rmSync(root, { recursive: true, force: true });
});

const run = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: 'utf8' });
const etc = (file: string): string => path.join(root, 'etc', file);
const readAll = (): string[] => FILES.map((file) => readFileSync(etc(file), 'latin1'));
const leftovers = (): string[] =>
  readdirSync(path.join(root, 'etc')).filter((name) => name.includes('sunk-agent-new'));
const attempt = async (): Promise<string> => {
  try {
    await applyToFiles(root, [GROUP, CREATE], 20_000);
    return 'done';
  } catch (error) {
    return describeError(error);
  }
};

/** The whole root on a file system of its own. */
function mountTmpfs(options: string): void {
  run('mount', '-t', 'tmpfs', '-o', options, 'none', root);
  undo.push(() => void spawnSync('umount', ['--lazy', root]));
}

describe('the account files', () => {
  asRoot('mount')('on a read-only disk stay as they are, and are written when it is fixed', async () => {
    mountTmpfs('size=4m');
    makeRoot(root);
    const before = readAll();
    run('mount', '-o', 'remount,ro', root);
    expect(await attempt()).toMatch(/read-only: mount -o remount,rw/);
    expect(readAll()).toEqual(before);
    run('mount', '-o', 'remount,rw', root);
    expect(await attempt()).toBe('done');
  });

  asRoot('mount')(
    'on a full disk stay as they are, without a leftover, and are written when there is room',
    async () => {
      mountTmpfs('size=256k');
      makeRoot(root);
      writeFileSync(etc('passwd'), `${readFileSync(etc('passwd'), 'latin1')}# ${'x'.repeat(60_000)}\n`);
      const before = readAll();
      const filler = path.join(root, 'filler');
      expect(() => writeFileSync(filler, Buffer.alloc(1_000_000))).toThrow(/ENOSPC/);
      expect(await attempt()).toMatch(/the disk is full: make room .df -h/);
      expect(readAll()).toEqual(before);
      expect(leftovers()).toEqual([]);
      rmSync(filler);
      expect(await attempt()).toBe('done');
    },
  );

  for (const [flag, word] of [
    ['i', 'immutable'],
    ['a', 'append-only'],
  ] as const) {
    asRoot('chattr')(`of which one is ${word} all stay as they are`, async (context) => {
      makeRoot(root);
      const { status } = spawnSync('chattr', [`+${flag}`, etc('passwd')]);
      if (status !== 0) {
        process.stderr.write(`skipped: this file system knows no chattr +${flag}\n`);
        context.skip();
      }
      undo.push(() => void spawnSync('chattr', [`-${flag}`, etc('passwd')]));
      const before = readAll();
      expect(await attempt()).toBe(
        `${etc('passwd')} is ${word} (chattr -${flag} ${etc('passwd')}; until then nothing in this set of files changes)`,
      );
      expect(readAll()).toEqual(before);
      expect(leftovers()).toEqual([]);
      run('chattr', `-${flag}`, etc('passwd'));
      expect(await attempt()).toBe('done');
    });
  }

  asRoot('mount')('of which one is mounted by itself all stay as they are', async () => {
    makeRoot(root);
    run('mount', '--bind', etc('shadow'), etc('shadow'));
    undo.push(() => void spawnSync('umount', ['--lazy', etc('shadow')]));
    const before = readAll();
    expect(await attempt()).toMatch(/shadow is mounted by itself.*mount its directory/);
    expect(readAll()).toEqual(before);
    run('umount', etc('shadow'));
    expect(await attempt()).toBe('done');
  });

  test('wait for another holder of the lock, and report it when they wait in vain', async () => {
    makeRoot(root);
    if (!has('perl')) throw new Error('perl is needed, to hold the lock as another program would');
    // struct flock of fcntl(2): type, whence, padding, start, length, pid.
    const hold = `use Fcntl; open(F, '>', '${etc('.pwd.lock')}') or die; my $l = pack('s s x4 q q l x4', F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLK, $l) or die; $| = 1; print "held"; sleep 600;`;
    const holder = spawn('perl', ['-e', hold], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    await expect(withAccountLock(root, 300, () => 1)).rejects.toThrow(/\.pwd\.lock for more than 0\.3 s/);
    const waiting = attempt();
    setTimeout(() => holder.kill('SIGKILL'), 500);
    expect(await waiting).toBe('done');
  });
});

describe('a file that is replaced', () => {
  asRoot('setfacl')('keeps its ACL, its attributes, its owner and its mode', async (context) => {
    makeRoot(root);
    const set = spawnSync('setfacl', ['-m', 'u:1000:r', etc('shadow')]);
    if (set.status !== 0) {
      process.stderr.write('skipped: this file system keeps no ACL\n');
      context.skip();
    }
    run('setfattr', '-n', 'user.note', '-v', 'kept', etc('group'));
    // What SELinux would have put there; without it the kernel keeps the label as any other text.
    run('setfattr', '-n', 'security.selinux', '-v', 'system_u:object_r:shadow_t:s0', etc('shadow'));
    run('chown', '0:42', etc('shadow'));
    run('chmod', '0640', etc('shadow'));
    const describeFile = (file: string): string =>
      run('getfacl', '-n', '-p', '-c', etc(file)) +
      run('getfattr', '-d', '-m', '^(user|security)\\.', '-n', 'security.selinux', etc('shadow')) +
      `${lstatSync(etc(file)).mode} ${lstatSync(etc(file)).gid}`;
    const before = describeFile('shadow');
    expect(await attempt()).toBe('done');
    expect(describeFile('shadow')).toBe(before);
    expect(before).toContain('user:1000:r--');
    expect(before).toContain('shadow_t');
    expect(run('getfattr', '--only-values', '-n', 'user.note', etc('group'))).toBe('kept');
    // The backup must not be read by more people than the file.
    expect(run('getfacl', '-n', '-p', '-c', etc('shadow-'))).toBe(
      run('getfacl', '-n', '-p', '-c', etc('shadow')),
    );
  });

  test('leaves a backup with the old text, mode and time, and never through a link', async () => {
    makeRoot(root);
    utimesSync(etc('passwd'), 1_700_000_000, 1_700_000_000);
    const before = readFileSync(etc('passwd'), 'latin1');
    writeFileSync(path.join(root, 'victim'), 'untouched');
    const { symlinkSync } = await import('node:fs');
    symlinkSync(path.join(root, 'victim'), etc('group-'));
    expect(await attempt()).toMatch(/group- is not a plain file/);
    rmSync(etc('group-'));
    expect(await attempt()).toBe('done');
    expect(readFileSync(path.join(root, 'victim'), 'utf8')).toBe('untouched');
    expect(readFileSync(etc('passwd-'), 'latin1')).toBe(before);
    expect(statSync(etc('passwd-')).mtimeMs).toBe(1_700_000_000_000);
    expect(statSync(etc('shadow-')).mode & 0o777).toBe(0o640);
  });
});

describe('a home', () => {
  const home = (): string => path.join(root, 'home/alice');
  const makeOf = (name: string, uid: number): string => {
    try {
      createHome(root, { dir: `/home/${name}`, uid: isRoot ? uid : (process.geteuid?.() ?? 0), gid: 9999 });
      return 'done';
    } catch (error) {
      return describeError(error);
    }
  };
  const make = (): string => makeOf('alice', 10_000);

  asRoot('mount')('is not started on a full disk, and created when space is free', () => {
    makeRoot(root);
    run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'none', path.join(root, 'home'));
    undo.push(() => void spawnSync('umount', ['--lazy', path.join(root, 'home')]));
    writeFileSync(path.join(root, 'etc/skel/large'), Buffer.alloc(200_000));
    expect(make()).toMatch(/cannot make \/home\/alice.*the disk is full/);
    expect(readdirSync(path.join(root, 'home'))).toEqual([]);
    rmSync(path.join(root, 'etc/skel/large'));
    expect(make()).toBe('done');
    expect(readdirSync(home()).sort()).toEqual(['.config', '.profile']);
  });

  asRoot('mount')('is not started on a read-only disk', () => {
    makeRoot(root);
    run('mount', '-t', 'tmpfs', '-o', 'ro', 'none', path.join(root, 'home'));
    undo.push(() => void spawnSync('umount', ['--lazy', path.join(root, 'home')]));
    expect(make()).toMatch(/read-only/);
  });

  asRoot('setpriv')('where root may not write (an NFS export with root_squash) is reported as that', () => {
    makeRoot(root);
    run('chmod', '0555', path.join(root, 'home'));
    // Root without its capabilities over files has the rights that a server with root_squash grants.
    const module = path.resolve(import.meta.dirname, '../../../src/host/homes/home.ts');
    const program = `
      const { createHome } = await import(${JSON.stringify(module)});
      const { describeError } = await import(${JSON.stringify(path.resolve(import.meta.dirname, '../../../src/common/errors.ts'))});
      try { createHome(${JSON.stringify(root)}, { dir: '/home/alice', uid: 10000, gid: 9999 }); } catch (error) { console.log(describeError(error)); }`;
    const caps = '--bounding-set=-dac_override,-dac_read_search';
    run('chmod', '0755', root);
    const message = run('setpriv', caps, process.execPath, '--input-type=module', '--eval', program);
    expect(message).toMatch(/root may not write there: an NFS export with root_squash/);
  });

  asRoot('automount', 'autofs')(
    'behind an automounter is found where it exists, and reported where it does not',
    async () => {
      makeRoot(root);
      const kept = path.join(root, 'export/alice');
      mkdirSync(kept, { recursive: true, mode: 0o700 });
      run('chown', '10000:9999', kept);
      writeFileSync(path.join(root, 'auto.master'), `${path.join(root, 'home')} ${root}/auto.home\n`);
      writeFileSync(path.join(root, 'auto.home'), `alice -fstype=bind :${kept}\n`);
      // In a process group of its own: to the daemon's the kernel shows the directory beneath.
      const daemon = spawn(
        'automount',
        ['--foreground', '--pid-file', path.join(root, 'pid'), path.join(root, 'auto.master')],
        { detached: true, stdio: 'ignore' },
      );
      try {
        await vi.waitFor(
          () => expect(readFileSync('/proc/mounts', 'utf8')).toContain(`${root}/home autofs`),
          10_000,
        );
        expect(await probeDisk(path.join(root, 'home'))).toMatchObject({ size: 0, fault: null });
        const homes = findHomes(root, ['/home/alice', '/home/bob'], true);
        expect(homes.get('/home/alice')).toMatchObject({ found: 'directory', uid: 10_000 });
        expect(homes.get('/home/bob')).toMatchObject({ found: 'missing' });
        // Nothing is mounted for a look where no homes are created.
        expect(findHomes(root, ['/home/alice'], false).size).toBe(0);
        expect(make()).toBe('done');
        expect(makeOf('bob', 10_001)).toMatch(
          /cannot make \/home\/bob.*an automounter that has no such home/,
        );
      } finally {
        if (daemon.kill()) await once(daemon, 'exit');
      }
    },
  );

  test('whose parent does not exist is reported with the question whether it is mounted', () => {
    makeRoot(root);
    rmSync(path.join(root, 'home'), { recursive: true });
    expect(make()).toMatch(/\/home, where \/home\/alice should be, is not there \(is it mounted\?/);
  });

  asRoot('chown')('of another user is not touched', () => {
    makeRoot(root);
    mkdirSync(home(), { mode: 0o755 });
    run('chown', '4242', home());
    expect(make()).toMatch(/belongs to uid 4242, not to uid 10000 \(it is not touched/);
    expect(statSync(home()).uid).toBe(4242);
  });

  asRoot('chown')('follows no link, and uses no directory that another user has put in its place', () => {
    makeRoot(root);
    const [victim, temporary] = ['victim', 'home/.sunk-agent-home-alice'].map((name) =>
      path.join(root, name),
    ) as [string, string];
    mkdirSync(victim, { mode: 0o755 });
    const before = statSync(victim).ctimeMs;
    symlinkSync(victim, home());
    expect(make()).not.toBe('done');
    rmSync(home());
    symlinkSync(victim, temporary);
    expect(make()).toBe('done');
    rmSync(home(), { recursive: true });
    rmSync(temporary);
    mkdirSync(temporary, { mode: 0o777 });
    run('chown', '4242', temporary);
    writeFileSync(path.join(temporary, '.bashrc'), 'theirs');
    expect(make()).toBe('done');
    expect(readdirSync(home()).sort()).toEqual(['.config', '.profile']);
    expect(readdirSync(victim)).toEqual([]);
    expect(statSync(victim).ctimeMs).toBe(before);
  });

  asRoot('chown')('that a kill left unfinished is created again, or finished', () => {
    makeRoot(root);
    const temporary = path.join(root, 'home/.sunk-agent-home-alice');
    mkdirSync(temporary, { mode: 0o700 });
    writeFileSync(path.join(temporary, 'half'), '');
    expect(make()).toBe('done');
    expect(existsSync(path.join(home(), 'half'))).toBe(false);
    expect(statSync(home())).toMatchObject({ uid: 10_000, gid: 9999 });
    expect(statSync(path.join(home(), '.config/settings')).uid).toBe(10_000);
    rmSync(home(), { recursive: true });
    mkdirSync(temporary, { mode: 0o700 });
    writeFileSync(path.join(temporary, 'whole'), '');
    run('chown', '-R', '10000:9999', temporary);
    expect(make()).toBe('done');
    expect(existsSync(path.join(home(), 'whole'))).toBe(true);
  });

  asRoot('chown')('is created beside what another user has put under its temporary name', () => {
    makeRoot(root);
    const temporary = path.join(root, 'home/.sunk-agent-home-alice');
    mkdirSync(temporary);
    run('chown', '4242', temporary);
    expect(make()).toBe('done');
    expect(statSync(temporary).uid).toBe(4242);
    expect(statSync(home()).uid).toBe(10_000);
  });
});
