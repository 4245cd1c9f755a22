// The first thing that keeps a person from submitting a job, named with its owner and fix.
import { describe, expect, it } from 'vitest';
import { slurm } from '../../../../../src/config/slurm.ts';
import { FROZEN } from '../../../../../src/plan/sync/plan-sync.ts';
import type { SubmitFacts } from '../../../../../src/diagnose/why/submit/submit-facts.ts';
import type { SubmitAnswer } from '../../../../../src/host/slurm/ask-submit.ts';

import { judgeManaged } from '../../../../../src/diagnose/why/submit/judge-managed.ts';
import { ANSWER, none, PERSON, STATUS } from '../../../../support/slurm/submit-facts.ts';

function judge(more: Partial<SubmitFacts> & { readonly answer?: SubmitAnswer }) {
  const config = { slurm: slurm.parse({ mode: 'enforce', rules: [{ group: 'ml' }, { group: 'bio' }] }) };
  const desired = { accounts: [], people: [], refusals: [] };
  const facts = { config, desired, person: PERSON, status: STATUS, answer: ANSWER, ...more };
  return judgeManaged('alice', facts, facts.answer);
}

describe('what sunk-agent should have done', () => {
  it('is done, or not its to do', () => {
    expect(judge({})).toBeNull();
    expect(judge({ person: null, answer: none })).toBeNull();
    expect(judge({ config: { slurm: slurm.parse({}) }, answer: none })).toBeNull();
  });

  it.each<[string, Partial<SubmitFacts> & { readonly answer?: SubmitAnswer }]>([
    ['submit-no-rule', { person: { ...PERSON, accounts: [] } }],
    ['submit-no-rule', { person: { ...PERSON, accounts: [], isEnabled: false } }],
    ['submit-slurmdbd', { answer: { ...ANSWER, associations: { fault: 'Connection refused' } } }],
    [
      'submit-account-foreign',
      {
        answer: none,
        status: {
          ...STATUS,
          refusals: [{ scimId: 'g', kind: 'Group', name: 'ml', code: 'slurm-account-foreign', detail: 'd' }],
        },
      },
    ],
    [
      'submit-uid',
      {
        answer: none,
        status: {
          ...STATUS,
          refusals: [{ scimId: 'u-alice', kind: 'User', name: 'alice', code: 'slurm-uid', detail: 'd' }],
        },
      },
    ],
    ['submit-observing', { answer: none, status: { ...STATUS, observing: true } }],
    ['submit-not-compared', { answer: none, status: null }],
    ['submit-not-compared', { answer: none, status: { ...STATUS, failure: { since: 1, problem: 'p' } } }],
    [
      'submit-round',
      { answer: none, status: { ...STATUS, problems: ['Slurm association of alice in ml: No'] } },
    ],
    [
      'submit-held',
      {
        answer: none,
        status: { ...STATUS, held: [{ hash: 'aa', kind: 'gain', reason: 'r', changes: 1, since: 1 }] },
      },
    ],
    ['submit-no-association', { answer: none }],
    [
      'submit-frozen',
      {
        answer: none,
        status: { ...STATUS, held: [{ hash: 'aa', kind: 'freeze', reason: FROZEN, changes: 1, since: 1 }] },
      },
    ],
  ])('is not done: %s', (code, facts) => {
    const verdict = judge(facts);
    expect(verdict).toMatchObject({ code, level: 'error' });
    expect(verdict?.howToFix).not.toBe('');
    expect(verdict?.owner).not.toBeNull();
  });

  it('says until when running jobs of a lost account go on', () => {
    const draining = [{ name: 'alice', account: 'ml', until: 1_800_000_000 }];
    const person = { ...PERSON, accounts: [] };
    expect(judge({ person, status: { ...STATUS, draining } })?.detail).toContain(
      'running jobs in ml go on until',
    );
    expect(judge({ person })?.detail).not.toContain('go on');
  });
});
