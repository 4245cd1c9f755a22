// The first thing that keeps a person from submitting a job, named with its owner and fix.
import { describe, expect, it } from 'vitest';
import type { SubmitFacts } from '../../../../../src/diagnose/why/submit/submit-facts.ts';
import type { SubmitAnswer } from '../../../../../src/host/slurm/ask-submit.ts';
import { judgeRefusal } from '../../../../../src/diagnose/why/submit/judge-refusal.ts';
import { judgeTools } from '../../../../../src/diagnose/why/submit/judge-tools.ts';
import { ANSWER, none, ROW, said } from '../../../../support/slurm/submit-facts.ts';

function judge({ answer = ANSWER }: Partial<SubmitFacts> & { readonly answer?: SubmitAnswer }) {
  return judgeTools(answer) ?? judgeRefusal('alice', answer, () => null);
}

describe('what Slurm refuses', () => {
  it('is explained by its settings where it knows the person and says no more', () => {
    const verdict = { level: 'error', code: 'x', detail: '', owner: null, howToFix: null } as const;
    expect(judgeRefusal('alice', ANSWER, () => verdict)).toBe(verdict);
    expect(judgeRefusal('alice', none, () => verdict).code).toBe('submit-no-association');
  });

  it('needs no tool that is missing', () => expect(judgeTools(ANSWER)).toBeNull());

  it.each<[string, Partial<SubmitFacts> & { readonly answer?: SubmitAnswer }]>([
    ['submit-no-association', { answer: none, person: null }],
    ['submit-slurmctld', { answer: said('Unable to contact slurm controller (connect failure)') }],
    ['submit-unresolved', { answer: { ...ANSWER, uid: { value: null } } }],
    [
      'submit-stopped',
      { answer: { ...ANSWER, associations: { rows: [{ ...ROW, isStopped: true }], elsewhere: [] } } },
    ],
    [
      'submit-no-default',
      { answer: { ...ANSWER, associations: { rows: [{ ...ROW, isDefault: false }], elsewhere: [] } } },
    ],
    ['submit-policy', { answer: said('Job violates accounting/QOS policy (job submit limit)') }],
    ['submit-refused', {}],
    ['submit-uid', { answer: { ...ANSWER, uid: { value: 7 } } }],
    [
      'submit-association-partition',
      { answer: { ...ANSWER, associations: { rows: [{ ...ROW, partition: 'gpu' }], elsewhere: [] } } },
    ],
    ['submit-nodes', { answer: said('Requested node configuration is not available') }],
    ['submit-qos', { answer: said('Batch job submission failed: Invalid qos specification') }],
    [
      'submit-controller-name',
      { answer: said('_xgetaddrinfo: getaddrinfo() failed: Temporary failure in name resolution') },
    ],
    ['submit-slurmctld', { answer: said('no answer within 15 s') }],
    ['submit-plugin', { answer: { ...said('name your project'), plugins: ['lua'] } }],
    [
      'submit-plugin',
      {
        answer: {
          ...said('Time limit specification required, but not provided'),
          plugins: ['require_timelimit'],
        },
      },
    ],
    [
      'submit-policy',
      { answer: { ...said('Job violates accounting/QOS policy (job submit limit)'), plugins: ['lua'] } },
    ],
  ])('is named: %s', (code, facts) => {
    const verdict = judge(facts);
    expect(verdict).toMatchObject({ code, level: 'error', owner: 'operator' });
    expect(verdict.howToFix).not.toBe('');
  });

  it('is told from an association of another cluster', () => {
    const verdict = judge({ answer: { ...none, associations: { rows: [], elsewhere: ['far'] } } });
    expect(verdict).toMatchObject({ code: 'submit-no-association' });
    expect(verdict.detail).toMatch(/on this cluster, only on far$/);
  });
});
