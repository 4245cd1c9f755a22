// What the worker's operations do to a real Slurm: the list that the fake of the unit tests is held to as well.
import { afterAll, beforeAll, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { CASE_PEOPLE, caseUid, SLURM_CASES } from '../support/slurm/slurm-cases.ts';
import { CLUSTER } from '../support/slurm/slurm-cluster.ts';
import { startWorkerSite, type WorkerSite } from '../support/slurm/worker-site.ts';

describeOnNodes('the real Slurm', () => {
  let site: WorkerSite;

  beforeAll(async () => {
    site = await startWorkerSite('trixie');
    site.addNames(
      SLURM_CASES.flatMap((_, index) =>
        CASE_PEOPLE.map((name, person) => [`c${index}-${name}`, caseUid(index, person)] as const),
      ),
    );
  }, 600_000);
  afterAll(() => site?.stop());

  async function submit(user: string, account: string, isPending: boolean): Promise<void> {
    const more = isPending ? '--begin=now+1hour' : '';
    const id = site
      .must(
        `setpriv --reuid $(id -u ${user}) --clear-groups sbatch --parsable --chdir=/ --output=/dev/null -A ${account} ${more} --wrap 'sleep 600'`,
      )
      .trim();
    if (isPending) return;
    await eventually('the job runs', () => site.must(`squeue -h -j ${id} -o %t`).trim() === 'R');
  }

  test.each(SLURM_CASES.map((one, index) => [one.name, one, index] as const))(
    '%s',
    async (_, one, index) => {
      const { link, must, addNames } = site;
      await one.run(
        {
          apply: (step) => link.apply(step, CLUSTER),
          read: () => link.read(CLUSTER),
          addOfPartition: async (user, account) =>
            void must(
              `sacctmgr -iQ add user name=${user} account=${account} partition=main cluster=${CLUSTER}`,
            ),
          submit,
          addNames: async (names) => addNames(names),
        },
        (name) => `c${index}-${name}`,
      );
    },
    180_000,
  );
});
