// The tree of accounts: circles, which Slurm does not refuse, and what an account has of its parents.
import { describe, expect, test } from 'vitest';
import { findCircles, gainsByMove, readInForce } from '../../../../src/plan/slurm/account-tree.ts';
import type { SlurmAccountRow } from '../../../../src/plan/slurm/slurm-rows.ts';

const tree = (parents: Readonly<Record<string, string>>) =>
  new Map(Object.entries(parents).map(([name, parent]) => [name, { parent }]));
const ROOT = { root: '' };

describe('a circle', () => {
  test.each<[string, Record<string, string>, Record<string, string>, string[]]>([
    ['an order of parents', { a: 'b', b: 'root' }, { a: 'root', b: 'a' }, []],
    ['an account below itself', { a: 'a' }, {}, ['a']],
    ['two below each other', { a: 'b', b: 'a', c: 'a' }, {}, ['a', 'b']],
    ['through one of others', { a: 'legacy' }, { a: 'root', legacy: 'a' }, ['a']],
    [
      'through one that keeps its parent, being in a circle',
      { a: 'b', b: 'c', c: 'b' },
      { b: 'a' },
      ['a', 'b', 'c'],
    ],
    ['a parent that is nowhere', { a: 'nosuch' }, {}, []],
  ])('%s', (_, managed, rows, expected) => {
    expect([...findCircles(tree(managed), tree({ ...ROOT, ...rows }))].sort()).toEqual(expected);
  });
});

test('limits of one user or job and QOS are those of the nearest parent that sets them, limits of a group are not', () => {
  const row = (
    name: string,
    parent: string,
    more: Partial<SlurmAccountRow> = {},
  ): [string, SlurmAccountRow] => [
    name,
    { name, parent, qos: [], defaultQos: '', fairshare: 1, limits: {}, ...more },
  ];
  const rows = new Map([
    row('root', '', { qos: ['normal'], limits: { MaxJobs: '9', MaxSubmitJobs: '8' } }),
    row('a', 'root', { qos: ['high'], limits: { MaxJobs: '5', GrpJobs: '7' } }),
    row('b', 'a', { limits: { GrpTRES: 'cpu=1' } }),
  ]);
  expect(readInForce(rows.get('b')!, rows)).toEqual({
    qos: ['high'],
    limits: { GrpTRES: 'cpu=1', MaxJobs: '5', MaxSubmitJobs: '8' },
  });
});

describe('an account that moves', () => {
  const row = (name: string, parent: string, more: Partial<SlurmAccountRow> = {}): SlurmAccountRow => ({
    name,
    parent,
    qos: [],
    defaultQos: '',
    fairshare: 1,
    limits: {},
    ...more,
  });
  const root = row('root', '', { qos: ['normal'] });
  const index = (...rows: readonly SlurmAccountRow[]) =>
    new Map([root, ...rows].map((one) => [one.name, one]));
  type More = Partial<SlurmAccountRow>;
  /** From below `old`, which is below root, to below `new`. */
  const move = (old: More, other: More, own: More = {}, between: More = {}): boolean => {
    const parents = [row('old', 'root', old), row('new', 'over', other), row('over', 'root', between)];
    return gainsByMove('x', index(...parents, row('x', 'old', own)), index(...parents, row('x', 'new', own)));
  };
  const limits = (text: string): More => ({
    limits: Object.fromEntries(text.split(' ').map((part) => part.split(/=(.*)/s).slice(0, 2))),
  });

  test.each<[string, boolean, More, More, More?, More?]>([
    ['gets nothing of parents that are alike', false, {}, {}],
    ['gets QOS that the parent before has not', true, {}, { qos: ['high', 'normal'] }],
    ['loses QOS', false, { qos: ['high', 'normal'] }, {}],
    ['gets other QOS', true, { qos: ['low'] }, { qos: ['high'] }],
    ['gets no QOS where it sets its own', false, {}, { qos: ['high'] }, { qos: ['normal'] }],
    ['gets QOS of the next parent that sets any', true, {}, {}, {}, { qos: ['high'] }],
    ['gets more jobs a user', true, limits('MaxJobs=3'), limits('MaxJobs=4')],
    ['gets fewer', false, limits('MaxJobs=4'), limits('MaxJobs=3')],
    ['gets rid of a limit', true, limits('MaxJobs=3'), {}],
    ['gets a first limit', false, {}, limits('MaxJobs=3')],
    ['gets nothing where it sets the limit itself', false, limits('MaxJobs=3'), {}, limits('MaxJobs=2')],
    [
      'gets the limit of the nearest',
      true,
      limits('MaxJobs=3'),
      limits('MaxJobs=9'),
      {},
      limits('MaxJobs=1'),
    ],
    ['gets longer jobs', true, limits('MaxWallDurationPerJob=60'), limits('MaxWallDurationPerJob=1-0')],
    [
      'gets as long ones',
      false,
      limits('MaxWallDurationPerJob=60'),
      limits('MaxWallDurationPerJob=01:00:00'),
    ],
    ['leaves the limit of a group', true, limits('GrpJobs=3'), {}, limits('GrpJobs=9')],
    ['is in a smaller group', false, limits('GrpJobs=3'), limits('GrpJobs=2')],
    ['is in a larger group', true, limits('GrpJobs=3'), limits('GrpJobs=4')],
    ['has a lower limit of a group itself', false, limits('GrpJobs=3'), {}, limits('GrpJobs=2')],
    [
      'is in a group of a smaller one',
      false,
      limits('GrpJobs=3'),
      limits('GrpJobs=9'),
      {},
      limits('GrpJobs=1'),
    ],
    [
      'is bound to each TRES as tightly',
      false,
      limits('GrpTRES=cpu=4,gres/gpu=2'),
      limits('GrpTRES=cpu=4'),
      {},
      limits('GrpTRES=gres/gpu=1'),
    ],
    ['gets more of one TRES', true, limits('GrpTRES=cpu=4,gres/gpu=2'), limits('GrpTRES=cpu=1,gres/gpu=3')],
    ['gets as much memory', false, limits('GrpTRES=mem=10G'), limits('GrpTRES=mem=10240')],
    ['gets more memory', true, limits('GrpTRES=mem=900M'), limits('GrpTRES=mem=1G')],
    ['keeps what is no number', false, limits('GrpTRES=fs/x=odd'), limits('GrpTRES=fs/x=odd')],
  ])('%s', (_, expected, old, other, own, between) => expect(move(old, other, own, between)).toBe(expected));

  test('gets nothing that it could not have before and after', () => {
    expect(gainsByMove('x', index(), index(row('x', 'root')))).toBe(false);
    expect(gainsByMove('x', index(row('x', 'root')), index())).toBe(false);
  });
});
