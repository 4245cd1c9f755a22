import { expect, it } from 'vitest';
import { computeDesiredState } from '../../../../src/policy/desired-state.ts';
import { makeBinding, makeInput, makeUser } from '../../../support/records/organisation.ts';

const refused = (alice: string, bob: string, bound: string | null = null): string[] =>
  computeDesiredState(
    makeInput({
      users: [makeUser('alice', 20100, { home: alice }), makeUser('bob', 20200, { home: bob })],
      bindings: bound === null ? [] : [makeBinding('gone', 20900, { home: bound })],
    }),
  ).refusals.map(({ scimId, code }) => `${scimId} ${code}`);

it.each([
  ['/home/a', '/home/b', '/home/c', []],
  ['/home/a', '/home/ab', '/home/abc', []],
  ['/home/a', '/home/b', '/home/a/x', ['u-alice home-nested']],
  ['/home/c/a', '/home/b', '/home/c', ['u-alice home-nested']],
  ['/home/c/x/a', '/home/b', '/home/c', ['u-alice home-nested']],
  ['/home/a', '/home/a/b', null, ['u-bob home-nested']],
] as const)('%s and %s beside %s', (alice, bob, bound, expected) => {
  expect(refused(alice, bob, bound)).toEqual(expected);
});
