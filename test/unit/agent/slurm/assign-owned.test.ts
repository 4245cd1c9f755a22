// To which cluster rows of a build belong that recorded none, and what is managed elsewhere.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assignOwned, countElsewhere } from '../../../../src/agent/slurm/assign-owned.ts';
import { writeSlurmStatus } from '../../../../src/agent/slurm/slurm-status.ts';
import { type Paths, pathsUnder } from '../../../../src/common/paths.ts';
import { STATUS } from '../../../support/slurm/submit-facts.ts';

let paths: Paths;
let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'assign-'));
  paths = pathsUnder(root);
  mkdirSync(path.dirname(paths.slurmStatus), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

/** What rows of before are assigned to where `cluster` is read; undefined: nothing was decided. */
function assign(cluster: string, isUndecided = true): string | null | undefined {
  let assigned: string | null | undefined;
  const state = {
    slurmUnassigned: () => ({ names: [], isUndecided }),
    assignSlurm: (found: string | null) => void (assigned = found),
  };
  const isDone = assignOwned({ state, paths } as unknown as Parameters<typeof assignOwned>[0], cluster);
  expect(isDone).toBe(assigned !== undefined);
  return assigned;
}
const lastRound = (more: object): void =>
  writeFileSync(paths.slurmStatus, JSON.stringify({ ...STATUS, ...more }));

describe('rows of a build that recorded no cluster', () => {
  test('belong to the cluster of the last round, if this one reads the same', () => {
    lastRound({ cluster: 'a' });
    expect(assign('a')).toBe('a');
    // Rounds that failed since have read no other.
    writeSlurmStatus(paths, { failedAt: 2, problem: 'gone' });
    expect(assign('a')).toBe('a');
  });

  test('belong to none where this one reads another, or the last is not known', () => {
    expect(assign('a')).toBeNull();
    writeFileSync(paths.slurmStatus, '{');
    expect(assign('a')).toBeNull();
    lastRound({ cluster: 'a', at: null });
    expect(assign('a')).toBeNull();
    lastRound({ cluster: 'a' });
    expect(assign('b')).toBeNull();
    // A round of this build, whose decision was in a copy of a state database that could not be written.
    lastRound({ cluster: 'b', unassigned: [{ kind: 'account', name: 'ml', scimId: 'g' }] });
    expect(assign('b')).toBeNull();
    lastRound({ cluster: 'b', elsewhere: [{ cluster: 'a', names: 1 }] });
    expect(assign('b')).toBeNull();
  });

  test('are not asked about again', () => {
    lastRound({ cluster: 'a' });
    expect(assign('a', false)).toBeUndefined();
  });
});

test('what is managed in other clusters is counted by cluster', () => {
  const own = (cluster: string, name: string) => ({ cluster, kind: 'user', name, scimId: name }) as const;
  const owned = [own('z', 'ann'), own('here', 'ann'), own('b', 'ann'), own('z', 'bob')];
  expect(countElsewhere(owned, 'here')).toEqual([
    { cluster: 'b', names: 1 },
    { cluster: 'z', names: 2 },
  ]);
  expect(countElsewhere(owned.slice(1, 2), 'here')).toEqual([]);
});
