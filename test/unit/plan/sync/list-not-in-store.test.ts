// Which accounts of the managed group are named as not managed.
import { expect, test } from 'vitest';
import { DISABLED_DAY } from '../../../../src/plan/actual.ts';
import { listNotInStore } from '../../../../src/plan/sync/list-not-in-store.ts';
import { findNotInStore } from '../../../../src/policy/leftovers.ts';
import { makeHost, toHostState } from '../../../support/records/model-host.ts';

const leftovers = findNotInStore(
  ['emergency', 'closed', 'served'].map((name, n) => ({
    name,
    uid: 700 + n,
    gid: 700,
    dir: `/home/${name}`,
  })),
  [],
  true,
);

function makeOwn() {
  const host = makeHost();
  const put = (name: string, expiryDay: number | null): void => {
    const entry = { name, uid: 700, gid: 700, gecos: '', dir: `/home/${name}`, shell: '/bin/bash' };
    host.accounts.set(name, { entry, expiryDay });
  };
  put('emergency', null);
  put('closed', DISABLED_DAY);
  put('served', DISABLED_DAY);
  host.keyFiles.set('served', '');
  return toHostState(host);
}

test('an account that is enabled, or that a key file still serves, is named; one that gives no access is not', () => {
  const { own, keyFiles } = makeOwn();
  expect(listNotInStore({ leftovers }, { keyFiles }, { own })).toEqual([
    { name: 'emergency', isDisabled: false, hasKeys: false },
    { name: 'served', isDisabled: true, hasKeys: true },
  ]);
});

test('an expiry on another day is no disabled account', () => {
  const { own } = makeOwn();
  const account = own.accounts.get('closed');
  if (account === undefined) throw new Error('the account is missing');
  const others = new Map([['closed', { ...account, expiryDay: DISABLED_DAY + 1 }]]);
  const found = listNotInStore({ leftovers }, { keyFiles: new Map() }, { own: { ...own, accounts: others } });
  expect(found.find(({ name }) => name === 'closed')).toMatchObject({ isDisabled: false });
});

test('a leftover of another kind is not named', () => {
  const { own, keyFiles } = makeOwn();
  const other = { scimId: 'u-emergency', kind: 'account', name: 'emergency', fate: 'deny' } as const;
  expect(listNotInStore({ leftovers: [other] }, { keyFiles }, { own })).toEqual([]);
});
