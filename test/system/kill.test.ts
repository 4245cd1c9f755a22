// A kill at every write, fsync and rename of a sync, one after the other, each on a fresh copy; the next sync must repair it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  describeStore,
  makePublicKey,
  makeRoot,
  type Someone,
} from '../support/nodes/organisation-on-disk.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');

/** All that changes a file or a directory, or makes a change last. */
const CALLS =
  'write,pwrite64,ftruncate,fsync,fdatasync,syncfs,rename,renameat,renameat2,link,linkat,symlink,symlinkat,' +
  'unlink,unlinkat,mkdir,mkdirat,rmdir,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,fsetxattr,utimensat';

/** How often Node wakes its own threads by a write differs from run to run: so often a call is searched for. */
const MOST_TRIES = 100;

interface Operation {
  readonly call: string;
  /** Which of the main thread's calls of that name it is, from 1: so strace counts. */
  readonly n: number;
  /** `rename etc/passwd #1`, the first of these below the root; empty for what is outside of it (pipes, the log). */
  readonly what: string;
}

let directory: string;
let program: string;
const at = (...parts: string[]): string => path.join(directory, ...parts);

beforeAll(async () => {
  directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'kill-')));
  program = at('sync.mjs');
  await build({
    absWorkingDir: PROJECT,
    entryPoints: ['test/support/nodes/sync-program.ts'],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    external: ['better-sqlite3', 'koffi'],
    banner: {
      js: "import { createRequire as $create } from 'node:module'; const require = $create(import.meta.url);",
    },
    logLevel: 'warning',
  });
  symlinkSync(realpathSync(path.join(PROJECT, 'node_modules')), at('node_modules'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs a sync over `root`, under strace(1) if there is a log, killed at one call if there is one. */
async function sync(
  root: string,
  states: string,
  trace?: { log: string; kill?: Operation },
): Promise<number | null> {
  const command = [process.execPath, program, root, states];
  if (trace !== undefined) {
    const inject =
      trace.kill === undefined ? [] : ['-e', `inject=${trace.kill.call}:signal=KILL:when=${trace.kill.n}`];
    command.unshift(
      'strace',
      '-y',
      '-qq',
      '-s',
      '0',
      '-o',
      trace.log,
      '-e',
      `trace=${CALLS},openat`,
      ...inject,
    );
  }
  const child = spawn(command[0] ?? '', command.slice(1), {
    stdio: ['ignore', 'ignore', 'ignore'],
    // Warm for all: a compile cache that is still written to would count as well.
    env: { ...process.env, NODE_COMPILE_CACHE: at('compiled') },
  });
  const [status] = (await once(child, 'exit')) as [number | null];
  return status;
}

/** The calls in a log of strace, as far as they concern the root. */
function readOperations(log: string, root: string): Operation[] {
  const counts = new Map<string, number>();
  const seen = new Map<string, number>();
  const opened = new Map<string, string>();
  return readFileSync(log, 'latin1')
    .split('\n')
    .filter((line) => /^[a-z0-9]+\(/.test(line))
    .map((line) => {
      const call = line.slice(0, line.indexOf('('));
      const n = (counts.get(call) ?? 0) + 1;
      counts.set(call, n);
      if (call === 'openat') {
        const [, fd = '', name = ''] = / = (\d+)<([^>]*)>$/.exec(line) ?? [];
        opened.set(fd, name);
        return { call, n, what: '' };
      }
      const named = [...line.matchAll(/[<"](\/[^>"]*)[>"]/g)].map(([, name = '']) => name).at(-1) ?? '';
      // Homes are made through the descriptor of their parent.
      const file = named.replace(/^\/proc\/self\/fd\/(\d+)/, (whole, fd: string) => opened.get(fd) ?? whole);
      if (!file.startsWith(`${root}/`)) return { call, n, what: '' };
      const what = `${call} ${file.slice(root.length + 1)}`.replace(/\.new-\w{6}/, '.new-');
      seen.set(what, (seen.get(what) ?? 0) + 1);
      return { call, n, what: `${what} #${seen.get(what) ?? 0}` };
    });
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));
}

/** Everything that the node has afterwards: names, owners, modes and texts, and the ledger. */
function describeNode(root: string): string[] {
  const lines: string[] = [];
  const walk = (below: string): void => {
    for (const name of readdirSync(path.join(root, below)).sort()) {
      const file = path.join(below, name);
      if (file === 'run' || file === 'var/lib/sunk-agent/cache') continue;
      const found = lstatSync(path.join(root, file));
      const line = `${file} ${found.uid}:${found.gid} ${found.mode.toString(8)}`;
      if (found.isDirectory()) {
        lines.push(line);
        walk(file);
      } else if (found.isSymbolicLink()) lines.push(`${line} ${readlinkSync(path.join(root, file))}`);
      // Backups are of the last write, and a restart may have had less to write.
      else if (!/^etc\/(passwd|group|shadow|gshadow)-$/.test(file)) {
        const digest = createHash('sha256')
          .update(readFileSync(path.join(root, file)))
          .digest('hex');
        lines.push(`${line} ${digest}`);
      }
    }
  };
  walk('');
  const ledger = new Database(path.join(root, 'var/lib/sunk-agent/cache/mirror.sqlite'));
  const rows = ledger
    .prepare(
      'SELECT kind, scim_id, name, id, gid, home, closed_at IS NULL FROM binding ORDER BY kind, scim_id',
    )
    .all();
  ledger.close();
  return [...lines, ...rows.map((row) => JSON.stringify(row))];
}

const person = (name: string, uid: number, more: Partial<Someone> = {}): Someone => ({
  name,
  uid,
  key: makePublicKey(),
  ...more,
});

describe('a sync that is killed', () => {
  test(
    'at any write, sync or rename is finished by the next one, to the same host',
    { timeout: 1_500_000 },
    async () => {
      const [alice, bob, carol] = [
        person('alice', 10_000, { sudo: true }),
        person('bob', 10_001, { active: false }),
        person('carol', 10_002),
      ];
      const before = [alice, { ...bob, active: true }, carol];
      // alice leaves (key, account, sudo, cron, linger), bob comes back, carol has another key and name, dave is new.
      const after = [
        { ...alice, active: false },
        { ...bob, active: true },
        { ...carol, key: makePublicKey(), displayName: 'Carol' },
        person('dave', 10_003, { sudo: true }),
      ];
      for (const [name, states] of [
        ['before', [describeStore(before), describeStore([alice, bob, carol])]],
        ['after', [describeStore(after)]],
      ] as const) {
        writeFileSync(at(`${name}.json`), JSON.stringify(states));
      }
      const start = at('start');
      mkdirSync(start);
      makeRoot(start);
      expect(await sync(start, at('before.json'))).toBe(0);
      for (const file of ['var/spool/cron/crontabs/alice', 'var/lib/systemd/linger/alice'])
        writeFileSync(path.join(start, file), '# hers\n', { mode: 0o600 });
      const copy = (name: string): string => {
        cpSync(start, at(name), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
        return at(name);
      };
      const warm = copy('warm');
      await sync(warm, at('after.json'));
      const whole = copy('whole');
      expect(await sync(whole, at('after.json'), { log: at('whole.log') })).toBe(0);
      const wanted = describeNode(whole);
      const operations = readOperations(at('whole.log'), whole).filter(
        // SQLite's index of the log in shared memory is made anew at each start.
        ({ what }) => what !== '' && !what.includes('.sqlite-shm '),
      );
      const kinds = new Set(operations.map(({ what }) => what.split(' ')[0]));
      expect([...kinds]).toEqual(expect.arrayContaining(['pwrite64', 'fsync', 'rename', 'mkdir', 'unlink']));
      expect(operations.map(({ what }) => what)).toEqual(
        expect.arrayContaining(['rename etc/passwd #1', 'rename etc/shadow #1', 'rename home/dave #1']),
      );

      const killed = new Map<string, string>();
      await inParallel(operations, async (operation) => {
        for (let turn = 0, { n } = operation; turn < MOST_TRIES; turn += 1) {
          const root = copy(`at-${operation.call}-${operation.n}-${turn}`);
          const log = `${root}.log`;
          await sync(root, at('after.json'), { log, kill: { ...operation, n } });
          const seen = readOperations(log, root).map(({ what }) => what);
          rmSync(log);
          if (seen.at(-1) === operation.what) {
            killed.set(root, operation.what);
            return;
          }
          rmSync(root, { recursive: true });
          // Too late if the run had come past it, else too early.
          n = Math.max(1, n + (seen.includes(operation.what) ? -1 : 1));
        }
      });
      // One process for many restarts: they have nothing in common but the program.
      const roots = [...killed.keys()];
      const batches = Array.from({ length: Math.ceil(roots.length / 25) }, (_, index) =>
        roots.slice(index * 25, index * 25 + 25),
      );
      await inParallel(batches, async (batch) => expect(await sync(batch.join(), at('after.json'))).toBe(0));
      const failures = roots.flatMap((root) => {
        const found = describeNode(root);
        const wrong = [
          ...found.filter((line) => !wanted.includes(line)).map((line) => `+ ${line}`),
          ...wanted.filter((line) => !found.includes(line)).map((line) => `- ${line}`),
        ];
        return wrong.length === 0 ? [] : [`killed at ${killed.get(root) ?? ''}: ${wrong.join('; ')}`];
      });
      process.stderr.write(`killed at each of ${operations.length} writes, fsyncs and renames of a sync\n`);
      expect(failures).toEqual([]);
      // Nothing is left out: the calls at which the kills came are those of the undisturbed sync.
      expect([...killed.values()].sort()).toEqual(operations.map(({ what }) => what).sort());
    },
  );
});
