// Cron and at jobs and lingering of users who leave, on real files of other owners (as root) or of the present user.
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
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findJobOwners } from '../../../../src/host/sessions/find-jobs.ts';
import { disableJobs as disable } from '../../../../src/host/sessions/disable-jobs.ts';
import { noteHook, readOffboarded } from '../../../../src/host/sessions/offboarded.ts';
import { hasRoot } from '../../../support/requirements.ts';
import { restoreJobs } from '../../../../src/host/sessions/restore-jobs.ts';

const isRoot = hasRoot(import.meta.filename);
/** Without root every file belongs to the present user, who must then be the person. */
const UID = isRoot ? 10_000 : (process.geteuid?.() ?? 0);
const ALICE = { name: 'alice', uid: UID, home: '/home/alice' };
const NOW = Date.parse('2026-11-25T12:00:00Z');
const MINUTES = Math.floor(NOW / 60_000);

let root: string;
let saved: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'jobs-'));
  saved = path.join(root, 'var/lib/sunk-agent/offboarded');
  for (const directory of ['var/spool/cron/crontabs', 'var/spool/cron/atjobs', 'var/lib/systemd/linger'])
    mkdirSync(path.join(root, directory), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

async function disableJobs(
  ...[, , person, needsHook]: [string, string, typeof ALICE, boolean]
): Promise<void> {
  expect(await disable(root, saved, [{ ...person, needsHook }])).toEqual(new Map());
}

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

describe('jobs of a user who leaves', () => {
  test('are found by name and by owner, and only theirs', () => {
    plantAll();
    if (isRoot) plant(`var/spool/cron/atjobs/${atJob(MINUTES, 9)}`, '', 0o700, 0);
    plant('var/spool/cron/crontabs/root', '');
    const others = [ALICE, { name: 'bob', uid: UID + 1 }];
    expect(findJobOwners(root, others)).toEqual(new Set([UID]));
    expect(findJobOwners(root, [{ name: 'bob', uid: UID + 1 }])).toEqual(new Set());
  });

  test('are set aside whole, with owner, mode and time, and are restored as they were', async () => {
    plantAll();
    const describeFile = (file: string): unknown => {
      const { uid, gid, mode, mtimeMs } = lstatSync(at(file));
      return { uid, gid, mode, mtimeMs, text: readFileSync(at(file), 'utf8') };
    };
    const before = [CRONTAB, SOON, LINGER].map(describeFile);
    await disableJobs(root, saved, ALICE, false);
    expect(findJobOwners(root, [ALICE])).toEqual(new Set());
    for (const file of [CRONTAB, SOON, LONG_AGO, LINGER]) expect(existsSync(at(file))).toBe(false);
    expect(lstatSync(path.join(saved, String(UID))).mode & 0o077).toBe(0);

    await restoreJobs(root, saved, ALICE, NOW);
    expect([CRONTAB, SOON, LINGER].map(describeFile)).toEqual(before);
    expect(readOffboarded(saved)).toEqual(new Map());
  });

  test.runIf(isRoot)('of root that sudo made are theirs, and do not come back by themselves', async () => {
    const head = (uid: number): string =>
      `#!/bin/sh\n# atrun uid=0 gid=0\nSUDO_UID=${uid}; export SUDO_UID\n`;
    const [hers, others, quoted] = [2, 3, 4].map(
      (number) => `var/spool/cron/atjobs/${atJob(MINUTES + 60, number)}`,
    );
    plant(hers ?? '', head(UID), 0o700, 0);
    plant(others ?? '', head(UID + 1), 0o700, 0);
    // The value that another variable may have, at(1) writes in quotes.
    plant(quoted ?? '', `X="\nSUDO_UID=${UID}"; export X\n`, 0o700, 0);
    await disableJobs(root, saved, ALICE, false);
    expect(readdirSync(at('var/spool/cron/atjobs'))).toEqual(
      [others, quoted].map((file) => path.basename(file ?? '')),
    );
    await restoreJobs(root, saved, ALICE, NOW);
    expect(existsSync(at(hers ?? ''))).toBe(false);
    expect(readdirSync(saved)).toEqual([`${UID}.kept-${NOW}`]);
  });

  test('do not all run after the return: an overdue job stays where it was moved', async () => {
    plantAll();
    await disableJobs(root, saved, ALICE, false);
    await restoreJobs(root, saved, ALICE, NOW);
    expect(existsSync(at(LONG_AGO))).toBe(false);
    const [kept = ''] = readdirSync(saved);
    expect(kept).toBe(`${UID}.kept-${NOW}`);
    expect(readdirSync(path.join(saved, kept))).toEqual([LONG_AGO.replaceAll('/', '%')]);
  });

  test('are restored under a new name, and never over something newer', async () => {
    plantAll();
    await disableJobs(root, saved, ALICE, false);
    plant('var/lib/systemd/linger/alison', 'newer');
    await restoreJobs(root, saved, { ...ALICE, name: 'alison' }, NOW);
    expect(readFileSync(at('var/spool/cron/crontabs/alison'), 'utf8')).toBe('* * * * * true\n');
    expect(readFileSync(at('var/lib/systemd/linger/alison'), 'utf8')).toBe('newer');
  });

  test('are set aside again when more of them appear, and none replaces another', async () => {
    plant(CRONTAB, 'first\n');
    await disableJobs(root, saved, ALICE, false);
    plant(CRONTAB, 'the second, longer\n');
    await disableJobs(root, saved, ALICE, false);
    const own = path.join(saved, String(UID));
    const texts = readdirSync(own).map((name) => readFileSync(path.join(own, name), 'utf8'));
    expect(texts.sort()).toEqual(['first\n', 'the second, longer\n']);
  });

  test('are one copy when a kill came between copy and removal', async () => {
    plant(CRONTAB, 'text\n');
    await disableJobs(root, saved, ALICE, true);
    plant(CRONTAB, 'text\n');
    await disableJobs(root, saved, ALICE, true);
    expect(readdirSync(path.join(saved, String(UID))).sort()).toEqual([
      'needs-hook',
      CRONTAB.replaceAll('/', '%'),
    ]);
  });

  test('that are links are neither followed nor copied nor removed', async () => {
    writeFileSync(at('secret'), 'secret');
    symlinkSync(at('secret'), at(CRONTAB));
    linkSync(at('secret'), at(SOON));
    if (isRoot) lchownSync(at('secret'), UID, 7);
    expect(findJobOwners(root, [ALICE])).toEqual(new Set());
    await disableJobs(root, saved, ALICE, false);
    expect(readdirSync(path.join(saved, String(UID)))).toEqual([]);
    expect(readFileSync(at('secret'), 'utf8')).toBe('secret');
  });

  test('leave a note that the hook has to run, until it has run', async () => {
    await disableJobs(root, saved, ALICE, true);
    expect(readOffboarded(saved)).toEqual(new Map([[UID, { needsHook: true }]]));
    await disableJobs(root, saved, ALICE, true);
    noteHook(saved, UID);
    await disableJobs(root, saved, ALICE, true);
    expect(readOffboarded(saved)).toEqual(new Map([[UID, { needsHook: false }]]));
  });

  test('are bounded in number and bytes: what is more or larger is removed, and named to its user', async () => {
    mkdirSync(at('home/alice'), { recursive: true });
    if (isRoot) lchownSync(at('home/alice'), UID, 100);
    for (let n = 0; n < 300; n += 1) plant(`var/spool/cron/atjobs/${atJob(MINUTES + 60 + n, n)}`, 'x', 0o700);
    plant(CRONTAB, '');
    truncateSync(at(CRONTAB), 2 * 1024 ** 3);
    const begun = performance.now();
    await disableJobs(root, saved, ALICE, false);
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(findJobOwners(root, [ALICE])).toEqual(new Set());
    const own = path.join(saved, String(UID));
    expect(readdirSync(own)).toHaveLength(101);
    await restoreJobs(root, saved, ALICE, NOW);
    expect(readdirSync(at('var/spool/cron/atjobs'))).toHaveLength(100);
    expect(existsSync(at(SOON.replace('00001', '00000')))).toBe(true);
    const [note = ''] = readdirSync(at('home/alice'));
    const text = readFileSync(at(`home/alice/${note}`), 'utf8');
    expect(text).toContain(`  ${CRONTAB}: not kept, too many or too large\n`);
    expect(text).toContain('  and 101 more: not kept');
    if (isRoot) expect(lstatSync(at(`home/alice/${note}`))).toMatchObject({ uid: UID, gid: 100 });
  });

  test('that are overdue at the return are named to their user, in a home of their own and nowhere else', async () => {
    plantAll();
    await disableJobs(root, saved, ALICE, false);
    mkdirSync(at('elsewhere'));
    mkdirSync(at('home'));
    symlinkSync(at('elsewhere'), at('home/alice'));
    await restoreJobs(root, saved, ALICE, NOW);
    expect(readdirSync(at('elsewhere'))).toEqual([]);

    rmSync(at('home/alice'));
    mkdirSync(at('home/alice'));
    if (isRoot) lchownSync(at('home/alice'), UID, 100);
    plant(LONG_AGO, 'again', 0o700);
    await disableJobs(root, saved, ALICE, false);
    await restoreJobs(root, saved, ALICE, NOW + 1000);
    const [note = ''] = readdirSync(at('home/alice'));
    expect(note).toBe('sunk-agent-jobs-2026-11-25T12-00-01.txt');
    expect(readFileSync(at(`home/alice/${note}`), 'utf8')).toMatch(
      /atjobs\/a00002\w+: it was due at 2026-11-25T11:00Z and did not run; kept\n.* in .*\.kept-/s,
    );
  });

  test('that cannot be copied are stopped where they are, and delay no one else', async () => {
    plantAll();
    const bob = { name: 'bob', uid: UID + 1, home: '/home/bob' };
    plant('var/spool/cron/crontabs/bob', 'text');
    mkdirSync(path.join(saved, String(UID), `.copy.sunk-agent-new`, 'in the way'), { recursive: true });
    const people = [ALICE, bob].map((person) => ({ ...person, needsHook: false }));
    expect([...(await disable(root, saved, people)).keys()]).toEqual([UID]);
    expect(existsSync(at('var/spool/cron/crontabs/bob'))).toBe(false);
    for (const file of [CRONTAB, SOON]) expect(lstatSync(at(file)).mode & 0o777).toBe(0);
  });

  // Without root a file of mode 0 cannot be read.
  test.runIf(isRoot)(
    'that could not be copied are copied by the next attempt, with the rights that they had',
    async () => {
      plantAll();
      mkdirSync(path.join(saved, String(UID), `.copy.sunk-agent-new`, 'in the way'), { recursive: true });
      await disable(root, saved, [{ ...ALICE, needsHook: false }]);
      rmSync(path.join(saved, String(UID)), { recursive: true });
      await disableJobs(root, saved, ALICE, false);
      expect(readdirSync(path.join(saved, String(UID))).filter((name) => name.startsWith('.'))).toEqual([]);
      await restoreJobs(root, saved, ALICE, NOW);
      expect([CRONTAB, SOON, LINGER].map((file) => lstatSync(at(file)).mode & 0o777)).toEqual([
        0o600, 0o700, 0o644,
      ]);
    },
  );
});
