// The files of a first run: a draft that only root and the reader can read, and the files of the accepted configuration.
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
import { locateWritable } from '../../agent/overrides/writable-file.ts';
import { acquireFileLock } from '../../agent/reconcile/file-lock.ts';
import { findReaderUser } from '../../agent/reader-client/reader-user.ts';
import type { NodeContext } from '../../agent/node-context.ts';
import { parseConfig } from '../../config/config.ts';
import { createLogger } from '../../common/log.ts';
import type { Paths } from '../../common/paths.ts';
import { AgentError } from '../../common/errors.ts';
import { attempt } from '../../common/system-error.ts';
import type { ChosenAttributes } from './choose-attributes.ts';
import { announceWait, LOCK_PATIENCE_MS } from '../waiting.ts';

const TOKEN = 'scim-token';

const WRITE_THERE = 'write base URL, groups and token (sunk-agent.yaml(5))';

/**
 * Runs `work` in a temporary directory with a draft configuration for the reader, and a copy of the node's ledger if it
 * has one. The directory is removed afterwards.
 * @throws AgentError config_invalid, lock_busy
 */
export async function withDraft<T>(
  paths: Paths,
  baseUrl: string,
  token: string,
  attributes: ChosenAttributes,
  work: (node: NodeContext) => Promise<T>,
): Promise<T> {
  const directory = attempt(`cannot make a directory in ${paths.run}`, () => {
    mkdirSync(paths.run, { recursive: true, mode: 0o755 });
    return mkdtempSync(path.join(paths.run, 'init-'));
  });
  try {
    const log = createLogger('init');
    const tokenFile = path.join(directory, TOKEN);
    const source = { file: path.join('/', path.relative(paths.root, tokenFile)) };
    const text = JSON.stringify({ scim: { base_url: baseUrl, tokens: [source], attributes } });
    const config = readDraft(text, baseUrl);
    const configFile = path.join(directory, 'config.yaml');
    const gid = readerGroup(paths);
    writePrivately(configFile, text, gid);
    writePrivately(tokenFile, `${token}\n`, gid);
    openToGroup(directory, gid);
    const state = path.join(directory, 'state');
    await copyState(paths, state);
    return await work({ config, configFile, log, paths: { ...paths, state } });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What was typed is one line of it: the others are sound. */
function readDraft(text: string, baseUrl: string): NodeContext['config'] {
  try {
    return parseConfig(text, 'draft');
  } catch (error) {
    if (!(error instanceof AgentError) || !error.message.includes('scim.base_url')) throw error;
    throw new AgentError('config_invalid', `${JSON.stringify(baseUrl)} is no SCIM Base URL`, {
      hint: 'take the https:// URL that SCIM Configuration shows in the Cloud Console',
    });
  }
}

/** Copies the state database under the sync lock, which is held no longer than that. */
async function copyState(paths: Paths, to: string): Promise<void> {
  const release = await acquireFileLock(paths.syncLock, announceWait, LOCK_PATIENCE_MS);
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

/** Whether the configuration names a store; the units start on the same condition. */
export function isConfigured(file: string): boolean {
  return /^[^#]*base_url:/m.test(readIfThere(file) ?? '');
}

/** The token that this node already has, or null. */
export function readKeptToken({ credentials }: Paths): string | null {
  return readIfThere(path.join(credentials, TOKEN))?.trim() ?? null;
}

function readIfThere(file: string): string | null {
  return attempt(`cannot read ${file}`, () => (existsSync(file) ? readFileSync(file, 'utf8') : null));
}

/**
 * Writes the token and the configuration; a configuration that was there is kept beside it.
 * @throws AgentError host_write
 */
export function writeAccepted(paths: Paths, configFile: string, text: string, token: string): void {
  // Before the first of them is written.
  attempt(`cannot write ${configFile}`, () => locateWritable(configFile, WRITE_THERE));
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

/** null: this node has no user for the reader, which is reported when the reader starts. */
function readerGroup({ root }: Paths): number | null {
  return findReaderUser(root, createLogger('init', 'silent'))?.gid ?? null;
}

/** A directory that root writes and the reader's group reads. */
function openToGroup(directory: string, gid: number | null): void {
  attempt(`cannot give ${directory} to the reader's group`, () => {
    if (gid !== null) chownSync(directory, 0, gid);
    chmodSync(directory, 0o750);
  });
}

/** Readable by root and the reader's group alone. */
function writePrivately(file: string, text: string, gid: number | null): void {
  replace(file, text, gid === null ? 0o600 : 0o640, gid);
}

function replace(file: string, text: string, mode: number, gid: number | null): void {
  attempt(`cannot write ${file}`, () => {
    const target = locateWritable(file, WRITE_THERE);
    const fresh = `${target}.new`;
    rmSync(fresh, { force: true });
    writeFileSync(fresh, text, { mode: 0o600, flag: 'wx', flush: true });
    if (gid !== null) chownSync(fresh, 0, gid);
    chmodSync(fresh, mode);
    renameSync(fresh, target);
  });
}
