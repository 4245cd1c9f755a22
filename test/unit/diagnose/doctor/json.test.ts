import path from 'node:path';
import { expect, test } from 'vitest';
import { found } from '../../../../src/diagnose/doctor/finding.ts';
import { renderFindings } from '../../../../src/diagnose/doctor/json.ts';
import { printFindings } from '../../../../src/diagnose/doctor/print.ts';

const findings = [
  found('sshd-not-running', 'error', 'sshd does not run', 'start it'),
  found('disk-state-rights', 'security', 'others can read it', 'chmod it', 'state-rights'),
  found('sshd-unasked', 'unknown', 'sshd was not asked', 'use sudo'),
  found('disk-low', 'warning', 'little space', 'free space'),
];

test('doctor --json has the fields of schema 2, and beside them those of schema 1', () => {
  const json = renderFindings(findings, ['it failed']) as { findings: Record<string, unknown>[] };
  expect(json).toMatchObject({
    schema_version: 2,
    version: 1,
    notFixed: ['it failed'],
    unmended: ['it failed'],
  });
  expect(json.findings[1]).toEqual({
    code: 'disk-state-rights',
    level: 'security',
    detail: 'others can read it',
    howToFix: 'chmod it',
    fix: 'state-rights',
    severity: 'open',
    says: 'others can read it',
    mend: 'chmod it',
  });
  expect(json.findings.map(({ severity }) => severity)).toEqual(['broken', 'open', 'unknown', 'warning']);
});

test('the screen of doctor', async () => {
  const golden = path.join(import.meta.dirname, '../golden/doctor.txt');
  await expect(printFindings(findings, false)).toMatchFileSnapshot(golden);
  expect(printFindings([], false)).toMatch(/^No problems found\./);
  expect(printFindings(findings, true)).toContain('\u001b[31mERROR   \u001b[0m sshd-not-running');
});
