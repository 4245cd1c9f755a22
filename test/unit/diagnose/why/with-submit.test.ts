// The first thing that keeps a person from submitting a job, named with its owner and fix.
import { describe, expect, it } from 'vitest';
import { slurm } from '../../../../src/config/slurm.ts';
import type { Chain } from '../../../../src/diagnose/why/chain.ts';
import type { SubmitFacts } from '../../../../src/diagnose/why/submit/submit-facts.ts';
import { addSubmit } from '../../../../src/diagnose/why/with-submit.ts';
import { error } from '../../../../src/diagnose/why/verdict.ts';
import {
  ANSWER,
  none,
  partitions,
  PERSON,
  said,
  STATUS,
  TAKEN,
} from '../../../support/slurm/submit-facts.ts';

const CHAIN: Chain = { links: [], cause: null, mayLogIn: true };
function judge(more: Partial<SubmitFacts>, chain = CHAIN) {
  const config = { slurm: slurm.parse({ mode: 'enforce', rules: [{ group: 'ml' }, { group: 'bio' }] }) };
  const desired = { accounts: [], people: [], refusals: [] };
  const facts = { config, desired, person: PERSON, status: STATUS, answer: ANSWER, ...more };
  const found = addSubmit(chain, 'alice', facts);
  const [link] = found.links;
  return { ...link!, isCause: found.cause === link, mayLogIn: found.mayLogIn };
}

describe('a submission', () => {
  it('that Slurm takes is in order, whatever else is said', () => {
    const answer = { ...none, trial: TAKEN.trial };
    expect(judge({ answer, status: null })).toMatchObject({ level: 'ok', isCause: false, mayLogIn: true });
  });

  it('that was not tried is unknown', () => {
    expect(judge({ answer: { fault: 'only root' } })).toMatchObject({ level: 'unknown', isCause: false });
  });

  it.each<[string, Partial<SubmitFacts>]>([
    ['submit-no-rule', { person: { ...PERSON, accounts: [] } }],
    // The round cannot be made without munge either, so munge is what is named.
    [
      'submit-munge',
      {
        answer: { ...said('Protocol authentication error'), associations: { fault: 'Munge encode failed' } },
      },
    ],
    ['submit-partition', { answer: { ...TAKEN, partitions: partitions('AllowAccounts=bio') } }],
    [
      'submit-partition-state',
      { answer: { ...TAKEN, partitions: partitions('').map((one) => ({ ...one, state: 'DOWN' })) } },
    ],
    [
      'submit-limit',
      {
        answer: {
          ...TAKEN,
          limits: [{ of: 'account', name: 'ml', limit: 'GrpJobs', value: '0', used: null }],
        },
      },
    ],
    [
      'submit-limit',
      {
        answer: {
          ...said('AssocGrpSubmitJobsLimit: Job violates accounting/QOS policy'),
          limits: [{ of: 'account', name: 'ml', limit: 'GrpSubmitJobs', value: '3', used: '3' }],
        },
      },
    ],
  ])('is refused for the first cause: %s', (code, facts) => {
    const link = judge(facts);
    expect(link).toMatchObject({ code, level: 'error', isCause: true, mayLogIn: true });
    expect(link.howToFix).not.toBe('');
    expect(link.owner).not.toBeNull();
  });

  it('is not the cause where the login itself fails', () => {
    const first = { link: 'keys' as const, ...error('keys-none', 'no key', 'person', 'add one') };
    const found = addSubmit({ links: [first], cause: first, mayLogIn: false }, 'alice', {
      config: { slurm: slurm.parse({}) },
      desired: null,
      person: null,
      status: null,
      answer: ANSWER,
    });
    expect(found.cause).toBe(first);
    expect(found.links.at(-1)).toMatchObject({ link: 'submit', level: 'error' });
  });
});
