// A login node as a directory: its own file system, account files with lines of others in them, and one sync at a time.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { withAccountLock } from '../../../../src/host/accounts/account-lock.ts';
import { listDenied } from '../../../../src/host/keys/deny-list.ts';
import { mustRun } from '../run.ts';
import { layRoot, writeAccountFiles } from '../root-directory.ts';
import { awaitOutcome, hasEnded, type Outcome, type Resident, startResident } from './processes.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../../../..');
const CLI = path.join(REPOSITORY, 'src/cli/main.ts');
const CLOCK = path.join(import.meta.dirname, 'clock.ts');
const FILES = ['passwd', 'group', 'shadow', 'gshadow'] as const;
export type AccountFile = (typeof FILES)[number];

/** Lines that this program does not manage: people of this node, comments, NIS, and what is no line at all. */
const FOREIGN: Readonly<Record<AccountFile, readonly string[]>> = {
  passwd: [
    'root:x:0:0:root:/root:/bin/bash',
    'daemon:x:1:1::/:/usr/sbin/nologin',
    '# kept by hand',
    'local:x:1000:1000:a person of this node:/home/local:/bin/bash',
    'broken line without fields',
    '+nisuser::::::',
  ],
  group: ['root:x:0:', 'sudo:x:27:local', 'local:x:1000:', 'broken:group', '+:::'],
  shadow: [
    'root:*:20000:0:99999:7:::',
    'daemon:*:20000:0:99999:7:::',
    'local:$y$j9T$x$y:20000:0:99999:7:::',
    'broken',
  ],
  gshadow: ['root:*::', 'sudo:*::local', 'local:!::'],
};

export interface LoginRoot {
  readonly name: string;
  readonly root: string;
  /** Lines of others, in order, as they must be found again. */
  readonly foreign: Record<AccountFile, string[]>;
  /** Milliseconds by which its clock is off. */
  clockShift: number;
  /** A prefix of the next syncs' command line, such as a tracer. */
  wrapper: readonly string[];
  /** Whether syncs are those of an agent that stays, where they need no command line of their own. */
  isResident: boolean;
  /** Ends the agent that stays; the next sync starts another. */
  stopResident(): Promise<void>;
  /** Starts one full sync. `over` resolves when it ended, however. */
  startSync(): { child: ChildProcess; over: Promise<Outcome> };
  /** A poll: a sync of its own that may ask for changes alone. */
  startPoll(): Promise<Outcome>;
  /** A command of an operator, to its end. */
  run(...words: string[]): { readonly status: number | null; readonly stderr: string };
  approve(hash: string): void;
  lines(file: AccountFile): string[];
  /** The keys that the helper would give, by name. */
  keyFiles(): Map<string, string>;
  read(file: string): string;
  /** As an editor or a tool would, under the shadow tools' lock. */
  editForeignLine(remark: string): Promise<void>;
  /** The same for all lines of others. */
  editForeign(file: AccountFile, edit: (lines: readonly string[]) => string[]): Promise<void>;
  /** Names and uids that the node had in use before anyone of the store came. */
  readonly taken: { readonly names: Set<string>; readonly uids: Set<number> };
  /** Names whose homes another user made. */
  readonly planted: Set<string>;
  /** Whether the node must refuse that person. */
  isBarred(person: { readonly name: string; readonly uid: number }): boolean;
  /** The account files as a new image has them: what others added since is in them, managed accounts are not. */
  loseEtc(): void;
  /** The directory of key files. */
  readonly keys: string;
  /** The state directory, and copies of it. */
  readonly state: string;
  saveState(): void;
  replayState(): boolean;
  remove(): void;
}

/** @param directory where it is made; with root rights a file system of its own is mounted there. */
export function makeLoginRoot(name: string, directory: string, config: string, token: string): LoginRoot {
  const root = path.join(directory, name);
  const saved = path.join(directory, `${name}.saved`);
  mkdirSync(root, { recursive: true });
  if (process.geteuid?.() === 0) mustRun('mount', ['-t', 'tmpfs', '-o', 'size=96m,mode=755', 'tmpfs', root]);
  const at = (file: string): string => path.join(root, file);
  const foreign = {
    passwd: [...FOREIGN.passwd],
    group: [...FOREIGN.group],
    shadow: [...FOREIGN.shadow],
    gshadow: [...FOREIGN.gshadow],
  };
  const writeForeign = (): void =>
    writeAccountFiles(
      root,
      Object.fromEntries(FILES.map((file) => [`etc/${file}`, `${foreign[file].join('\n')}\n`])),
    );
  layRoot(root, {
    files: { 'etc/shells': '/bin/sh\n/bin/bash\n' },
    config,
    token,
    directories: ['etc/sudoers.d', 'var/lib/sunk-agent', 'run'],
  });
  writeForeign();
  const state = at('var/lib/sunk-agent/cache');
  const keys = at('var/lib/sunk-agent/authorized_keys');
  const lines = (file: AccountFile): string[] =>
    readFileSync(at(`etc/${file}`), 'utf8')
      .split('\n')
      .slice(0, -1);

  const taken = { names: new Set<string>(), uids: new Set<number>() };
  const planted = new Set<string>();
  let resident: Resident | null = null;

  const node: LoginRoot = {
    name,
    root,
    foreign,
    state,
    keys,
    taken,
    planted,
    isBarred: ({ name, uid }) => taken.names.has(name) || taken.uids.has(uid) || planted.has(name),
    clockShift: 0,
    wrapper: [],
    isResident: false,
    async stopResident() {
      await resident?.stop();
      resident = null;
    },
    startSync() {
      if (node.isResident && node.wrapper.length === 0 && node.clockShift === 0) {
        if (resident === null || hasEnded(resident.child)) resident = startResident(root);
        return { child: resident.child, over: resident.sync() };
      }
      const [command, ...args] = [
        ...node.wrapper,
        process.execPath,
        CLI,
        'sync',
        '--full',
        '--json',
        '--root',
        root,
      ];
      const child = spawn(command, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        // Both processes are of this node, so both see its clock.
        env: { ...process.env, NODE_OPTIONS: `--import=${CLOCK}`, SUNK_CLOCK_SHIFT: String(node.clockShift) },
      });
      return { child, over: awaitOutcome(child) };
    },
    startPoll: () => awaitOutcome(spawn(process.execPath, [CLI, 'sync', '--json', '--root', root])),
    run(...words) {
      const { status, stderr } = spawnSync(process.execPath, [CLI, ...words, '--root', root], {
        encoding: 'utf8',
      });
      return { status, stderr };
    },
    approve: (hash) => appendFileSync(at('etc/sunk-agent/approved'), `${hash}\n`),
    lines,
    keyFiles() {
      if (!existsSync(keys)) return new Map();
      const denied = new Set(listDenied(at('run/sunk-agent/shut')));
      const names = readdirSync(keys).filter((one) => !denied.has(one));
      return new Map(names.map((one) => [one, readFileSync(path.join(keys, one), 'utf8')]));
    },
    read: (file) => (existsSync(at(file)) ? readFileSync(at(file), 'utf8') : ''),
    editForeignLine: (remark) =>
      node.editForeign('passwd', (all) =>
        all.map((line) =>
          line.startsWith('local:x:1000:1000:') ? `local:x:1000:1000:${remark}:/home/local:/bin/bash` : line,
        ),
      ),
    async editForeign(file, edit) {
      await withAccountLock(root, 20_000, () => {
        const edited = edit(lines(file));
        writeFileSync(at(`etc/${file}.edit`), `${edited.join('\n')}\n`, { mode: 0o644 });
        renameSync(at(`etc/${file}.edit`), at(`etc/${file}`));
        foreign[file] = edit(foreign[file]);
      });
    },
    loseEtc: writeForeign,
    saveState() {
      rmSync(saved, { recursive: true, force: true });
      if (existsSync(state)) cpSync(state, saved, { recursive: true });
    },
    replayState() {
      if (!existsSync(saved)) return false;
      rmSync(state, { recursive: true, force: true });
      cpSync(saved, state, { recursive: true });
      return true;
    },
    remove() {
      if (process.geteuid?.() === 0) mustRun('umount', ['--lazy', root]);
      rmSync(root, { recursive: true, force: true });
      rmSync(saved, { recursive: true, force: true });
    },
  };
  return node;
}
