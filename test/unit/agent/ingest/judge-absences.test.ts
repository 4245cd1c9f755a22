import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeAbsences, type Lists, type SingleRead } from '../../../../src/agent/ingest/judge-absences.ts';
import type { Suspect } from '../../../../src/state/batch/ingest-model.ts';

const WHOLE: Lists = { User: { came: 5, isComplete: true }, Group: { came: 5, isComplete: true } };
const PARTIAL: Lists = { User: { came: 5, isComplete: false }, Group: { came: 5, isComplete: false } };
const user = (id: string): Suspect => ({ kind: 'User', id, lostMembers: [] });
const group = (id: string, ...lostMembers: string[]): Suspect => ({ kind: 'Group', id, lostMembers });
const absent: SingleRead = { found: 'absent', members: null };
const unknown: SingleRead = { found: 'unknown', members: null };
const present = (...members: string[]): SingleRead => ({ found: 'present', members: new Set(members) });

function judge(
  suspects: readonly Suspect[],
  reads: Readonly<Record<string, SingleRead>>,
  lists: Lists | null = WHOLE,
) {
  const { absences, problems, warnings } = judgeAbsences(suspects, ({ id }) => reads[id], lists);
  return {
    verdicts: Object.fromEntries(absences.map(({ suspect, verdict }) => [suspect.id, verdict])),
    absences,
    problems,
    warnings,
  };
}

describe('an absence', () => {
  test('is established by the store’s own word, counted without one, and nothing where the list is partial', () => {
    const suspects = [user('a'), user('b'), user('c')];
    const reads = { a: absent, b: unknown };
    expect(judge(suspects, reads).verdicts).toEqual({ a: 'gone', b: 'count', c: 'count' });
    expect(judge(suspects, reads, PARTIAL).verdicts).toEqual({ a: 'gone', b: 'open', c: 'open' });
    expect(judge(suspects, reads, null).verdicts).toEqual({ a: 'gone', b: 'open', c: 'open' });
  });

  test('does not count for a kind whose list lacks a user that the store has; what it confirms acts', () => {
    const { verdicts, problems, warnings } = judge([user('a'), user('b'), user('c'), group('g')], {
      a: absent,
      b: present(),
    });
    expect(verdicts).toEqual({ a: 'gone', b: 'there', c: 'open', g: 'count' });
    expect(problems).toEqual([
      {
        code: 'list-contradicted',
        detail:
          'the list of Users lacks 1 that the store has when asked by id: no such absence counts in this sync',
      },
    ]);
    expect(warnings).toEqual([]);
  });

  test('of a member counts in no group where the list cut those of one; who is out of that group has left', () => {
    const suspects = [group('cut', 'x', 'y'), group('other', 'z'), group('gone')];
    const { absences, problems, warnings } = judge(suspects, { cut: present('x') });
    expect(absences).toEqual([
      { suspect: suspects[0], verdict: 'left', members: ['y'] },
      { suspect: suspects[1], verdict: 'open' },
      { suspect: suspects[2], verdict: 'count' },
    ]);
    expect(problems).toEqual([]);
    expect(warnings).toHaveLength(1);
  });

  test('of members whose group cannot be judged follows from nothing', () => {
    expect(judge([group('g', 'x')], { g: { found: 'present', members: null } }).verdicts).toEqual({
      g: 'open',
    });
  });
});

test('nobody is counted out by a list that is contradicted, and what one is judged does not hang on the order', () => {
  const read = fc.constantFrom<(SingleRead | undefined)[]>(absent, unknown, present(), undefined);
  fc.assert(
    fc.property(fc.array(read, { minLength: 1, maxLength: 12 }), (answers) => {
      const suspects = answers.map((_, index) => user(String(index)));
      const reads = Object.fromEntries(
        answers.flatMap((answer, index) => (answer === undefined ? [] : [[String(index), answer]])),
      );
      const { verdicts } = judge(suspects, reads);
      const isWrong = answers.some((answer) => answer?.found === 'present');
      expect(Object.values(verdicts).includes('count')).toBe(
        !isWrong && answers.some((answer) => answer === undefined || answer.found === 'unknown'),
      );
      expect(judge(suspects.toReversed(), reads).verdicts).toEqual(verdicts);
    }),
  );
});
