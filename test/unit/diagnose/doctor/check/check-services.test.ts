import { describe, expect, test } from 'vitest';
import { checkServices } from '../../../../../src/diagnose/doctor/check/check-services.ts';
import { healthyNode, node } from '../../../../support/records/healthy-node.ts';

function valueOf<T>(probe: { readonly ok: true; readonly value: T } | { readonly ok: false }): T {
  if (!probe.ok) throw new Error('the sample has a value');
  return probe.value;
}

const nothing = { at: 0, conflicts: [], unanswered: [], missing: [] };
const conflict = (n: number) => ({ kind: 'account' as const, name: `p${n}`, detail: `uid ${n} is zed's` });

describe('check `services`', () => {
  test('finds nothing before the first round, nor in one without findings', () => {
    expect(checkServices(healthyNode)).toEqual([]);
    expect(checkServices(node({ nameRound: nothing }))).toEqual([]);
  });

  test('names conflicts, services that give no answer, and modules that are missing', () => {
    const nameRound = {
      ...nothing,
      conflicts: [1, 2, 3, 4].map(conflict),
      unanswered: [{ service: 'ldap', fault: 'getpwnam: ENOENT' }],
      missing: ['sss'],
    };
    const findings = checkServices(node({ nameRound }));
    expect(findings).toMatchObject([
      { code: 'services-unanswered', level: 'error', detail: expect.stringMatching(/ldap.*ENOENT/) },
      {
        code: 'services-conflict',
        level: 'security',
        detail: expect.stringMatching(/uid 1 .*1 more conflict$/),
      },
      { code: 'services-missing', level: 'warning', detail: expect.stringMatching(/libnss_sss\.so\.2/) },
    ]);
    const [, only] = checkServices(node({ nameRound: { ...nameRound, conflicts: [conflict(1)] } }));
    expect(only?.detail).toBe("uid 1 is zed's");
  });

  test('adds what is found just now, each name once', () => {
    const otherwise = [1, 9].map((n) => ({ name: `p${n}`, detail: `just now, p${n}` }));
    const names = { ok: true, value: { ...valueOf(healthyNode.names), otherwise } } as const;
    const [finding] = checkServices(node({ names, nameRound: { ...nothing, conflicts: [conflict(1)] } }));
    expect(finding?.detail).toBe("uid 1 is zed's; just now, p9");
    expect(checkServices(node({ names, nameRound: null }))[0]?.detail).toBe('just now, p1; just now, p9');
  });
});
