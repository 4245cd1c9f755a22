// The files of a first run: a draft that only root and the reader see, and what is left when it was accepted.
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { acquireFileLock } from '../../agent/reconcile/file-lock.ts';
import { findReaderUser } from '../../agent/reader-client/reader-user.ts';
import type { NodeContext } from '../../agent/node-context.ts';
import { parseConfig } from '../../config/config.ts';
import { createLogger } from '../../common/log.ts';
import type { Paths } from '../../common/paths.ts';
import { attempt } from '../../common/system-error.ts';

const TOKEN = 'scim-token';
const PATIENCE_MS = 600_000;

/**
 * A place for the reader to work from before anything is configured; the ledger of the node, if it has one, is copied.
 * It is gone when `work` is over.
 * @throws AgentError config_invalid, lock_busy
 */
export async function withDraft<T>(
  paths: Paths,
  baseUrl: string,
  token: string,
  work: (place: NodeContext) => Promise<T>,
): Promise<T> {
  const folder = attempt(`cannot make a folder in ${paths.run}`, () => {
    mkdirSync(paths.run, { recursive: true, mode: 0o755 });
    return mkdtempSync(path.join(paths.run, 'init-'));
  });
  try {
    const log = createLogger('init');
    const tokenFile = path.join(folder, TOKEN);
    const source = { file: path.join('/', path.relative(paths.root, tokenFile)) };
    const text = JSON.stringify({ scim: { base_url: baseUrl, tokens: [source] } });
    const config = parseConfig(text, 'the base URL');
    const configFile = path.join(folder, 'config.yaml');
    const gid = readerGroup(paths);
    writePrivately(configFile, text, gid);
    writePrivately(tokenFile, `${token}\n`, gid);
    openToGroup(folder, gid);
    const state = path.join(folder, 'state');
    await copyMirror(paths, state);
    return await work({ config, configFile, log, paths: { ...paths, state } });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** While no pass writes to it; the daemon waits for us no longer than that. */
async function copyMirror(paths: Paths, to: string): Promise<void> {
  const release = await acquireFileLock(
    paths.syncLock,
    () => process.stderr.write('sunk-agent: a pass is under way; waiting for it\n'),
    PATIENCE_MS,
  );
  try {
    attempt(`cannot copy the ledger of ${paths.state} to ${to}`, () => {
      mkdirSync(to, { mode: 0o700 });
      for (const name of ['mirror.sqlite', 'mirror.sqlite-wal'])
        if (existsSync(path.join(paths.state, name)))
          cpSync(path.join(paths.state, name), path.join(to, name));
    });
  } finally {
    release();
  }
}

/** Whether a configuration is there that names a store; the units start by the same rule. */
export function isConfigured(file: string): boolean {
  return /^[^#]*base_url:/m.test(readIfThere(file) ?? '');
}

/** The token that lies on this node already, or null. */
export function readKeptToken({ credentials }: Paths): string | null {
  return readIfThere(path.join(credentials, TOKEN))?.trim() ?? null;
}

function readIfThere(file: string): string | null {
  return attempt(`cannot read ${file}`, () => (existsSync(file) ? readFileSync(file, 'utf8') : null));
}

/**
 * Puts the token where the reader's unit takes it from, and the configuration; one that was there is kept beside it.
 * @throws AgentError host_write
 */
export function writeAccepted(paths: Paths, configFile: string, text: string, token: string): void {
  const gid = readerGroup(paths);
  attempt(`cannot make ${paths.credentials}`, () =>
    mkdirSync(paths.credentials, { recursive: true, mode: 0o755 }),
  );
  openToGroup(paths.credentials, gid);
  writePrivately(path.join(paths.credentials, TOKEN), `${token}\n`, gid);
  const isThere = isConfigured(configFile);
  attempt(`cannot keep what was in ${configFile}`, () => {
    mkdirSync(path.dirname(configFile), { recursive: true, mode: 0o755 });
    if (isThere) cpSync(configFile, `${configFile}.before-init`);
  });
  replace(configFile, text, 0o644, null);
}

/** null: this node has no user for the reader, which is said when the reader is started. */
function readerGroup({ root }: Paths): number | null {
  return findReaderUser(root, createLogger('init', 'silent'))?.gid ?? null;
}

/** A folder that root writes and the reader's group reads. */
function openToGroup(folder: string, gid: number | null): void {
  attempt(`cannot give ${folder} to the reader's group`, () => {
    if (gid !== null) chownSync(folder, 0, gid);
    chmodSync(folder, 0o750);
  });
}

/** For root and the reader's group alone. */
function writePrivately(file: string, text: string, gid: number | null): void {
  replace(file, text, gid === null ? 0o600 : 0o640, gid);
}

function replace(file: string, text: string, mode: number, gid: number | null): void {
  const fresh = `${file}.new`;
  attempt(`cannot write ${file}`, () => {
    rmSync(fresh, { force: true });
    writeFileSync(fresh, text, { mode: 0o600, flag: 'wx', flush: true });
    if (gid !== null) chownSync(fresh, 0, gid);
    chmodSync(fresh, mode);
    renameSync(fresh, file);
  });
}
