import { expect, test } from 'vitest';
import { planConfigEdits } from '../../../../src/agent/operator/rebind-config.ts';
import type { Rebinding } from '../../../../src/policy/ledger/rebind.ts';
import { makeBinding, makeConfig } from '../../../support/records/organisation.ts';

const binding = makeBinding('bob', 20_200, { scimId: 'old' });
const move: Rebinding = { binding, to: 'new', id: 20_200, gid: 9999, storeId: null };
const group: Rebinding = { ...move, binding: { ...binding, kind: 'group' }, storeId: 31_999, id: 31_000 };

test('an id that the store gives otherwise is pinned', () => {
  expect(planConfigEdits([{ ...move, storeId: 20_777 }], makeConfig())).toEqual([
    { kind: 'pin-uid', scimId: 'new', id: 20_200 },
  ]);
  expect(planConfigEdits([group], makeConfig())).toEqual([{ kind: 'pin-gid', scimId: 'new', id: 31_000 }]);
  expect(planConfigEdits([move], makeConfig())).toEqual([]);
});

test('what names the former id follows', () => {
  for (const yaml of [
    'access: { groups: [{ name: x, id: old }] }',
    'access: { sudo_groups: [{ name: x, id: old }] }',
    'overrides: [{ id: old, block: true }]',
    'overrides: [{ group: old, gid: 7000 }]',
  ])
    expect(planConfigEdits([move], makeConfig(yaml))).toEqual([{ kind: 'move-id', from: 'old', to: 'new' }]);
});

test('a pinned id goes where that of the store is taken', () => {
  const config = makeConfig('overrides: [{ id: old, uid: 20200 }]');
  expect(planConfigEdits([{ ...move, id: 20_777 }], config)).toEqual([
    { kind: 'move-id', from: 'old', to: 'new' },
    { kind: 'unpin', scimId: 'new' },
  ]);
  expect(planConfigEdits([{ ...move, id: 20_777 }], makeConfig())).toEqual([]);
  expect(planConfigEdits([{ ...move, to: 'old', id: 20_777 }], config)).toEqual([
    { kind: 'unpin', scimId: 'old' },
  ]);
});
