// The sudo of Debian 11, 12 and 13 (1.9.5, 1.9.13, 1.9.16; Ubuntu 22.04 and 24.04 have 1.9.9 and 1.9.15), asked with `sudo -l -U` about generated sudoers(5).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readPrivilegedNames } from '../../src/host/sudo/privileged-names.ts';
import { makeRng } from '../faults/rng.ts';
import { ensureBase, type Suite } from '../support/nodes/base.ts';
import { propertyRuns } from '../support/property-runs.ts';
import { makeSudoers } from '../support/records/made-sudoers.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { findDisagreements, HOSTNAME, judgeBySudo, type JudgedSudoers } from '../support/sudo-oracle.ts';

const SUITES: readonly Suite[] = ['bullseye', 'bookworm', 'trixie'];
const CASES = propertyRuns(40, 1000);
vi.setConfig({ testTimeout: 3_600_000 });

describeOnNodes('sudo', () => {
  let work: string;

  beforeEach(() => {
    work = mkdtempSync(path.join(tmpdir(), 'sudo-versions-'));
  });
  afterEach(() => rmSync(work, { recursive: true }));

  test.each(SUITES)(
    `of %s grants nothing to a name that is not reserved, in ${CASES} generated files`,
    (release) => {
      const rng = makeRng(Number(process.env['SEED'] ?? 18));
      const made = Array.from({ length: CASES }, () => makeSudoers(rng));
      const cases = judgeBySudo(work, made, ensureBase(release));
      const compare = (some: readonly JudgedSudoers[]): string[] =>
        findDisagreements((root) => readPrivilegedNames(root, HOSTNAME), some);
      expect(compare(cases).filter((said) => said.includes('is root and is not reserved'))).toEqual([]);
      // After a bad entry or a missing include each version skips another part of the file; what one of them grants is reserved.
      const isLikeHere = release === 'bookworm';
      expect(compare(cases.filter(({ hasProblem }) => isLikeHere || !hasProblem)).slice(0, 3)).toEqual([]);
      expect(
        cases.flatMap(({ granted }) => [...granted.values()]).filter((numbers) => numbers.length > 0).length,
      ).toBeGreaterThan(CASES);
    },
  );
});
