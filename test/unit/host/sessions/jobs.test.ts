// Cron and at jobs and lingering of those who leave, on real files of other owners (as root) or of our own.
import {
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findJobOwners } from '../../../../src/host/sessions/find-jobs.ts';
import { disableJobs, noteHook, readOffboarded, restoreJobs } from '../../../../src/host/sessions/jobs.ts';

const isRoot = process.geteuid?.() === 0;
/** Without root every file is ours, and so must the person be. */
const UID = isRoot ? 10_000 : (process.geteuid?.() ?? 0);
const ALICE = { name: 'alice', uid: UID };
const NOW = Date.parse('2026-11-25T12:00:00Z');
const MINUTES = Math.floor(NOW / 60_000);

let root: string;
let aside: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'jobs-'));
  aside = path.join(root, 'var/lib/sunk-agent/offboarded');
  for (const directory of ['var/spool/cron/crontabs', 'var/spool/cron/atjobs', 'var/lib/systemd/linger'])
    mkdirSync(path.join(root, directory), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const atJob = (minutes: number, number = 1): string =>
  `a${number.toString(16).padStart(5, '0')}${minutes.toString(16).padStart(8, '0')}`;
const at = (file: string): string => path.join(root, file);

function plant(file: string, text: string, mode = 0o600, uid = UID): void {
  writeFileSync(at(file), text, { mode });
  if (isRoot) lchownSync(at(file), uid, 7);
  utimesSync(at(file), 1_700_000_000, 1_700_000_000);
}

const CRONTAB = 'var/spool/cron/crontabs/alice';
const SOON = `var/spool/cron/atjobs/${atJob(MINUTES + 60)}`;
const LONG_AGO = `var/spool/cron/atjobs/${atJob(MINUTES - 60, 2)}`;
const LINGER = 'var/lib/systemd/linger/alice';

function plantAll(): void {
  plant(CRONTAB, '* * * * * true\n');
  plant(SOON, '#!/bin/sh\n# later\n', 0o700);
  plant(LONG_AGO, '#!/bin/sh\n# before\n', 0o700);
  plant(LINGER, '', 0o644, isRoot ? 0 : UID);
}

describe('jobs of somebody who leaves', () => {
  test('are found by name and by owner, and only theirs', () => {
    plantAll();
    if (isRoot) plant(`var/spool/cron/atjobs/${atJob(MINUTES, 9)}`, '', 0o700, 0);
    plant('var/spool/cron/crontabs/root', '');
    const others = [ALICE, { name: 'bob', uid: UID + 1 }];
    expect(findJobOwners(root, others)).toEqual(new Set([UID]));
    expect(findJobOwners(root, [{ name: 'bob', uid: UID + 1 }])).toEqual(new Set());
  });

  test('are put aside whole, with owner, mode and time, and come back as they were', () => {
    plantAll();
    const describeFile = (file: string): unknown => {
      const { uid, gid, mode, mtimeMs } = lstatSync(at(file));
      return { uid, gid, mode, mtimeMs, text: readFileSync(at(file), 'utf8') };
    };
    const before = [CRONTAB, SOON, LINGER].map(describeFile);
    disableJobs(root, aside, ALICE, false);
    expect(findJobOwners(root, [ALICE])).toEqual(new Set());
    for (const file of [CRONTAB, SOON, LONG_AGO, LINGER]) expect(existsSync(at(file))).toBe(false);
    expect(lstatSync(path.join(aside, String(UID))).mode & 0o077).toBe(0);

    restoreJobs(root, aside, ALICE, NOW);
    expect([CRONTAB, SOON, LINGER].map(describeFile)).toEqual(before);
    expect(readOffboarded(aside)).toEqual(new Map());
  });

  test('do not run in a rush on return: what is overdue stays where it was put', () => {
    plantAll();
    disableJobs(root, aside, ALICE, false);
    restoreJobs(root, aside, ALICE, NOW);
    expect(existsSync(at(LONG_AGO))).toBe(false);
    const [kept = ''] = readdirSync(aside);
    expect(kept).toBe(`${UID}.kept-${NOW}`);
    expect(readdirSync(path.join(aside, kept))).toEqual([LONG_AGO.replaceAll('/', '%')]);
  });

  test('come back under a new name, and never over something newer', () => {
    plantAll();
    disableJobs(root, aside, ALICE, false);
    plant('var/lib/systemd/linger/alison', 'newer');
    restoreJobs(root, aside, { name: 'alison', uid: UID }, NOW);
    expect(readFileSync(at('var/spool/cron/crontabs/alison'), 'utf8')).toBe('* * * * * true\n');
    expect(readFileSync(at('var/lib/systemd/linger/alison'), 'utf8')).toBe('newer');
  });

  test('are put aside again when more of them turn up, and none replaces another', () => {
    plant(CRONTAB, 'first\n');
    disableJobs(root, aside, ALICE, false);
    plant(CRONTAB, 'the second, longer\n');
    disableJobs(root, aside, ALICE, false);
    const own = path.join(aside, String(UID));
    const texts = readdirSync(own).map((name) => readFileSync(path.join(own, name), 'utf8'));
    expect(texts.sort()).toEqual(['first\n', 'the second, longer\n']);
  });

  test('are one copy when a kill came between copy and removal', () => {
    plant(CRONTAB, 'text\n');
    disableJobs(root, aside, ALICE, true);
    plant(CRONTAB, 'text\n');
    disableJobs(root, aside, ALICE, true);
    expect(readdirSync(path.join(aside, String(UID))).sort()).toEqual([
      'needs-hook',
      CRONTAB.replaceAll('/', '%'),
    ]);
  });

  test('that are links lead nowhere: they are neither followed nor copied nor removed', () => {
    writeFileSync(at('secret'), 'secret');
    symlinkSync(at('secret'), at(CRONTAB));
    linkSync(at('secret'), at(SOON));
    if (isRoot) lchownSync(at('secret'), UID, 7);
    expect(findJobOwners(root, [ALICE])).toEqual(new Set());
    disableJobs(root, aside, ALICE, false);
    expect(readdirSync(path.join(aside, String(UID)))).toEqual([]);
    expect(readFileSync(at('secret'), 'utf8')).toBe('secret');
  });

  test('leave a note that the hook has to run, which stays until it has', () => {
    disableJobs(root, aside, ALICE, true);
    expect(readOffboarded(aside)).toEqual(new Map([[UID, { needsHook: true }]]));
    disableJobs(root, aside, ALICE, true);
    noteHook(aside, UID);
    disableJobs(root, aside, ALICE, true);
    expect(readOffboarded(aside)).toEqual(new Map([[UID, { needsHook: false }]]));
  });
});
