import { describe, expect, test } from 'vitest';
import { checkHomes } from '../../../../../src/diagnose/doctor/check/check-homes.ts';
import { node } from '../../../../support/records/healthy-node.ts';

describe('the check `homes`', () => {
  test('finds nothing where each home is its owner’s', () => {
    expect(checkHomes(node({}))).toEqual([]);
  });

  test('names each home that is not safe', () => {
    const { status } = node({});
    if (!status.ok) throw new Error('the node of the test has no status');
    const homes = [
      'alice: /home/alice belongs to uid 1001, not to uid 10000: no login there is safe, so its owner gets no key',
    ];
    expect(checkHomes(node({ status: { ok: true, value: { ...status.value, homes } } }))).toMatchObject([
      { code: 'homes-unsafe', level: 'error', detail: expect.stringContaining('alice: /home/alice') },
    ]);
  });

  test('says who can replace homes that are safe today', () => {
    const homesHazard = 'its group can replace what is in /home (mode 2775)';
    expect(checkHomes(node({ homesHazard }))).toMatchObject([
      { code: 'homes-open-parent', level: 'security', howToFix: expect.stringContaining('chmod +t') },
    ]);
  });
});
