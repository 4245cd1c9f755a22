import { describe, expect, it } from 'vitest';
import { findImpossible } from '../../../../src/agent/slurm/check-rows.ts';
import type { SlurmRows } from '../../../../src/plan/slurm/slurm-rows.ts';

const account = (name: string, parent: string): SlurmRows['accounts'][number] => ({
  name,
  parent,
  qos: [],
  defaultQos: '',
  fairshare: 1,
  limits: {},
});
const association = (id: number, user: string, partition = ''): SlurmRows['associations'][number] => ({
  id,
  account: 'ml',
  user,
  partition,
  isStopped: false,
});
const chain = (length: number): SlurmRows['accounts'] =>
  Array.from({ length }, (_, n) => account(`a${n}`, n === length - 1 ? 'root' : `a${n + 1}`));
const ROWS: SlurmRows = {
  cluster: 'c',
  accounts: [account('root', ''), account('ml', 'root')],
  users: [],
  associations: [association(3, 'ann'), association(4, 'ann', 'gpu'), association(5, 'bob')],
  jobs: [
    { user: 'ann', account: 'ml', isPending: true },
    { user: 'ann', account: 'ml', isPending: false },
  ],
  uids: [
    { name: 'ann', uid: null },
    { name: 'bob', uid: 20_001 },
  ],
};
const find = (more: Partial<SlurmRows>, cluster: string | null = 'c') =>
  findImpossible({ ...ROWS, ...more }, cluster);

describe('rows that Slurm', () => {
  it('can have are in order', () => {
    expect(find({})).toBeNull();
    expect(find({}, null)).toBeNull();
    expect(find({ uids: null })).toBeNull();
    expect(find({ accounts: [account('root', ''), ...chain(50)] })).toBeNull();
    // sacctmgr makes no circles, but what is left of accounts that it has not listed may look like one.
    expect(find({ accounts: [account('lost', 'gone')] })).toBeNull();
  });

  it.each<[string, Partial<SlurmRows>]>([
    ['another cluster', { cluster: 'd' }],
    ['an account twice', { accounts: [account('ml', 'root'), account('ml', '')] }],
    ['an id twice', { associations: [association(3, 'ann'), association(3, 'bob')] }],
    ['an association twice', { associations: [association(3, 'ann'), association(4, 'ann')] }],
    ['a negative id', { associations: [association(-3, 'ann')] }],
    ['jobs twice', { jobs: [...ROWS.jobs, ...ROWS.jobs] }],
    ['a negative uid', { uids: [{ name: 'ann', uid: -1 }] }],
    ['a uid of more than 32 bits', { uids: [{ name: 'ann', uid: 2 ** 32 }] }],
    ['a circle', { accounts: [account('a', 'b'), account('b', 'a')] }],
    ['a chain without end', { accounts: chain(200_000) }],
  ])('cannot have are refused: %s', (_, more) => expect(find(more)).not.toBeNull());
});
