// What the system refuses, for real, wherever files are touched: each error says what was wanted, where, and what to do.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readExtensions } from '../../src/agent/overrides/extensions.ts';
import { readAudit, recordAct } from '../../src/agent/report/audit.ts';
import {
  replaceFile,
  readOperatorFiles,
  removeFreeze,
  writeFreeze,
} from '../../src/agent/overrides/operator-files.ts';
import { nameNode, acquireFileLock } from '../../src/agent/reconcile/file-lock.ts';
import { linkReader } from '../../src/agent/reader-client/reader-link.ts';
import { readStatus } from '../../src/agent/report/status.ts';
import { loadConfig, parseConfig } from '../../src/config/config.ts';
import { AgentError, describeError } from '../../src/common/errors.ts';
import { isConfigured, readKeptToken, withDraft, writeAccepted } from '../../src/cli/init/files.ts';
import { createLogger } from '../../src/common/log.ts';
import { prepareStateDirectory } from '../../src/state/state-directory.ts';
import { acquireWriterLock } from '../../src/state/writer-lock.ts';
import { type Paths, pathsUnder } from '../../src/common/paths.ts';
import { nameRefusal } from '../../src/common/system-error.ts';
import { hasRoot } from '../support/requirements.ts';
import { makeThrowawayRoot } from '../support/nodes/throwaway-root.ts';

const isRoot = hasRoot(import.meta.filename);

let root: string;
let paths: Paths;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'refused-'));
  paths = pathsUnder(root);
});
afterEach(() => rmSync(root, { recursive: true }));

const MOVE_FILE = /\(something lies where a directory belongs: move it away\)$/;
const MOVE_DIRECTORY = /\(a directory lies where a file belongs: move it away\)$/;

async function refusalOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(AgentError);
    return describeError(error);
  }
  throw new Error('nothing was refused');
}

const makeContext = () => ({
  config: parseConfig('scim: { base_url: "https://store.example/" }', 'here'),
  configFile: paths.config,
  log: createLogger('test', 'silent'),
  paths,
});

/** By what is in the way: a plain file where the directory belongs, or a directory where the file does. */
const STEPS: [
  what: string,
  inTheWay: keyof Paths | 'token',
  kind: 'file' | 'directory',
  step: () => unknown,
][] = [
  ['cannot write', 'configDirectory', 'file', () => replaceFile(paths.blocked, '', 'empty it')],
  ['cannot write', 'freeze', 'directory', () => writeFreeze(paths.freeze, 1, 'me')],
  ['cannot read', 'blocked', 'directory', () => readOperatorFiles(paths)],
  ['cannot read', 'freeze', 'directory', () => removeFreeze(paths.freeze)],
  ['cannot read', 'extended', 'directory', () => readExtensions(paths.extended)],
  ['cannot read the audit trail', 'audit', 'directory', () => readAudit(paths)],
  [
    'cannot write the audit trail',
    'audit',
    'directory',
    () => recordAct(paths, { act: 'thaw', subject: '', detail: '' }),
  ],
  ['cannot open the sync lock', 'run', 'file', () => acquireFileLock(paths.syncLock, () => {}, 0)],
  ['cannot open the sync lock', 'syncLock', 'directory', () => nameNode(paths.syncLock)],
  ['cannot use the state directory', 'state', 'file', () => prepareStateDirectory(paths.state)],
  ['cannot open the lock', 'state', 'file', () => acquireWriterLock(paths.state, 'node')],
  ['cannot listen for the reader at', 'run', 'file', () => linkReader(makeContext(), 'socket')],
  [
    'cannot make a directory in',
    'run',
    'file',
    () => withDraft(paths, 'https://a.example/', 't', {}, () => fail()),
  ],
  ['cannot make', 'credentials', 'file', () => writeAccepted(paths, paths.config, 'a: 1', 't')],
  ['cannot read', 'config', 'directory', () => writeAccepted(paths, paths.config, 'a: 1', 't')],
  ['cannot write', 'token', 'directory', () => writeAccepted(paths, paths.config, 'a: 1', 't')],
  ['cannot read', 'config', 'directory', () => isConfigured(paths.config)],
  ['cannot read', 'token', 'directory', () => readKeptToken(paths)],
  ['cannot read the configuration', 'config', 'directory', () => loadConfig(paths.config)],
  ['cannot read', 'status', 'directory', () => readStatus(paths.status)],
];

const fail = (): never => {
  throw new Error('this comes too late');
};

describe('an error says what was wanted, where, and how to fix it, when', () => {
  test.each(STEPS)('it %s, since %s is a %s', async (what, inTheWay, kind, step) => {
    const inWay = inTheWay === 'token' ? path.join(paths.credentials, 'scim-token') : paths[inTheWay];
    mkdirSync(path.dirname(inWay), { recursive: true });
    if (kind === 'file') writeFileSync(inWay, '');
    else mkdirSync(inWay);
    const said = await refusalOf(step);
    expect(said.startsWith(`${what} ${root}/`), said).toBe(true);
    expect(said).toContain(inWay);
    expect(said).toMatch(kind === 'file' ? MOVE_FILE : MOVE_DIRECTORY);
  });

  test('a command meets it: one line, the status of a failure, no stack', async () => {
    const node = await makeThrowawayRoot();
    try {
      mkdirSync(path.join(node.root, 'run/sunk-agent/status.json'), { recursive: true });
      const { status, stderr } = await node.run('sync');
      expect(stderr).toMatch(/^sunk-agent: cannot write .*\/status\.json: EISDIR: .*move it away\)$/m);
      expect(stderr).not.toMatch(/^ +at /m);
      expect(status).toBe(2);
    } finally {
      await node.close();
    }
  });
});

test('what no step has foreseen still says call, file and fix; a defect stays a defect', () => {
  const refusal = Object.assign(new Error("ENOSPC: no space left on device, write '/x'"), {
    errno: -28,
    code: 'ENOSPC',
    syscall: 'write',
  });
  expect(describeError(nameRefusal(refusal))).toBe(
    "the system refused: ENOSPC: no space left on device, write '/x' (the disk is full: make room (df -h and df -i))",
  );
  const defect = new TypeError('x is not a function');
  expect(nameRefusal(defect)).toBe(defect);
});

test.each([
  ['SQLITE_FULL', /the disk is full: make room/],
  ['SQLITE_IOERR_FSYNC', /the disk fails: see dmesg/],
  ['SQLITE_READONLY_DBMOVED', /read-only/],
  ['SQLITE_BUSY', /something .* uses it/],
  ['SQLITE_CANTOPEN', /write there|with sudo/],
  ['SQLITE_CORRUPT_INDEX', /damaged.*systemctl restart sunk-agent: .*sets it aside/],
  ['SQLITE_IOERR_SHORT_READ', /damaged.*systemctl restart sunk-agent: .*sets it aside/],
])('what SQLite says by %s is the disk or the state database, and no defect', (code, fix) => {
  const said = describeError(nameRefusal(new Database.SqliteError('what SQLite says', code)));
  expect(said).toMatch(/^the state database (is damaged|cannot be used): what SQLite says \(/);
  expect(said).toMatch(fix);
});

test('a statement that SQLite does not understand is a defect', () => {
  const defect = new Database.SqliteError('no such column: x', 'SQLITE_ERROR');
  expect(nameRefusal(defect)).toBe(defect);
});

test.runIf(isRoot)('who is not root is told so, and nothing of disks', () => {
  writeFileSync(paths.root + '/secret', '', { mode: 0o600 });
  const script = `
    const { attempt } = await import(${JSON.stringify(path.resolve(import.meta.dirname, '../../src/common/system-error.ts'))});
    const { describeError } = await import(${JSON.stringify(path.resolve(import.meta.dirname, '../../src/common/errors.ts'))});
    const { readFileSync } = await import('node:fs');
    process.seteuid(65534);
    try { attempt('cannot read it', () => readFileSync(${JSON.stringify(`${root}/secret`)})); }
    catch (error) { console.log(describeError(error)); }`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(stdout).toMatch(/^cannot read it: EACCES: .* \(this user may not: run it with sudo\)\n$/);
});
