import { describe, expect, test } from 'vitest';
import { gatherKeys, type KeySources } from '../../../../src/diagnose/why/gather-keys.ts';
import { config, FINGERPRINT, person, record } from '../../../support/records/healthy.ts';

const sources: KeySources = {
  user: { record, absent: false, confirmedAt: 1, readings: [] },
  addKeys: [],
  blocked: [],
  config,
  desired: person.desired,
  refusals: [],
};
const unserved = person.desired === null ? null : { ...person.desired, credentials: [] };
const refusal = { scimId: record.id, kind: 'User', code: 'key-of-another', detail: 'it is shared' } as const;

describe('the keys of a person', () => {
  test('are accepted where the plan serves them', () => {
    expect(gatherKeys(sources)).toEqual([{ fingerprint: FINGERPRINT, type: 'ssh-ed25519', refusal: null }]);
  });

  test('have the refusal that names their fingerprint as data, and no other', () => {
    const others = [
      { ...refusal, code: 'key-weak', detail: `mentions ${FINGERPRINT}`, fingerprint: 'SHA256:other' },
      { ...refusal, code: 'key-weak', detail: `mentions ${FINGERPRINT}` },
      { ...refusal, code: 'key-shared', fingerprint: FINGERPRINT },
    ];
    const find = (refusals: KeySources['refusals']): string | undefined =>
      gatherKeys({ ...sources, desired: unserved, refusals })[0]?.refusal?.code;
    expect(find([...others, { ...refusal, fingerprint: FINGERPRINT }])).toBe('key-of-another');
    expect(find(others)).toBe('key-refused');
  });

  test('of a disabled account are not called refused because the plan serves none', () => {
    const disabled = unserved === null ? null : { ...unserved, disabled: 'inactive' as const };
    expect(gatherKeys({ ...sources, desired: disabled })[0]?.refusal).toBeNull();
    expect(gatherKeys({ ...sources, desired: null })[0]?.refusal).toBeNull();
  });

  test('have the code of the rule that refuses them alone', () => {
    const blocked = gatherKeys({ ...sources, blocked: [FINGERPRINT] });
    expect(blocked).toMatchObject([{ fingerprint: FINGERPRINT, refusal: { code: 'key-blocked' } }]);
    const unreadable = gatherKeys({ ...sources, addKeys: ['no key at all'] });
    expect(unreadable).toHaveLength(2);
    expect(unreadable[1]).toMatchObject({ fingerprint: null, refusal: { code: expect.any(String) } });
  });
});
