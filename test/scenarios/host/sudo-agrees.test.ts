// Generated sudoers(5), judged by the real `sudo -l -U` in a mount namespace: a name is reserved if, and only if, sudo grants it anything.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPrivilegedNames } from '../../../src/host/sudo/privileged-names.ts';
import { makeRng } from '../../faults/rng.ts';
import { propertyRuns } from '../../support/property-runs.ts';
import { makeSudoers } from '../../support/records/made-sudoers.ts';
import { hasRoot } from '../../support/requirements.ts';
import {
  findDisagreements,
  HOSTNAME,
  judgeBySudo,
  type JudgedSudoers,
  type ReadSudoers,
} from '../../support/sudo-oracle.ts';

const CASES = propertyRuns(50, 5000);
const isRoot = hasRoot(import.meta.filename);

const read: ReadSudoers = (root) => readPrivilegedNames(root, HOSTNAME);

describe.runIf(isRoot)('sudo', () => {
  let work: string;
  let cases: JudgedSudoers[];

  beforeAll(() => {
    work = mkdtempSync(path.join(tmpdir(), 'sudo-agrees-'));
    const rng = makeRng(Number(process.env['SEED'] ?? 18));
    cases = judgeBySudo(
      work,
      Array.from({ length: CASES }, () => makeSudoers(rng)),
    );
  }, 7_200_000);
  afterAll(() => rmSync(work, { recursive: true }), 600_000);

  /** As if the files had other texts. */
  const reading =
    (change: (text: string) => string): ReadSudoers =>
    (root) => {
      const copy = mkdtempSync(path.join(tmpdir(), 'sudo-mutant-'));
      try {
        cpSync(root, copy, { recursive: true });
        for (const { files, directory } of cases)
          if (directory === root)
            for (const { name, text } of files) writeFileSync(path.join(copy, name), change(text), 'latin1');
        return read(copy);
      } finally {
        rmSync(copy, { recursive: true });
      }
    };

  test(`grants nothing to a name that is not reserved, and something to each that is, in ${CASES} generated files`, () => {
    expect(findDisagreements(read, cases).slice(0, 3)).toEqual([]);
    // The generator reaches what it is there for.
    const all = cases.flatMap(({ granted }) => [...granted.values()]);
    expect(all.filter((numbers) => numbers.length > 0).length).toBeGreaterThan(all.length / 10);
    expect(all.filter((numbers) => numbers.length === 0).length).toBeGreaterThan(all.length / 10);
    expect(cases.filter(({ bad }) => bad.size > 0).length).toBeGreaterThan(CASES / 20);
  });

  test.each<[string, (text: string) => string]>([
    ['compares with case', (text) => `${text}\nDefaults !case_insensitive_user, !case_insensitive_group\n`],
    ['continues comments', (text) => text.replace(/\\\n/g, ' ')],
    ['continues no line', (text) => text.replace(/\\[ \t]*\n/g, '\n')],
    ['takes ids for comments', (text) => text.replace(/^#\d/gm, '# ')],
    ['knows no alias', (text) => text.replace(/^[ \t]*User_Alias.*$/gm, '')],
    ['follows no include with a comment', (text) => text.replace(/^@include\w* .*#.*$/gm, '')],
    ['follows no include', (text) => text.replace(/^[@#]include.*$/gm, '')],
    ['knows no negation', (text) => text.replaceAll('!', '')],
    ['knows no host', (text) => text.replace(/\blogin\d/g, 'ALL')],
    ['knows no quotes', (text) => text.replaceAll('"', '')],
    ['stops at a bad entry', (text) => text.replace(/^(?:bob carl|= ALL|dave =|"open)[^]*/m, '')],
    ['takes every word', (text) => text.replace(/[:=(),/]|ALL/g, ' ').replace(/^(.*)$/gm, '$1 ALL=/c/1')],
  ])('and a parser is found out that %s', (_, change) => {
    expect(findDisagreements(reading(change), cases.slice(0, 100))).not.toEqual([]);
  });
});
