// `sunk-agent forget`: no byte below the root names the person afterwards, but for the ledger, and the uid is never given away.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { syncFromState } from '../../../src/agent/operator/sync-now.ts';
import { readAudit } from '../../../src/agent/report/audit.ts';
import * as listing from '../../../src/cli/inspect/list.ts';
import * as blocking from '../../../src/cli/operate/block.ts';
import * as forgetting from '../../../src/cli/operate/forget.ts';
import * as granting from '../../../src/cli/operate/grant.ts';
import * as unblocking from '../../../src/cli/operate/unblock.ts';
import { pathsUnder } from '../../../src/common/paths.ts';
import { viewState } from '../../../src/state/state.ts';
import { layRoot, ROOT_ACCOUNTS } from '../../support/nodes/root-directory.ts';
import { makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';
import { makeGroup, makeUser } from '../../support/records/organisation.ts';
import { rememberRecords } from '../../support/records/remember.ts';
import { runCommand } from '../../support/run-command.ts';

const KEY = `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(seedRandom(9))).toString('base64')}`;
const zelda = makeUser('zelda', 10_100, { displayName: 'Zelda Quux', keys: [KEY] });
const bob = makeUser('bob', 10_200);

let root: string;

beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'forget-'));
  layRoot(root, {
    files: ROOT_ACCOUNTS,
    config: `scim: { base_url: "https://store.example" }
access: { groups: [{ name: slurm-users }] }
accounts: { domains: [example.com], homes: never, ids: derived, id_range: [10100, 10101] }
`,
    token: null,
    directories: ['etc/sudoers.d'],
  });
  remember(zelda, bob);
  await sync();
});
afterEach(() => rmSync(root, { recursive: true }));

const remember = (...users: (typeof zelda)[]): void =>
  rememberRecords(root, users, [
    makeGroup(
      'users',
      31_000,
      users.map(({ record }) => record.id),
      { name: 'slurm-users' },
    ),
  ]);
const sync = () => syncFromState(openNodeContext({ root, config: undefined }), () => {});
const forget = (...args: string[]) => runCommand(forgetting, root, args);

/** Files below the root in whose bytes one of these words stands. */
function findFiles(...words: string[]): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => words.some((word) => readFileSync(file).includes(word)))
    .map((file) => path.relative(root, file));
}

describe('sunk-agent forget', () => {
  test('refuses a person who is still in the store, enabled, blocked or not known', async () => {
    await expect(forget('zelda')).rejects.toMatchObject({ code: 'refused' });
    remember(bob);
    await expect(forget('zelda')).rejects.toMatchObject({ code: 'refused' });
    await sync();
    await runCommand(blocking, root, ['zelda']);
    await expect(forget('zelda')).rejects.toMatchObject({ code: 'refused' });
    await expect(forget('nemo')).rejects.toMatchObject({ code: 'refused' });
    await expect(forget()).rejects.toMatchObject({ code: 'usage' });
    expect(findFiles('Zelda Quux')).not.toEqual([]);
  });

  test('leaves no byte of the person but the row of the ledger, and no line of the account', async () => {
    await runCommand(granting, root, ['zelda', '--group', 'slurm-users', '--for', '1h', '--reason', 'zelda']);
    await runCommand(blocking, root, ['zelda']);
    await runCommand(unblocking, root, ['zelda']);
    writeFileSync(path.join(pathsUnder(root).state, 'mirror.sqlite.damaged-7'), 'Zelda Quux');
    remember(bob);
    await sync();
    const before = readFileSync(pathsUnder(root).audit).length;
    const { status, stdout } = await forget('zelda@example.com');
    expect([status, stdout]).toEqual([0, expect.stringContaining('keeps the name zelda and the uid')]);
    const key = KEY.slice(20, 60);
    expect(findFiles('Zelda Quux', 'zelda@example.com', key, 'zelda in')).toEqual([]);
    // The ledger's row has name, SCIM id and home.
    expect(findFiles('zelda')).toEqual(['var/lib/sunk-agent/cache/mirror.sqlite']);
    const view = viewState(pathsUnder(root).state);
    expect(view.bindings().filter(({ kind }) => kind === 'account')).toHaveLength(2);
    expect(view.history({ limit: 1000 }).filter(({ scimId }) => scimId === 'u-zelda')).toEqual([]);
    expect(view.users().map(({ record }) => record.id)).toEqual(['u-bob']);
    view.close();
    const { entries, unreadable } = readAudit(pathsUnder(root));
    expect([entries.map(({ act }) => act), unreadable]).toEqual([['grant', 'block', 'unblock', 'forget'], 0]);
    expect(entries.slice(0, 3).map(({ subject, detail }) => subject + detail)).toEqual(['', '', '']);
    // Events are read on by bytes.
    expect(readFileSync(pathsUnder(root).audit).length).toBeGreaterThan(before);
    expect((await runCommand(listing, root, ['--at', '0s'])).stdout).not.toContain('zelda@');
  });

  test('gives the uid and the name to no one afterwards', async () => {
    const uidOf = (name: string): string | undefined =>
      new RegExp(`^${name}:x:(\\d+):`, 'm').exec(readFileSync(path.join(root, 'etc/passwd'), 'utf8'))?.[1];
    const uid = uidOf('zelda');
    remember(bob);
    await sync();
    await forget('zelda');
    expect(uidOf('zelda')).toBeUndefined();
    // The range has no other uid, and the name is asked for again.
    const other = makeUser('zelda', null, { id: 'another', userName: 'zelda@example.com' });
    remember(bob, other, makeUser('carol', null));
    const report = await sync();
    expect([uidOf('zelda'), uidOf('carol')]).toEqual([undefined, undefined]);
    expect(report.refusals.map(({ code }) => code)).toContain('name-bound');
    expect(readFileSync(path.join(root, 'etc/passwd'), 'utf8')).not.toContain(`:${uid}:`);
    expect((await sync()).problems).toEqual([]);
  });
});
