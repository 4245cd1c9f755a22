import { describe, expect, test } from 'vitest';
import type { Config } from '../../../../src/config/config.ts';
import { computeDesiredState } from '../../../../src/policy/desired-state.ts';
import type { HomeOnHost } from '../../../../src/policy/identity/own-home.ts';
import { CONFIG, FACTS, makeBinding, makeInput, makeUser } from '../../../support/records/organisation.ts';

const home = (
  found: HomeOnHost['found'],
  parent: HomeOnHost['parent'],
  uid: number | null = null,
): HomeOnHost => ({
  found,
  uid,
  parent,
  detail: 'why',
});

/** What is refused of alice (uid 20100), and how many keys she has; null: no account. */
function judge(
  found: HomeOnHost,
  isBound: boolean,
  rules: Partial<Config['accounts']> = {},
): { codes: string[]; keys: number | null } {
  const dir = (rules.home ?? '/home/%u').replace('%u', 'alice');
  const { refusals, accounts } = computeDesiredState(
    makeInput({
      users: [makeUser('alice', 20100)],
      bindings: isBound ? [makeBinding('alice', 20100, { home: dir })] : [],
      facts: { ...FACTS, homes: new Map([[dir, found]]) },
      config: { ...CONFIG, accounts: { ...CONFIG.accounts, ...rules } },
    }),
  );
  const [account] = accounts;
  return {
    codes: refusals.map(({ code }) => code),
    keys: account === undefined ? null : account.credentials.length,
  };
}

describe('a home that another user may have planted', () => {
  const planted: [string, HomeOnHost][] = [
    ['home-other-owner', home('directory', 'closed', 1001)],
    ['home-other-owner', home('directory', 'sticky', 0)],
    ['home-no-directory', home('other', 'closed')],
    ['home-not-examined', home('unknown', 'sticky')],
    ['home-not-examined', home('unknown', 'open')],
    ['home-open-parent', home('missing', 'open')],
  ];
  test.each(planted)('%s: a newcomer gets no account', (code, found) => {
    expect(judge(found, false)).toEqual({ codes: [code], keys: null });
  });

  test.each(planted)('%s: the account of a person who is bound stays, without a key', (code, found) => {
    expect(judge(found, true)).toEqual({ codes: [code], keys: 0 });
  });

  test.each([
    home('directory', 'closed', 20100),
    home('directory', 'sticky', 20100),
    home('directory', 'open', 20100),
    home('directory', 'closed', null),
    home('missing', 'closed'),
    home('missing', 'sticky'),
    home('missing', 'unknown'),
  ])('is none where it is their own, or missing and not to be replaced: %j', (found) => {
    for (const isBound of [false, true]) expect(judge(found, isBound)).toEqual({ codes: [], keys: 1 });
  });

  test.each(['closed', 'unknown'] as const)(
    'cannot be told where a file server fails (%s): it revokes nothing, and grants nothing',
    (parent) => {
      expect(judge(home('unknown', parent), true)).toEqual({ codes: [], keys: 1 });
      expect(judge(home('unknown', parent), false)).toEqual({ codes: ['home-not-examined'], keys: null });
    },
  );

  test('can be planted at any time where every user can create it and the agent does not', () => {
    const missing = home('missing', 'sticky');
    expect(judge(missing, true, { homes: 'never' })).toEqual({ codes: ['home-open-parent'], keys: 0 });
    expect(judge(home('missing', 'closed'), true, { homes: 'never' })).toEqual({ codes: [], keys: 1 });
  });

  test('is root’s where several people share it', () => {
    const shared = { home: '/srv/all' };
    expect(judge(home('directory', 'closed', 0), true, shared)).toEqual({ codes: [], keys: 1 });
    expect(judge(home('directory', 'closed', 1001), true, shared).codes).toEqual(['home-other-owner']);
  });
});
