import { describe, expect, test } from 'vitest';
import { checkBreakGlass } from '../../../../../src/diagnose/doctor/check/check-break-glass.ts';
import { healthyNode, node } from '../../../../support/records/healthy-node.ts';

const root = { name: 'root', fault: 'it has neither a key nor a password', hasKey: false };
const anna = { name: 'anna', fault: 'the account has expired', hasKey: false };

describe('check `break-glass`', () => {
  test('finds nothing where one local account could log in, whichever it is', () => {
    expect(checkBreakGlass(healthyNode)).toEqual([]);
    expect(checkBreakGlass(node({ breakGlass: [anna, { ...root, fault: null }] }))).toEqual([]);
    expect(checkBreakGlass(node({ breakGlass: [{ ...anna, fault: null }, root] }))).toEqual([]);
  });

  test('warns where none could, and says why of the first', () => {
    const findings = checkBreakGlass(node({ breakGlass: [anna, root] }));
    expect(findings).toMatchObject([
      { code: 'break-glass-none', level: 'warning', fix: null, howToFix: expect.stringMatching(/\S/) },
    ]);
    expect(findings[0]?.detail).toContain('anna: the account has expired');
  });

  test('names one that someone counts on and that could not log in, although another one could', () => {
    const facts = node({
      breakGlass: [
        { ...anna, hasKey: true },
        { ...root, fault: null },
      ],
    });
    expect(checkBreakGlass(facts)).toMatchObject([
      { code: 'break-glass-fails', level: 'warning', detail: expect.stringMatching(/anna .*expired/) },
    ]);
  });

  test('warns where the node has no such account at all', () => {
    expect(checkBreakGlass(node({ breakGlass: [] }))).toMatchObject([{ code: 'break-glass-none' }]);
  });
});
