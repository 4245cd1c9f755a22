import { expect, test } from 'vitest';
import { checkReader } from '../../../../src/diagnose/doctor/check-reader.ts';
import type { Facts } from '../../../../src/diagnose/doctor/facts.ts';
import { healthyNode, node } from '../../../support/records/healthy-node.ts';

const withAgent = (more: Partial<Facts['agent']>, other: Partial<Facts> = {}) =>
  checkReader(node({ agent: { ...healthyNode.agent, ...more }, ...other })).map(({ code, level }) => [
    code,
    level,
  ]);

test('a reader that is connected, and a configuration that is in force, are in order', () => {
  expect(checkReader(healthyNode)).toEqual([]);
});

test('a reader that is not connected to the agent that runs is an error, also in a pod', () => {
  expect(withAgent({ reader: 'away' })).toEqual([['reader-away', 'error']]);
  expect(withAgent({ reader: 'away' }, { units: null })).toEqual([['reader-away', 'error']]);
});

test('one whose unit does not run is a finding already, and where no agent answers none is missed', () => {
  expect(withAgent({ reader: 'away' }, { units: { agent: true, reader: false } })).toEqual([]);
  expect(withAgent({ reader: null, isConfigInForce: null })).toEqual([]);
});

test('a configuration that the agent has not read is a warning', () => {
  expect(withAgent({ isConfigInForce: false })).toEqual([['reader-config', 'warning']]);
  expect(withAgent({ isConfigInForce: null })).toEqual([]);
});
