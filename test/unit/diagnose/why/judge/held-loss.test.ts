import { expect, test } from 'vitest';
import { softenHeldLoss } from '../../../../../src/diagnose/why/judge/held-loss.ts';
import { error } from '../../../../../src/diagnose/why/verdict.ts';
import { NOW, person } from '../../../../support/records/healthy.ts';

const reason = error('access-no-member', 'is in no group', 'provider', 'add the user');
const loss = {
  hash: '0123456789abcdef',
  kind: 'loss',
  reason: '',
  changes: [],
  since: NOW,
  actsAt: null,
} as const;

test('a loss that the guard holds is a warning with the hash, for as long as the account is enabled', () => {
  const verdict = softenHeldLoss(reason, { ...person, held: [loss] });
  expect(verdict).toMatchObject({ level: 'warning', code: reason.code, owner: 'provider' });
  // The cause comes first: an approval alone would take the access away.
  expect(verdict.howToFix).toMatch(
    /^add the user; sunk-agent plan shows what the guard holds\. If the loss is intended.*0123456789abcdef/,
  );
});

test('without a held loss, or with a disabled account, the reason stands', () => {
  expect(softenHeldLoss(reason, person)).toBe(reason);
  expect(softenHeldLoss(reason, { ...person, held: [{ ...loss, kind: 'frozen' }] })).toBe(reason);
  expect(softenHeldLoss(reason, { ...person, held: [loss], actual: null })).toBe(reason);
  const disabled = { ...person.actual!, expiryDay: 1 };
  expect(softenHeldLoss(reason, { ...person, held: [loss], actual: disabled })).toBe(reason);
});
