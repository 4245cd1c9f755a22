// Which cluster of slurmdbd is meant.
import { describe, expect, test } from 'vitest';
import { findCluster } from '../../../src/slurm/registration.ts';

const ONE = 'a|10.0.0.1|6817\n';
const TWO = `${ONE}b||0\n`;

/** @param clusters as sacctmgr lists them. @param own ClusterName of slurmctld; null: it does not answer. */
function find(clusters: string, cluster: string | null, own: string | null, last: string | null = null) {
  const asked: string[] = [];
  const found = findCluster(cluster, last, (program) => {
    asked.push(program);
    if (program === 'sacctmgr') return Promise.resolve(clusters);
    if (own === null) return Promise.reject(new Error('Unable to contact slurm controller'));
    // As Slurm 24.11.5 prints it; what follows must not be taken for it.
    return Promise.resolve(
      `AuthInfo                = (null)\nClusterName             = ${own}\nXClusterName = x\n`,
    );
  });
  return { found, asked };
}

describe('the cluster', () => {
  test('is the one that is named', async () => {
    expect(await find(ONE, 'a', null).found).toMatchObject({ name: 'a', isRegistered: true, isHere: true });
    expect(await find(TWO, 'b', 'b').found).toMatchObject({ name: 'b', isRegistered: false, isHere: true });
    expect(await find(TWO, 'b', null, 'a').found).toMatchObject({ name: 'b', isHere: false });
    await expect(find(ONE, 'c', 'c').found).rejects.toThrow('slurmdbd has no cluster c: a');
    await expect(find(TWO, 'c', 'a').found).rejects.toThrow('slurmdbd has no cluster c: a, b');
  });

  // Jobs and names would be those of the other one: what is cancelled, too.
  test('is refused where slurmctld is of another one', async () => {
    await expect(find(TWO, 'b', 'a').found).rejects.toThrow('slurm.cluster is b, and slurmctld here is of a');
  });

  test('is the only one, whatever slurmctld says', async () => {
    const { found, asked } = find(ONE, null, 'z', 'y');
    expect(await found).toEqual({ name: 'a', isRegistered: true, isOnly: true, isHere: true });
    expect(asked).toEqual(['sacctmgr']);
    await expect(find('', null, 'a').found).rejects.toMatchObject({ code: 'slurm_failed' });
  });

  test('is of several that of slurmctld, so that a second one stops no round', async () => {
    expect(await find(TWO, null, 'a').found).toEqual({
      name: 'a',
      isRegistered: true,
      isOnly: false,
      isHere: true,
    });
    expect(await find(TWO, null, 'b', 'a').found).toMatchObject({ name: 'b' });
  });

  test('is of several the last one while slurmctld does not answer', async () => {
    expect(await find(TWO, null, null, 'b').found).toMatchObject({ name: 'b', isHere: false });
  });

  test('is none where it cannot be known, and the way to name it is said', async () => {
    await expect(find(TWO, null, null).found).rejects.toMatchObject({
      code: 'slurm_failed',
      hint: 'name one: slurm.cluster',
      message: expect.stringContaining('2 clusters'),
    });
    await expect(find(TWO, null, 'c').found).rejects.toThrow('no cluster c');
    await expect(find(TWO, null, null, 'gone').found).rejects.toThrow('no cluster gone');
  });
});
