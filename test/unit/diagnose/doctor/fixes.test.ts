import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { NodeContext } from '../../../../src/agent/node-context.ts';
import { readAudit } from '../../../../src/agent/report/audit.ts';
import { createLogger } from '../../../../src/common/log.ts';
import { pathsUnder } from '../../../../src/common/paths.ts';
import type { FixName } from '../../../../src/diagnose/doctor/finding.ts';
import { found } from '../../../../src/diagnose/doctor/finding.ts';
import { applyFixes } from '../../../../src/diagnose/doctor/fixes.ts';
import { helperUnder } from '../../../../src/host/sshd/sshd-drop-in.ts';
import { config } from '../../../support/records/healthy.ts';

let context: NodeContext;
let said: string[];

beforeEach(() => {
  const root = mkdtempSync(path.join(tmpdir(), 'fixes-'));
  const paths = pathsUnder(root);
  for (const directory of [paths.state, paths.keys, paths.credentials, path.dirname(helperUnder(root))])
    mkdirSync(directory, { recursive: true });
  context = { config, configFile: paths.config, paths, log: createLogger('agent', 'silent') };
  said = [];
  return () => rmSync(root, { recursive: true });
});

const fix = (...names: (FixName | null)[]) =>
  applyFixes(
    names.map((name) => found('a-code', 'security', 'a fault', 'a fix', name)),
    context,
    (line) => void said.push(line),
  );
const modeOf = (file: string): number => statSync(file).mode & 0o7777;
const audited = (): string[] => readAudit(context.paths).entries.map(({ subject }) => subject);

/** The file of the one configured token. */
function layToken(mode: number): string {
  const file = path.join(context.paths.credentials, 'scim-token');
  writeFileSync(file, 'secret');
  chmodSync(file, mode);
  context = withTokens({ credential: 'scim-token' });
  return file;
}

function withTokens(...tokens: object[]): NodeContext {
  return { ...context, config: { ...config, scim: { ...config.scim, tokens } } as typeof config };
}

describe('a fix', () => {
  test('is announced, put on the audit trail, and applied once, though two findings ask for it', async () => {
    chmodSync(context.paths.state, 0o777);
    expect(await fix('state-rights', null, 'state-rights')).toEqual([]);
    expect(modeOf(context.paths.state)).toBe(0o700);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(context.paths.state);
    expect(readAudit(context.paths).entries).toMatchObject([{ act: 'doctor-fix', subject: 'state-rights' }]);
  });

  test('is none for findings that only an operator can correct', async () => {
    expect(await fix(null, null)).toEqual([]);
    expect(said).toEqual([]);
    expect(existsSync(context.paths.audit)).toBe(false);
  });

  test('of the key directory lets sshd read it and root alone write it', async () => {
    chmodSync(context.paths.keys, 0o777);
    expect(await fix('key-folder-rights')).toEqual([]);
    expect(modeOf(context.paths.keys)).toBe(0o755);
  });

  test('of the helper reaches its directory as well', async () => {
    const helper = helperUnder(context.paths.root);
    writeFileSync(helper, '#!/bin/sh\n');
    chmodSync(helper, 0o777);
    chmodSync(path.dirname(helper), 0o777);
    expect(await fix('helper-rights')).toEqual([]);
    expect([modeOf(helper), modeOf(path.dirname(helper))]).toEqual([0o755, 0o755]);
  });

  test('of a token gives it to the group of the credentials directory, and to no one else', async () => {
    const file = layToken(0o666);
    expect(await fix('token-rights')).toEqual([]);
    expect(modeOf(file)).toBe(0o640);
    expect(statSync(file).gid).toBe(statSync(context.paths.credentials).gid);
    expect(said[0]).toContain(file);
    expect(said[0]).not.toContain('secret');
  });

  test('of tokens leaves out those that do not exist', async () => {
    context = withTokens({ credential: 'missing' });
    expect(await fix('token-rights')).toEqual([]);
    expect(existsSync(path.join(context.paths.credentials, 'missing'))).toBe(false);
  });

  test('creates nothing that is missing', async () => {
    rmSync(context.paths.keys, { recursive: true });
    expect(await fix('key-folder-rights')).toEqual([]);
    expect(existsSync(context.paths.keys)).toBe(false);
  });
});

describe('a symbolic link', () => {
  test.each<[FixName, (context: NodeContext) => string]>([
    ['state-rights', ({ paths }) => paths.state],
    ['key-folder-rights', ({ paths }) => paths.keys],
    ['helper-rights', ({ paths }) => path.dirname(helperUnder(paths.root))],
  ])('%s is not followed: what it leads to keeps its mode', async (name, locate) => {
    const target = path.join(context.paths.root, 'target');
    mkdirSync(target);
    chmodSync(target, 0o711);
    const link = locate(context);
    rmSync(link, { recursive: true });
    symlinkSync(target, link);
    await fix(name);
    expect(modeOf(target)).toBe(0o711);
    expect(readlinkSync(link)).toBe(target);
  });

  test('in place of a token is not followed either', async () => {
    const target = path.join(context.paths.root, 'shadow');
    writeFileSync(target, '');
    chmodSync(target, 0o600);
    symlinkSync(target, path.join(context.paths.credentials, 'scim-token'));
    context = withTokens({ credential: 'scim-token' });
    await fix('token-rights');
    expect(modeOf(target)).toBe(0o600);
  });
});

describe('a fix that fails', () => {
  /** A path below a link that leads to itself: lstat(2) fails with ELOOP. */
  const loop = (name: string): string => {
    const link = path.join(context.paths.root, name);
    symlinkSync(link, link);
    return path.join(link, 'below');
  };

  test('is reported with its path, put on the audit trail, and delays no other', async () => {
    const state = loop('loop');
    context = { ...context, paths: { ...context.paths, state } };
    chmodSync(context.paths.keys, 0o777);
    const failures = await fix('state-rights', 'key-folder-rights');
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain('state-rights');
    expect(failures[0]).toContain(state);
    expect(said).toContain(failures[0]);
    expect(modeOf(context.paths.keys)).toBe(0o755);
    expect(audited()).toEqual(['state-rights', 'state-rights', 'key-folder-rights']);
    expect(readAudit(context.paths).entries[1]?.detail).toBe(failures[0]);
  });

  test('of one token delays no other token', async () => {
    const file = layToken(0o666);
    // Mode and owner of a process's status cannot be changed, by root neither (proc(5)).
    const status = path.relative(context.paths.root, '/proc/self/status');
    context = withTokens({ file: status }, { credential: 'scim-token' });
    const failures = await fix('token-rights');
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain('/proc/self/status');
    expect(modeOf(file)).toBe(0o640);
  });

  test('is applied without the audit trail, and that is reported', async () => {
    context = { ...context, paths: { ...context.paths, audit: path.join(loop('loop'), 'audit') } };
    chmodSync(context.paths.state, 0o777);
    const failures = await fix('state-rights');
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain('audit trail');
    expect(modeOf(context.paths.state)).toBe(0o700);
  });
});
