// In which accounts a person can submit jobs, from what Slurm has.
import { expect, it } from 'vitest';
import { listSlurmAccounts } from '../../../../src/agent/slurm/slurm-accounts.ts';

const row = (user: string, account: string, more: { partition?: string; isStopped?: boolean } = {}) => ({
  id: 1,
  user,
  account,
  partition: '',
  isStopped: false,
  ...more,
});

it('has the default account first, each once, and none that is stopped or of someone else', () => {
  const users = [{ name: 'alice', defaultAccount: 'ml' }];
  const associations = [
    row('alice', 'vision'),
    row('alice', 'ml'),
    row('alice', 'ml', { partition: 'gpu' }),
    row('alice', 'audio'),
    row('alice', 'gone', { isStopped: true }),
    row('bob', 'gone', { isStopped: true }),
    row('local', 'taken'),
  ];
  expect([...listSlurmAccounts({ associations, users }, new Set(['alice', 'bob']))]).toEqual([
    ['alice', ['ml', 'audio', 'vision']],
  ]);
});
