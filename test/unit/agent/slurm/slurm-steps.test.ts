import { describe, expect, it } from 'vitest';
import { toBatches } from '../../../../src/agent/slurm/slurm-steps.ts';
import type { Change } from '../../../../src/plan/change.ts';

const common = { because: 'a rule', uid: 1000 } as const;

function add(name: string, account: string, isFirst: boolean): Change {
  return { kind: 'slurm-association-add', scimId: name, name, account, isFirst, ...common };
}

function remove(name: string, account: string): Change {
  return { kind: 'slurm-association-remove', scimId: name, name, account, isEnabled: false, because: 'gone' };
}

/** As the plan sorts them: by name. */
const people = Array.from({ length: 1000 }, (_, n) => `p${String(n).padStart(4, '0')}`);

describe('batches', () => {
  it('takes one command for each account and 300 people, however many accounts a person has', () => {
    const changes = people.flatMap((name) => [add(name, 'ml', true), add(name, 'vision', false)]);
    const batches = toBatches(changes);
    expect(batches).toHaveLength(8);
    expect(batches.flatMap((batch) => batch.changes)).toHaveLength(2000);
  });

  it('adds the association that makes the default account before any other of the same person', () => {
    const batches = toBatches([add('ann', 'zoo', true), add('ann', 'art', false), add('bo', 'art', true)]);
    const order = batches.flatMap(({ changes }) => changes);
    const at = (account: string): number =>
      order.findIndex((change) => 'account' in change && change.account === account && change.name === 'ann');
    expect(at('zoo')).toBeLessThan(at('art'));
  });

  it('removes the associations of a person in the order of the plan, which has the default account last', () => {
    const batches = toBatches([
      remove('ann', 'zoo'),
      remove('ann', 'art'),
      remove('bo', 'art'),
      remove('bo', 'zoo'),
    ]);
    expect(batches.map(({ step }) => step)).toEqual([
      { op: 'remove-associations', names: ['bo'], account: 'art' },
      { op: 'remove-associations', names: ['ann'], account: 'zoo' },
      { op: 'remove-associations', names: ['ann'], account: 'art' },
      { op: 'remove-associations', names: ['bo'], account: 'zoo' },
    ]);
  });

  it('keeps one kind behind the other', () => {
    const stop: Change = {
      kind: 'slurm-submit-stop',
      scimId: 'x',
      name: 'ann',
      account: 'zoo',
      isEnabled: false,
      because: 'gone',
    };
    const batches = toBatches([stop, add('bo', 'art', true), remove('ann', 'zoo')]);
    expect(batches.map(({ step }) => step.op)).toEqual([
      'stop-submissions',
      'add-associations',
      'remove-associations',
    ]);
  });
});
