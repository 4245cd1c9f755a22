import { expect, test } from 'vitest';
import { sayRebind } from '../../../../../src/diagnose/why/judge/say-rebind.ts';

test('the command stands as it is to be run, and says on which condition', () => {
  const move = { name: 'x', from: 'old', to: 'new' };
  expect(sayRebind({ kind: 'account', ...move })).toBe(
    'if it is the same person: sunk-agent rebind old new --apply',
  );
  expect(sayRebind({ kind: 'group', ...move })).toBe(
    'if it is the same group: sunk-agent rebind old new --apply',
  );
});
