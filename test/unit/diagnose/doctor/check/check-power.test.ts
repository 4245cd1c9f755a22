import { describe, expect, test } from 'vitest';
import { checkPower } from '../../../../../src/diagnose/doctor/check/check-power.ts';
import { healthyNode, node } from '../../../../support/records/healthy-node.ts';

const unchecked = (n: number) => ({ what: `the netgroup +n${n}`, location: `/etc/sudoers:${n}` });

describe('check `power`', () => {
  test('finds nothing where every name can be read', () => {
    expect(checkPower(healthyNode)).toEqual([]);
  });

  test('names the first that cannot, with their lines, and counts the rest', () => {
    const [finding, ...more] = checkPower(node({ uncheckedPower: [1, 2, 3, 4, 5].map(unchecked) }));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ code: 'power-unchecked', level: 'unknown', fix: null });
    expect(finding?.detail).toMatch(/\+n1 \(\/etc\/sudoers:1\).*\+n3 \(\/etc\/sudoers:3\) and 2 more/);
    expect(checkPower(node({ uncheckedPower: [unchecked(1)] }))[0]?.detail).not.toMatch(/more/);
  });
});
