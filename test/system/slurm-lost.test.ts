// slurmctld that lost slurmdbd learns nothing of what changes until it has something to send: the worker makes it, and what
// was lost meanwhile is found and repaired.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SlurmStep } from '../../src/protocol/slurm-messages.ts';
import { eventually } from '../support/eventually.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { CLUSTER } from '../support/slurm/slurm-cluster.ts';
import { startWorkerSite, type WorkerSite } from '../support/slurm/worker-site.ts';

const NONE = { parent: 'root', qos: null, defaultQos: null, fairshare: null, limits: {} };

describeOnNodes('a slurmctld that slurmdbd does not tell', () => {
  let site: WorkerSite;

  beforeAll(async () => {
    site = await startWorkerSite('trixie');
    site.addNames([
      ['ann', 20_001],
      ['bob', 20_002],
      ['cyd', 20_003],
      ['dan', 20_004],
    ]);
    await site.link.apply({ op: 'add-account', name: 'ml', settings: NONE }, CLUSTER);
    await site.link.apply({ op: 'add-associations', names: ['ann'], account: 'ml', isFirst: true }, CLUSTER);
  }, 600_000);
  afterAll(() => site?.stop());

  /** As it is where slurmctld ended its connection last: slurmdbd has no controller of the cluster. */
  async function unregister(): Promise<void> {
    site.must(`systemctl stop slurmdbd
      mariadb slurm_acct_db -e "update cluster_table set control_host='', control_port=0"
      systemctl reset-failed slurmdbd; systemctl start slurmdbd`);
    await eventually('slurmdbd answers', () => site.node.exec('sacctmgr -nP list cluster').status === 0);
    expect(site.must('sacctmgr -nP list cluster format=controlport').trim()).toBe('0');
  }
  const isTaken = (uid: number): boolean =>
    site.node.exec(`setpriv --reuid ${uid} --clear-groups sbatch --test-only --chdir=/ -A ml --wrap true`)
      .status === 0;
  const uidOf = async (name: string): Promise<number | null | undefined> =>
    (await site.link.read(CLUSTER)).uids?.find((one) => one.name === name)?.uid;

  test('has it register again, and shows an association that it lost as one to make anew', async () => {
    const bob = { names: ['bob'], account: 'ml' };
    await unregister();
    await site.link.apply({ op: 'add-associations', ...bob, isFirst: true }, CLUSTER);
    expect(isTaken(20_002)).toBe(false);
    expect(await uidOf('bob')).toBe(null);
    expect(await uidOf('ann')).toBe(20_001);
    expect(site.must('sacctmgr -nP list cluster format=controlport').trim()).toBe('6817');
    expect(site.must('squeue -h -u sunk-slurm -o %i').trim()).toBe('');
    // What the plan makes of it.
    await site.link.apply({ op: 'remove-associations', ...bob }, CLUSTER);
    await site.link.apply({ op: 'add-associations', ...bob, isFirst: true }, CLUSTER);
    expect(await uidOf('bob')).toBe(20_002);
    expect(isTaken(20_002)).toBe(true);
  });

  test('has it register again also where slurmdbd lists it as registered, and does not tell it', async () => {
    const cyd = { names: ['cyd'], account: 'ml' };
    // As under load: a slurmdbd that starts asks slurmctld to register, which answers too late.
    site.must('systemctl stop slurmdbd; pkill -STOP -x slurmctld');
    try {
      site.must('systemctl reset-failed slurmdbd; systemctl start slurmdbd');
      await eventually('slurmdbd answers', () => site.node.exec('sacctmgr -nP list cluster').status === 0);
      await site.link.apply({ op: 'add-associations', ...cyd, isFirst: true }, CLUSTER);
    } finally {
      site.must('pkill -CONT -x slurmctld');
    }
    expect(site.must('sacctmgr -nP list cluster format=controlport').trim()).toBe('6817');
    expect(isTaken(20_003)).toBe(false);
    expect(await uidOf('cyd')).toBe(null);
    await site.link.apply({ op: 'remove-associations', ...cyd }, CLUSTER);
    await site.link.apply({ op: 'add-associations', ...cyd, isFirst: true }, CLUSTER);
    expect(await uidOf('cyd')).toBe(20_003);
    expect(isTaken(20_003)).toBe(true);
  });

  test('has it register again where slurmdbd lists it, has forgotten it and never asks', async () => {
    // Its request to register went out before it listened, so the answer was refused; the list still has what was true before.
    await unregister();
    site.must(
      `mariadb slurm_acct_db -e "update cluster_table set control_host='127.0.0.1', control_port=6817 where name='${CLUSTER}'"`,
    );
    const dan = { names: ['dan'], account: 'ml' };
    let rounds = 0;
    for (let uid: number | null | undefined = null; uid === null && rounds < 20; rounds += 1) {
      // What the plan makes of an association that is not usable.
      if (rounds > 0) await site.link.apply({ op: 'remove-associations', ...dan }, CLUSTER);
      await site.link.apply({ op: 'add-associations', ...dan, isFirst: true }, CLUSTER);
      if (rounds === 0) expect(isTaken(20_004)).toBe(false);
      uid = await uidOf('dan');
    }
    expect(rounds).toBeGreaterThan(1);
    expect(rounds).toBeLessThan(4);
    expect(isTaken(20_004)).toBe(true);
  });

  /** slurmdbd lists it as registered, and tells it nothing. */
  async function forget(): Promise<void> {
    await unregister();
    site.must(
      `mariadb slurm_acct_db -e "update cluster_table set control_host='127.0.0.1', control_port=6817 where name='${CLUSTER}'"`,
    );
  }
  const stop = (name: string): SlurmStep => ({ op: 'stop-submissions', names: [name], account: 'ml' });
  /** As by another program, which does not look whether it holds. */
  const alter = (name: string, most: number): string =>
    site.must(`sacctmgr -iQ modify user where name=${name} account=ml set MaxSubmitJobs=${most}`);
  const isStopped = async (name: string): Promise<boolean | undefined> =>
    (await site.link.read(CLUSTER)).associations.find(({ user }) => user === name)?.isStopped;

  test.each([
    ['unregistered', unregister],
    ['forgotten', forget],
  ])('is told that a stop has ended before that counts as done: %s', async (_, lose) => {
    await site.link.apply(stop('ann'), CLUSTER);
    expect(isTaken(20_001)).toBe(false);
    await lose();
    await site.link.apply({ op: 'allow-submissions', names: ['ann'], account: 'ml' }, CLUSTER);
    expect(isTaken(20_001)).toBe(true);
  });

  test.each([
    ['unregistered', unregister],
    ['forgotten', forget],
  ])('shows a stop that it lost as none, so that it is made again: %s', async (_, lose) => {
    await lose();
    alter('bob', 0);
    expect(isTaken(20_002)).toBe(true);
    expect(await isStopped('bob')).toBe(false);
    await site.link.apply(stop('bob'), CLUSTER);
    expect(isTaken(20_002)).toBe(false);
    expect(await isStopped('bob')).toBe(true);
    await site.link.apply({ op: 'allow-submissions', names: ['bob'], account: 'ml' }, CLUSTER);
  });

  test('has no association removed that it has not stopped: the removal it might miss as well', async () => {
    const dan = { names: ['dan'], account: 'ml' };
    await forget();
    alter('dan', 0);
    expect(isTaken(20_004)).toBe(true);
    await site.link.apply({ op: 'remove-associations', ...dan }, CLUSTER);
    expect(isTaken(20_004)).toBe(false);
    expect(site.must('sacctmgr -nP list assoc user=dan format=user').trim()).toBe('');
    await site.link.apply({ op: 'add-associations', ...dan, isFirst: true }, CLUSTER);
    expect(await uidOf('dan')).toBe(20_004);
    expect(isTaken(20_004)).toBe(true);
  });

  test('lets in who comes back, also where it has the association of before, stopped', async () => {
    const ann = { names: ['ann'], account: 'ml' };
    // With a job, slurmdbd keeps the association as a deleted one, and uses it again.
    site.must(
      'setpriv --reuid 20001 --clear-groups sbatch --chdir=/ --output=/dev/null -A ml --hold --wrap true',
    );
    await site.link.apply(stop('ann'), CLUSTER);
    await site.link.apply({ op: 'cancel-jobs', ...ann, isPendingOnly: false }, CLUSTER);
    await forget();
    site.must('sacctmgr -iQ delete user where name=ann account=ml');
    await site.link.apply({ op: 'add-associations', ...ann, isFirst: true }, CLUSTER);
    expect(isTaken(20_001)).toBe(true);
  });

  test('shows the default account of slurmdbd once that refuses a removal by another one', async () => {
    const defaultOf = async (name: string): Promise<string | undefined> =>
      (await site.link.read(CLUSTER)).users.find((one) => one.name === name)?.defaultAccount;
    const bio = { names: ['cyd'], account: 'bio' };
    await site.link.apply({ op: 'add-account', name: 'bio', settings: NONE }, CLUSTER);
    await site.link.apply({ op: 'add-associations', ...bio, isFirst: false }, CLUSTER);
    await unregister();
    await site.link.apply({ op: 'set-default', ...bio }, CLUSTER);
    expect(await defaultOf('cyd')).toBe('ml');
    await expect(site.link.apply({ op: 'remove-associations', ...bio }, CLUSTER)).rejects.toThrow(/default/);
    expect(await defaultOf('cyd')).toBe('bio');
    // What the plan makes of it.
    await site.link.apply({ op: 'set-default', names: ['cyd'], account: 'ml' }, CLUSTER);
    await site.link.apply({ op: 'remove-associations', ...bio }, CLUSTER);
    expect(await defaultOf('cyd')).toBe('ml');
  });
});
