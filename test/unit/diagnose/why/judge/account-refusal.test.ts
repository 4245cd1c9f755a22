import { describe, expect, test } from 'vitest';
import { explainRefusal, findAccountRefusal } from '../../../../../src/diagnose/why/judge/account-refusal.ts';
import { ALICE, person } from '../../../../support/records/healthy.ts';

const refusal = (code: string, scimId = ALICE) => ({ scimId, kind: 'User' as const, code, detail: code });
const disabled = { ...person.desired!, disabled: 'inactive' as const };

describe('the refusal that leaves a user without an account', () => {
  test.each(['name-reserved', 'uid-local', 'home-pattern', 'a-code-of-tomorrow', 'not-key-weak'])(
    'is %s',
    (code) => {
      expect(findAccountRefusal({ ...person, desired: null, refusals: [refusal(code)] })?.code).toBe(code);
      expect(findAccountRefusal({ ...person, desired: disabled, refusals: [refusal(code)] })?.code).toBe(
        code,
      );
    },
  );

  test.each(['key-weak', 'key-shared', 'shell-refused', 'uid-kept', 'gid-kept', 'home-kept', 'rename-kept'])(
    'is never %s, which denies no login',
    (code) => {
      expect(findAccountRefusal({ ...person, desired: null, refusals: [refusal(code)] })).toBeNull();
      const both = [refusal(code), refusal('uid-missing')];
      expect(findAccountRefusal({ ...person, desired: null, refusals: both })?.code).toBe('uid-missing');
    },
  );

  test('is none for an enabled account, and none where nothing was refused', () => {
    expect(findAccountRefusal({ ...person, refusals: [refusal('name-reserved')] })).toBeNull();
    expect(findAccountRefusal({ ...person, desired: null })).toBeNull();
  });

  test('is that of all users before that of one', () => {
    const both = {
      ...person,
      desired: null,
      refusals: [refusal('name-start')],
      commonRefusals: [refusal('marker-taken', '')],
    };
    expect(findAccountRefusal(both)?.code).toBe('marker-taken');
  });
});

const explain = (one: ReturnType<typeof refusal>) => explainRefusal(one, person);

describe('the verdict on a refusal', () => {
  test.each([
    'name-missing',
    'name-characters',
    'name-plus',
    'name-start',
    'name-length',
    'uid-missing',
    'uid-range',
    'gid-missing',
    'home-pattern',
  ])('%s is the provider’s', (code) => {
    expect(explain(refusal(code))).toMatchObject({
      level: 'error',
      code: `account-${code}`,
      owner: 'provider',
      howToFix: expect.stringMatching(/\S/),
    });
  });

  test.each([
    'name-domain',
    'name-local',
    'name-reserved',
    'uid-local',
    'marked-differs',
    'marker-taken',
    'not-uid-range',
  ])('%s is the operator’s', (code) => {
    expect(explain(refusal(code))).toMatchObject({
      level: 'error',
      code: `account-${code}`,
      owner: 'operator',
      howToFix: expect.stringMatching(/\S/),
    });
  });

  test.each(['name-missing', 'name-domain', 'name-local', 'uid-missing', 'uid-local', 'marked-differs'])(
    '%s has a fix of its own',
    (code) => {
      const fallback = explain(refusal('a-code-of-tomorrow')).howToFix;
      expect(explain(refusal(code)).howToFix).not.toBe(fallback);
    },
  );

  test('says what the policy said, and has a fix for a code that it does not know', () => {
    const odd = { ...refusal('a-code-of-tomorrow'), detail: 'two users claim uid 10000' };
    expect(explain(odd)).toMatchObject({
      detail: 'two users claim uid 10000',
      howToFix: expect.stringMatching(/\S/),
    });
  });
});

describe('a user who was created again', () => {
  const successions = [{ kind: 'account', name: 'alice', from: 'u-old', to: person.record.id }] as const;

  test('has the very command, whatever the refusal', () => {
    for (const code of ['name-bound', 'uid-bound', 'uid-missing'])
      expect(explainRefusal(refusal(code), { ...person, successions })).toMatchObject({
        code: `account-${code}`,
        owner: 'operator',
        howToFix: expect.stringContaining(`sunk-agent rebind u-old ${person.record.id} --apply`),
      });
  });

  test('has none where the move would be for another', () => {
    const other = [{ ...successions[0], to: 'u-other' }];
    expect(explainRefusal(refusal('name-bound'), { ...person, successions: other })).toEqual(
      explain(refusal('name-bound')),
    );
  });
});
