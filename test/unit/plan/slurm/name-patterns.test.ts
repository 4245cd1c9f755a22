// Whose rows Slurm would remove with those of a user.
import { expect, test } from 'vitest';
import { findAlike, indexNames } from '../../../../src/plan/slurm/name-patterns.ts';

test.each([
  ['q_', ['q_', 'q-'], 'q-'],
  ['q_', ['q_', 'qa'], 'qa'],
  ['anna_lee', ['annaxlee', 'anna_lee'], 'annaxlee'],
  ['a__', ['abc'], 'abc'],
  ['q_', ['q_', 'q', 'qaa', 'r_'], null],
  ['q-', ['q-', 'q_', 'qa'], null],
  ['a.c', ['abc'], null],
])('of %s among %j: %s', (name, names, alike) => {
  expect(findAlike(name, indexNames(names))).toBe(alike);
});
