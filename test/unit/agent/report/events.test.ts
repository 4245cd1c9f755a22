// Audit events: their documented shape, what they are made of, and that none is lost or written twice.
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ACTS, recordAct } from '../../../../src/agent/report/audit.ts';
import { auditEvent, type AuditEvent } from '../../../../src/agent/report/events/audit-event.ts';
import { describeAct, describeChange } from '../../../../src/agent/report/events/make-events.ts';
import { writeEvents } from '../../../../src/agent/report/events/write-events.ts';
import { createLogger } from '../../../../src/common/log.ts';
import { pathsUnder } from '../../../../src/common/paths.ts';
import { CHANGE_ORDER } from '../../../../src/plan/change.ts';
import { openStateDatabase, type StateDatabase } from '../../../../src/state/state.ts';
import { makeConfig, NOW } from '../../../support/records/organisation.ts';

const PRINT = `SHA256:${'x'.repeat(43)}`;
const row = {
  sync: 7,
  at: NOW,
  scimId: 'u-alice',
  kind: 'member-add:sudo',
  name: 'slurm-admins',
  because: 'the store lists this member',
  problem: null,
  detail: { member: 'alice' },
};

describe('an audit event', () => {
  test('names the person, the group, the store with its snapshot, and the sync', () => {
    expect(describeChange(row, 'https://store.example', 'abcd')).toEqual({
      schema_version: 1,
      event: 'change',
      code: 'member-add',
      at: new Date(NOW * 1000).toISOString(),
      sync: 7,
      subject: { name: 'alice', scimId: 'u-alice', group: 'slurm-admins', account: null },
      actor: { kind: 'store', name: 'https://store.example', snapshot: 'abcd', loginuid: null },
      reason: 'the store lists this member',
      keys: null,
    });
  });

  test('is of what was done alone', () => {
    expect(describeChange({ ...row, problem: 'the disk is full' }, '', null)).toBeNull();
  });

  test('has the documented shape, for every kind and any text', () => {
    const text = fc.string({ unit: 'binary', maxLength: 6000 });
    const rows = fc.record({
      sync: fc.integer({ min: 1 }),
      at: fc.integer({ min: 0, max: 4e9 }),
      scimId: fc.option(text),
      kind: fc.constantFrom(...CHANGE_ORDER).chain((kind) => fc.constantFrom(kind, `${kind}:unweighed`)),
      name: text,
      because: text,
      problem: fc.constant(null),
      detail: fc.option(
        fc.constantFrom(
          { member: 'bob' },
          { gained: [PRINT], lost: [], until: 9 },
          { sudo: [1] },
          { via: ['g'] },
        ),
      ),
    });
    const acts = fc.record({
      at: fc.constant('2026-11-30T00:00:00+01:00'),
      operator: text,
      act: fc.constantFrom(...ACTS),
      subject: text,
      detail: text,
      loginuid: fc.option(fc.integer({ min: 0 })),
    });
    fc.assert(
      fc.property(rows, acts, (one, act) => {
        auditEvent.parse(describeChange(one, 'https://store.example', null));
        auditEvent.parse(describeAct(act));
      }),
    );
  });
});

describe('the stream of audit events', () => {
  let root: string;
  let state: StateDatabase;
  let written: string[];

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'events-'));
    state = openStateDatabase(path.join(root, 'var/lib/sunk-agent/cache'), NOW, 'this node');
    written = [];
  });
  afterEach(() => {
    state.close();
    rmSync(root, { recursive: true });
  });

  const flush = (events: 'journal' | 'stdout' | 'none' = 'stdout'): AuditEvent[] => {
    written = [];
    const config = makeConfig(`audit: { events: ${events} }`);
    const log = createLogger('agent', 'silent');
    const out = { write: (text: string) => written.push(text) };
    const never = { write: () => expect.unreachable() };
    writeEvents(
      { config, paths: pathsUnder(root), log },
      state,
      events === 'stdout' ? { stdout: out, stderr: never } : { stdout: never, stderr: out },
    );
    const lines = written.join('').split('\n').slice(0, -1);
    return lines.map((line) => auditEvent.parse(JSON.parse(line)));
  };
  const sync = (...names: string[]): void => {
    const n = state.beginSync(NOW);
    const rows = names.map((name) => ({ ...row, kind: 'account-create', name, detail: null }));
    state.endSync(n, { snapshot: `hash of ${n}` }, rows);
  };
  const codes = (events: readonly AuditEvent[]): string[] =>
    events.map(({ code, subject }) => `${code} ${subject.name}`);

  test('has each change and each act once, with the snapshot of its sync', () => {
    sync('alice', 'bob');
    recordAct(
      pathsUnder(root),
      { act: 'block', subject: 'bob', detail: 'revoked: bob', scimId: 'u-bob' },
      'eve',
    );
    const first = flush();
    expect(codes(first)).toEqual(['block bob', 'account-create alice', 'account-create bob']);
    expect(first[0]).toMatchObject({
      subject: { scimId: 'u-bob' },
      actor: { kind: 'operator', name: 'eve' },
    });
    expect(first[1]?.actor).toMatchObject({ kind: 'store', snapshot: 'hash of 1' });
    expect(flush()).toEqual([]);
    sync('carol');
    expect(codes(flush('journal'))).toEqual(['account-create carol']);
  });

  test('goes on where it was, by another process and after 2,500 changes', () => {
    sync(...Array.from({ length: 2500 }, (_, n) => `p${n}`));
    expect(flush()).toHaveLength(2500);
    state.close();
    state = openStateDatabase(path.join(root, 'var/lib/sunk-agent/cache'), NOW, 'this node');
    sync('late');
    expect(codes(flush())).toEqual(['account-create late']);
  });

  test('has none of what happened while it was off', () => {
    sync('alice');
    expect(flush('none')).toEqual([]);
    expect(flush()).toEqual([]);
  });

  test('survives a history that was emptied, a trail that was rotated, cut short, or has lines of others', () => {
    const { audit } = pathsUnder(root);
    recordAct(pathsUnder(root), { act: 'freeze', subject: '', detail: 'a'.repeat(500) });
    sync('alice');
    expect(flush()).toHaveLength(2);
    state.prune(NOW + 1e9, NOW + 1e9, 86_400);
    truncateSync(audit, 0);
    flush();
    writeFileSync(audit, 'no entry\n{"at":"never"}\n');
    recordAct(pathsUnder(root), { act: 'thaw', subject: '', detail: '' });
    appendFileSync(audit, '{"at":"2026-11-30T00:00:00Z","operator":"a","act":"blo');
    sync('bob');
    expect(codes(flush())).toEqual(['thaw ', 'account-create bob']);
    expect(flush()).toEqual([]);
  });

  test('writes one line an event, whatever the names are', () => {
    sync('a\nb\u2028c\u202ed');
    flush();
    expect(written.join('').split('\n')).toHaveLength(2);
    expect(written.join('')).not.toMatch(/[\u2028\u202e]/);
  });
});
