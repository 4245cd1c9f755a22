// The first thing that keeps a person from submitting a job, named with its owner and fix.
import { describe, expect, it } from 'vitest';
import { slurm } from '../../../../src/config/slurm.ts';
import type { SlurmStatus } from '../../../../src/agent/slurm/slurm-status.ts';
import type { Chain } from '../../../../src/diagnose/why/chain.ts';
import { addSubmit, type SubmitFacts } from '../../../../src/diagnose/why/with-submit.ts';
import { error } from '../../../../src/diagnose/why/verdict.ts';
import {
  parseAssociations,
  parsePartition,
  type SubmitAnswer,
} from '../../../../src/host/slurm/ask-submit.ts';

const CHAIN: Chain = { links: [], cause: null, mayLogIn: true };
const ROW = { account: 'ml', partition: '', isStopped: false, isDefault: true };
const REFUSED = { isTaken: false, said: 'Batch job submission failed: Unspecified error' };
const ANSWER: SubmitAnswer = {
  associations: { rows: [ROW] },
  uid: { value: 20_001 },
  partition: { name: 'main', accounts: null, groups: null },
  groups: ['alice', 'ml'],
  trial: REFUSED,
};
const TAKEN = { ...ANSWER, trial: { isTaken: true, said: 'Job 7 to start at' } };
const STATUS: SlurmStatus = {
  schema_version: 1,
  at: 1,
  cluster: 'c',
  version: '24.11',
  observing: false,
  failure: null,
  controller: true,
  seconds: 1,
  associations: 1,
  changes: { planned: 0, done: 0 },
  problems: [],
  held: [],
  refusals: [],
};
const PERSON = {
  scimId: 'u-alice',
  name: 'alice',
  uid: 20_001,
  isEnabled: true,
  accounts: ['ml'],
  defaultAccount: null,
};

function judge(more: Partial<SubmitFacts>, chain = CHAIN) {
  const config = { slurm: slurm.parse({ mode: 'enforce', rules: [{ group: 'ml' }, { group: 'bio' }] }) };
  const desired = { accounts: [], people: [], refusals: [] };
  const facts = { config, desired, person: PERSON, status: STATUS, answer: ANSWER, ...more };
  const found = addSubmit(chain, 'alice', facts);
  const [link] = found.links;
  return { ...link!, isCause: found.cause === link, mayLogIn: found.mayLogIn };
}

const none = { ...ANSWER, associations: { rows: [] } };
const said = (text: string): SubmitAnswer => ({ ...ANSWER, trial: { isTaken: false, said: text } });

describe('a submission', () => {
  it('that Slurm takes is in order, whatever else is said', () => {
    const answer = { ...none, trial: { isTaken: true, said: 'Job 7 to start at' } };
    expect(judge({ answer, status: null })).toMatchObject({ level: 'ok', isCause: false, mayLogIn: true });
  });

  it('that was not tried is unknown', () => {
    expect(judge({ answer: { fault: 'only root' } })).toMatchObject({ level: 'unknown', isCause: false });
  });

  it.each<[string, Partial<SubmitFacts>]>([
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
    ['submit-no-association', { answer: none, person: null }],
    ['submit-slurmctld', { answer: said('Unable to contact slurm controller (connect failure)') }],
    ['submit-munge', { answer: said('Protocol authentication error') }],
    ['submit-unresolved', { answer: { ...ANSWER, uid: { value: null } } }],
    ['submit-stopped', { answer: { ...ANSWER, associations: { rows: [{ ...ROW, isStopped: true }] } } }],
    ['submit-no-default', { answer: { ...ANSWER, associations: { rows: [{ ...ROW, isDefault: false }] } } }],
    ['submit-policy', { answer: said('Job violates accounting/QOS policy (job submit limit)') }],
    ['submit-refused', {}],
    [
      'submit-partition',
      { answer: { ...TAKEN, partition: { name: 'main', accounts: ['bio'], groups: null } } },
    ],
    [
      'submit-partition',
      { answer: { ...TAKEN, partition: { name: 'main', accounts: null, groups: ['adm'] } } },
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

it('the partition of a job that names none is read', () => {
  const line = (name: string, standard: string, accounts: string): string =>
    `PartitionName=${name} AllowGroups=ALL AllowAccounts=${accounts} AllowQos=ALL AllocNodes=ALL Default=${standard} QoS=N/A`;
  expect(parsePartition(`${line('a', 'NO', 'x')}\n${line('b', 'YES', 'ml,bio')}\n`)).toEqual({
    name: 'b',
    accounts: ['ml', 'bio'],
    groups: null,
  });
  expect(parsePartition(line('a', 'NO', 'x'))).toBeNull();
});

it('lines of sacctmgr are associations; a name with a separator is none of them', () => {
  expect(parseAssociations('ml||0|ml\nbio|gpu||ml\na|b|c|d|e\n\n')).toEqual([
    { account: 'ml', partition: '', isStopped: true, isDefault: true },
    { account: 'bio', partition: 'gpu', isStopped: false, isDefault: false },
  ]);
});
