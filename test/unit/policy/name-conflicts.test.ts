// Managed names and ids that another name service knows otherwise.
import { describe, expect, test } from 'vitest';
import { findNameConflicts, splitQuestions, type AskedBinding } from '../../../src/policy/name-conflicts.ts';
import type { ServiceAnswer } from '../../../src/policy/name-services.ts';

const account = (name: string, id: number): AskedBinding => ({ kind: 'account', name, id });
const group = (name: string, id: number): AskedBinding => ({ kind: 'group', name, id });
const answer = (more: Partial<ServiceAnswer>): ServiceAnswer => ({
  service: 'sss',
  fault: null,
  isMissing: false,
  names: new Map(),
  uids: new Map(),
  groups: new Map(),
  gids: new Map(),
  listed: new Map(),
  unasked: new Set(),
  ...more,
});

describe('a managed name', () => {
  test('is asked about with its id, in batches', () => {
    const asked = [account('amy', 1), group('ops', 2), account('bob', 3)];
    expect(splitQuestions(asked, 2)).toEqual([
      { names: ['amy'], uids: [1], groups: ['ops'], gids: [2], members: [] },
      { names: ['bob'], uids: [3], groups: [], gids: [], members: [] },
    ]);
    expect(splitQuestions([], 2)).toEqual([]);
  });

  test.each<[string, AskedBinding, Partial<ServiceAnswer>, RegExp | null]>([
    ['with another uid', account('amy', 1), { names: new Map([['amy', 9]]) }, /knows amy with the uid 9/],
    ['whose uid is of another', account('amy', 1), { uids: new Map([[1, 'zed']]) }, /uid 1 as zed's/],
    ['of a group with another gid', group('ops', 1), { groups: new Map([['ops', 9]]) }, /gid 9/],
    ['of a group whose gid is of another', group('ops', 1), { gids: new Map([[1, 'z']]) }, /gid 1 as z's/],
    [
      'that is the same there',
      account('amy', 1),
      { names: new Map([['amy', 1]]), uids: new Map([[1, 'amy']]) },
      null,
    ],
    [
      'that only a group has there',
      account('amy', 1),
      { groups: new Map([['amy', 9]]), gids: new Map([[1, 'z']]) },
      null,
    ],
    ['that is unknown there', account('amy', 1), {}, null],
  ])('%s', (_, asked, more, expected) => {
    const found = findNameConflicts([asked], [answer({}), answer(more)]);
    if (expected === null) expect(found).toEqual([]);
    else
      expect(found).toMatchObject([
        { kind: asked.kind, name: asked.name, detail: expect.stringMatching(expected) },
      ]);
  });
});
