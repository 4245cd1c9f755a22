// The Slurm in memory of the other tests does what the real one does: test/system/slurm-cases.test.ts has the same list.
import { describe, test } from 'vitest';
import { makeFakeSlurm } from '../../../support/slurm/fake-slurm.ts';
import { CASE_PEOPLE, caseUid, SLURM_CASES } from '../../../support/slurm/slurm-cases.ts';

describe('the Slurm in memory', () => {
  test.each(SLURM_CASES.map((one, index) => [one.name, one, index] as const))('%s', async (_, one, index) => {
    const own = (name: string): string => `c${index}-${name}`;
    const slurm = makeFakeSlurm(CASE_PEOPLE.map((name, person) => [own(name), caseUid(index, person)]));
    await one.run(
      {
        apply: async (step) => slurm.apply(step),
        read: async () => slurm.read(),
        async addOfPartition(user, account) {
          slurm.associations.push({
            id: 1000 + slurm.associations.length,
            account,
            user,
            partition: 'main',
            isStopped: false,
          });
        },
        async submit(user, account, isPending) {
          slurm.jobs.push({ user, account, isPending });
        },
        async addNames(names) {
          for (const [name, uid] of names) slurm.names.set(name, uid);
        },
      },
      own,
    );
  });
});
