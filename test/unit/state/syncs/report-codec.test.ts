// Reports of syncs are stored under the keys of 0.1.0 and read under those of this build.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeReport, encodeReport } from '../../../../src/state/syncs/report-codec.ts';
import { makeReport } from '../../../support/records/sample-report.ts';

/** Rows that 0.1.0 wrote, of a delta and of a sync that asked no store. */
const RECORDED = [
  '{"n":2,"startedAt":1795929085,"mode":"delta","heard":{"mode":"delta","complete":{"User":false,"Group":false},"isAnswered":true,"problems":[],"warnings":[],"taken":{"added":0,"changed":1,"gone":0,"renewed":0,"quarantined":0,"unreadable":0},"serverTime":1795929091000,"skew":968,"scope":"47f64ee5cec6","requests":9,"retries":0,"bytes":18524},"failure":null,"snapshot":"3907924c53d3f118","counts":{"users":16,"groups":3,"quarantined":0,"accountsOpen":13,"accountsClosed":1,"refused":0},"changes":{"planned":5,"done":5,"failed":0,"held":0},"held":[],"unknown":null,"refusals":[],"problems":[],"keyExpiry":{"earliest":1796015478,"latest":1796015478},"extended":null,"durations":{"fetch":7514,"decide":593,"apply":277},"tally":{"changes":{"keys-remove":{"done":1,"failed":0},"account-close":{"done":1,"failed":0},"sessions-end":{"done":1,"failed":0},"member-remove":{"done":1,"failed":0},"jobs-disable":{"done":1,"failed":0}},"held":{},"quarantined":{},"refused":{},"keys":{"ssh-ed25519":13},"activeAccounts":null}}',
  '{"n":5,"startedAt":1795929130,"mode":"cache","heard":null,"failure":null,"snapshot":"a77bd94f04a82e95","counts":{"users":16,"groups":3,"quarantined":0,"accountsOpen":12,"accountsClosed":2,"refused":0},"changes":{"planned":4,"done":4,"failed":0,"held":0},"held":[],"unknown":null,"refusals":[],"problems":[],"keyExpiry":{"earliest":1796015478,"latest":1796015478},"extended":null,"durations":{"decide":237,"apply":97},"tally":{"changes":{"member-add":{"done":4,"failed":0}},"held":{},"quarantined":{},"refused":{},"keys":{"ssh-ed25519":12},"activeAccounts":null}}',
] as const;

describe('what 0.1.0 stored', () => {
  test('is read under the names of this build', () => {
    const [delta, fromState] = RECORDED.map(decodeReport);
    expect(delta).toMatchObject({
      n: 2,
      startedAt: 1_795_929_085,
      mode: 'delta',
      fetched: { mode: 'delta', isAnswered: true, ingested: { added: 0, changed: 1 }, scope: '47f64ee5cec6' },
      counts: { users: 16, groups: 3, quarantined: 0, accountsEnabled: 13, accountsDisabled: 1, refused: 0 },
    });
    expect(fromState).toMatchObject({ n: 5, mode: 'state', fetched: null });
    expect(Object.keys(delta ?? {}).sort()).toEqual(Object.keys(makeReport()).sort());
  });

  test.each(RECORDED)('is stored as the same bytes again', (stored) => {
    expect(encodeReport(decodeReport(stored) ?? {})).toBe(stored);
  });
});

describe('a report of this build', () => {
  test.each([makeReport(), makeReport({ mode: 'state', fetched: null })])('comes back equal', (report) => {
    expect(decodeReport(encodeReport(report))).toEqual(report);
  });

  test('is stored under no key that 0.1.0 does not know', () => {
    const stored = encodeReport(makeReport({ mode: 'state' }));
    expect(stored).not.toMatch(/"(?:fetched|ingested|accountsEnabled|accountsDisabled|state)"/);
    expect(JSON.parse(stored)).toMatchObject({
      mode: 'cache',
      heard: { taken: { added: 0 } },
      counts: { accountsOpen: 2, accountsClosed: 1 },
    });
  });

  test('keeps a problem that has the words of a key', () => {
    const report = makeReport({
      problems: ['heard', '"taken":', 'cache'],
      durations: { heard: 1, taken: 2 },
    });
    expect(decodeReport(encodeReport(report))).toEqual(report);
  });
});

describe('what another build or a damaged row stored', () => {
  test.each(['null', '1', '"heard"', '[]', '[{"heard":null}]'])('is no report when it is %s', (stored) => {
    expect(decodeReport(stored)).toBeNull();
  });

  test('is read as far as it goes', () => {
    expect(decodeReport('{"heard":[],"counts":null,"mode":7,"later":{"taken":1}}')).toEqual({
      fetched: [],
      counts: null,
      mode: 7,
      later: { taken: 1 },
    });
  });

  test('comes back as the same text, whatever it holds', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (more) => {
        const text = JSON.stringify({ ...more, heard: { ...more, taken: more }, counts: more });
        fc.pre(!/"(?:fetched|ingested|accountsEnabled|accountsDisabled|state)"/.test(text));
        expect(encodeReport(decodeReport(text) ?? {})).toBe(text);
      }),
    );
  });
});
