import { describe, expect, test } from 'vitest';
import type { HeldSet } from '../../../../../src/plan/guard/guard-model.ts';
import type { Facts } from '../../../../../src/diagnose/why/facts.ts';
import { judgeRecord } from '../../../../../src/diagnose/why/judge/judge-record.ts';
import {
  config,
  healthy,
  notProbed,
  NOW,
  probed,
  record,
  withPerson,
  withStatus,
} from '../../../../support/records/healthy.ts';

const inactive = { ...record, active: false };
const quarantine = {
  kind: 'User' as const,
  id: record.id,
  names: [],
  since: NOW - 60,
  findings: [{ code: 'field-uid', field: 'uid', detail: 'its uid is no number' }],
};
const heldLoss: HeldSet = {
  hash: '0123456789abcdef',
  kind: 'loss',
  reason: 'too many',
  changes: [],
  since: NOW - 60,
  actsAt: null,
};
const failure = { code: 'store_unreachable', message: 'it does not answer', hint: 'check the route' };

describe('the link `record`', () => {
  test('is in order for an active user, confirmed or not', () => {
    expect(judgeRecord(healthy)).toMatchObject({ level: 'ok', owner: null });
    expect(judgeRecord(withPerson({ confirmedAt: 0 })).level).toBe('ok');
    expect(judgeRecord(healthy).detail).toContain('60 s ago');
    expect(judgeRecord(withPerson({ confirmedAt: 0 })).detail).not.toContain('ago');
  });

  test.each<[string, Facts]>([
    ['record-removed', withPerson({ absent: true })],
    ['record-inactive', withPerson({ record: inactive })],
    // Which of the two ends the access: only a record that is there can be enabled again.
    ['record-removed', withPerson({ absent: true, record: inactive, quarantine })],
    // A revocation inside a broken record acts.
    ['record-inactive', withPerson({ record: inactive, quarantine })],
  ])('%s is an error of the identity provider', (code, facts) => {
    expect(judgeRecord(facts)).toMatchObject({
      level: 'error',
      code,
      owner: 'provider',
      howToFix: expect.stringMatching(/\S/),
    });
  });

  test('a loss that the guard holds is a warning, since the account is enabled', () => {
    const held = withPerson({ record: inactive, held: [heldLoss] });
    expect(judgeRecord(held)).toMatchObject({ level: 'warning', code: 'record-inactive' });
    expect(judgeRecord(withPerson({ absent: true, held: [heldLoss] }))).toMatchObject({
      level: 'warning',
      code: 'record-removed',
    });
  });

  test('a record in quarantine is a warning with its first finding, since the last good one is in use', () => {
    const verdict = judgeRecord(withPerson({ quarantine }));
    expect(verdict).toMatchObject({ level: 'warning', code: 'record-quarantined', owner: 'provider' });
    expect(verdict.detail).toContain('its uid is no number');
    expect(judgeRecord(withPerson({ quarantine: { ...quarantine, findings: [] } })).level).toBe('ok');
  });

  test('is not known without the state database', () => {
    expect(judgeRecord({ ...healthy, person: notProbed })).toMatchObject({
      level: 'unknown',
      detail: notProbed.why,
    });
  });
});

describe('a name without a record', () => {
  const missing: Facts = { ...healthy, person: probed(null), question: 'mallory' };
  const line = { name: 'mallory', uid: 666, gid: 100, gecos: '', dir: '/home/mallory', shell: '/bin/sh' };
  const unreachable = withStatus(({ store }) => ({ store: { ...store, failure } })).status;

  test('in the managed group is an unknown account, which the operator takes out of the group or disables', () => {
    const local = { ...line, gid: config.accounts.primary_gid };
    const verdict = judgeRecord({ ...missing, local });
    expect(verdict).toMatchObject({ level: 'warning', code: 'record-unknown-account', owner: 'operator' });
    expect(verdict.howToFix).toMatch(/usermod --gid GROUP mallory.*usermod --expiredate 1 mallory/);
    // Also while the store does not answer.
    expect(judgeRecord({ ...missing, local, status: unreachable }).code).toBe('record-unknown-account');
  });

  test('with a line in another group is an account of the node, of which nothing is claimed', () => {
    expect(judgeRecord({ ...missing, local: line })).toMatchObject({ level: 'unknown', owner: null });
  });

  test('without a line is not listed by the store: an error of the provider', () => {
    const nowhere = { ...missing, local: null };
    expect(judgeRecord(nowhere)).toMatchObject({
      level: 'error',
      code: 'record-not-listed',
      owner: 'provider',
    });
    expect(judgeRecord({ ...nowhere, status: notProbed }).code).toBe('record-not-listed');
  });

  test('while the store does not answer is an error of the operator, with the fix of that failure', () => {
    expect(judgeRecord({ ...missing, local: null, status: unreachable })).toMatchObject({
      level: 'error',
      code: 'record-store-unreachable',
      owner: 'operator',
      howToFix: failure.hint,
    });
  });

  test('is repeated as it was asked, whatever it holds', () => {
    const question = '../../etc/passwd\n\u001b[2J';
    expect(judgeRecord({ ...missing, local: null, question }).detail).toContain(question);
  });
});
