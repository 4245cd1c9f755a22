import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Act, readAudit, recordAct } from '../../../../src/agent/report/audit.ts';
import { pathsUnder } from '../../../../src/common/paths.ts';
import { anyText } from '../../../support/records/any-text.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'audit-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const record = (act: Act, subject: string, detail = '') =>
  recordAct(pathsUnder(root), { act, subject, detail }, 'anna', new Date(0));

describe('the audit trail', () => {
  test('returns the acts, each with its operator and time, the oldest first', () => {
    record('block', 'alice', 'revoked');
    record('unblock', 'alice');
    const loginuid = readAudit(pathsUnder(root)).entries[0]?.loginuid;
    expect(loginuid === null || Number.isInteger(loginuid)).toBe(true);
    const entry = { at: '1970-01-01T00:00:00.000Z', operator: 'anna', subject: 'alice', loginuid };
    expect(readAudit(pathsUnder(root))).toEqual({
      entries: [
        { ...entry, act: 'block', detail: 'revoked' },
        { ...entry, act: 'unblock', detail: '' },
      ],
      unreadable: 0,
    });
  });

  test('is empty where the file is missing', () => {
    expect(readAudit(pathsUnder(root))).toEqual({ entries: [], unreadable: 0 });
  });

  test('is readable by root and its group alone, and only grows', () => {
    record('freeze', '', '2h');
    const { audit } = pathsUnder(root);
    expect(statSync(audit).mode & 0o777).toBe(0o640);
    const before = readFileSync(audit, 'utf8');
    chmodSync(audit, 0o600);
    record('thaw', '');
    expect(readFileSync(audit, 'utf8').startsWith(before)).toBe(true);
    expect(statSync(audit).mode & 0o777).toBe(0o600);
  });

  test('loses only the line that a crash cut short', () => {
    record('block', 'alice');
    appendFileSync(pathsUnder(root).audit, '{"at":"2026-01-01T0');
    record('block', 'bob');
    const { entries, unreadable } = readAudit(pathsUnder(root));
    expect(entries.map(({ subject }) => subject)).toEqual(['alice', 'bob']);
    expect(unreadable).toBe(1);
  });

  test('does not follow a symbolic link', () => {
    const elsewhere = path.join(root, 'elsewhere');
    writeFileSync(elsewhere, '');
    record('block', 'alice');
    rmSync(pathsUnder(root).audit);
    symlinkSync(elsewhere, pathsUnder(root).audit);
    expect(() => record('block', 'bob')).toThrow(/cannot write the audit trail/);
    expect(readFileSync(elsewhere, 'utf8')).toBe('');
  });

  test('keeps one line for each act, for any text', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyText, anyText), { maxLength: 5 }), (texts) => {
        rmSync(pathsUnder(root).audit, { force: true });
        for (const [subject, detail] of texts) record('import', subject, detail);
        const { entries, unreadable } = readAudit(pathsUnder(root));
        expect(unreadable).toBe(0);
        expect(entries.map(({ subject, detail }) => [subject, detail])).toEqual(texts);
      }),
      { numRuns: 50 },
    );
  });
});
