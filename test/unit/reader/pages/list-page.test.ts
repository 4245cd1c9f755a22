// A page of a list is the same whether its resources are cut out of it, memoised, or parsed with all the rest.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AgentError } from '../../../../src/common/errors.ts';
import { Answer } from '../../../../src/reader/http/answer.ts';
import { type ListPage, openPage, StaleCursor } from '../../../../src/reader/pages/list-page.ts';
import { cutList } from '../../../../src/reader/pages/list-text.ts';
import { createPageMemo } from '../../../../src/reader/pages/page-memo.ts';
import { makeAnyText } from '../../../support/records/any-text.ts';
import { propertyRuns } from '../../../support/property-runs.ts';

const RUNS = propertyRuns(2000, 100_000);
const LIST = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
const DEPTH = 8;

const answer = (text: string): Answer => new Answer(200, Buffer.from(text), DEPTH);

function open(text: string, memo: ReturnType<typeof createPageMemo> | null): ListPage | string {
  try {
    return openPage(answer(text), '/Users', memo);
  } catch (error) {
    return String(error);
  }
}

/** What it says, whichever way it was read. */
const gist = (page: ListPage | string) =>
  typeof page === 'string' ? page : { total: page.total, nextCursor: page.nextCursor, ids: page.ids };

/** Reads a text plainly, with an empty memo, and with one that knows it. */
function readThrice(text: string) {
  const plain = open(text, null);
  const memo = createPageMemo();
  memo.begin([]);
  const first = open(text, memo);
  expect(gist(first)).toEqual(gist(plain));
  if (typeof first === 'string' || typeof plain === 'string') return { plain, first, again: first };
  expect(first.resources).toEqual(plain.resources);
  memo.begin(first.digest === null ? [] : [first.digest]);
  const again = open(text, memo);
  expect(gist(again)).toEqual(gist(plain));
  return { plain, first, again };
}

const anyResource = fc.oneof(
  { weight: 3, arbitrary: fc.record({ id: makeAnyText(6), userName: makeAnyText(6) }) },
  fc.record({ id: fc.constantFrom('a', 'b', ''), more: fc.jsonValue({ maxDepth: 3 }) }),
  fc.constantFrom<unknown>(
    { id: 'x', Resources: [] },
    { id: 'x', Resources: [{ schemas: [LIST] }] },
    { id: ']}', note: '"Resources":[' },
    null,
    [],
    7,
  ),
);

/** The parts of a list, whose order and white space a store chooses. */
const anyList = fc
  .record({
    parts: fc.shuffledSubarray([
      ['schemas', [LIST]],
      ['totalResults', 5],
      ['nextCursor', 'c.1'],
      ['note', '"Resources":["]'],
      ['extra', [1, [2]]],
      ['"Resources', [3]],
      ['nested', { Resources: [] }],
      ['deeper', { Resources: [4] }],
    ] as [string, unknown][]),
    name: fc.constantFrom('Resources', 'Resources', 'Resources', 'resources', 'RESOURCES'),
    resources: fc.array(anyResource, { maxLength: 4 }),
    place: fc.nat(7),
    indent: fc.constantFrom('', '  ', '\t', '\n'),
  })
  .map(({ parts, name, resources, place, indent }) => {
    const entries = [...parts.slice(0, place), [name, resources] as [string, unknown], ...parts.slice(place)];
    return JSON.stringify(Object.fromEntries(entries), null, indent);
  });

/** Text that is hardly ever JSON, made of what a list is made of. */
const anyPieces = fc
  .array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\"',
      '"Resources":[',
      '"Resources" : [',
      '"Resources":[]',
      '"resources":[{"id":"r"}]',
      `"schemas":["${LIST}"]`,
      `{"schemas":["${LIST}"],"Resources":[`,
      '{"id":"a"}',
      ']}',
    ),
    { maxLength: 14 },
  )
  .map((pieces) => pieces.join(''));

describe('a page of a list', () => {
  test('says the same however it is laid out, and whether it is known or not', () => {
    fc.assert(
      fc.property(fc.oneof(anyList, anyPieces), (text) => void readThrice(text)),
      { numRuns: RUNS },
    );
  });

  test.each([
    ['with all names in front', { schemas: [LIST], totalResults: 9, Resources: [{ id: 'a' }] }],
    ['with the names behind', { Resources: [{ id: 'a' }], schemas: [LIST], totalResults: 9 }],
    ['as the one that is empty', { schemas: [LIST], totalResults: 0, Resources: [] }],
  ])('is known again %s', (_, list) => {
    for (const indent of [undefined, 2]) {
      const { first, again } = readThrice(JSON.stringify(list, null, indent));
      expect(first).toMatchObject({ resources: list.Resources, digest: expect.any(String) as string });
      expect(again).toEqual({ ...(first as ListPage), resources: null });
    }
  });

  test('is known again under another total and another cursor, and nothing of those is remembered', () => {
    const text = (total: number, nextCursor: string): string =>
      JSON.stringify({ schemas: [LIST], totalResults: total, nextCursor, Resources: [{ id: 'a' }] });
    const memo = createPageMemo();
    const { digest } = openPage(answer(text(1, 'one')), '/Users', memo);
    memo.begin([digest ?? '']);
    expect(openPage(answer(text(2, 'two')), '/Users', memo)).toEqual({
      total: 2,
      nextCursor: 'two',
      ids: ['a'],
      resources: null,
      digest,
    });
  });

  test('is not known by what another list had, nor with one byte exchanged', () => {
    const text = (name: string): string =>
      JSON.stringify({ schemas: [LIST], totalResults: 1, Resources: [{ id: 'a', name }] });
    const memo = createPageMemo();
    const { digest } = openPage(answer(text('x')), '/Users', memo);
    memo.begin([digest ?? '']);
    expect(openPage(answer(text('y')), '/Users', memo).resources).toHaveLength(1);
    expect(openPage(answer(text('x')), '/Groups', memo).resources).toHaveLength(1);
    expect(openPage(answer(text('x')), '/Users', memo).resources).toBeNull();
  });

  test('that the agent knows and the reader has forgotten is parsed for its ids, and not sent', () => {
    const text = JSON.stringify({ schemas: [LIST], totalResults: 1, Resources: [{ id: 'a' }, {}] });
    const { digest } = openPage(answer(text), '/Users', createPageMemo());
    const memo = createPageMemo();
    memo.begin([digest ?? '']);
    expect(openPage(answer(text), '/Users', memo)).toMatchObject({ ids: ['a', null], resources: null });
  });

  test('may be nested no deeper than the bound, in its resources too', () => {
    const nest = (levels: number): unknown => (levels === 0 ? 1 : { in: nest(levels - 1) });
    const text = (levels: number): string =>
      JSON.stringify({ schemas: [LIST], totalResults: 1, Resources: [nest(levels)] });
    // The list and its array are two.
    expect(readThrice(text(DEPTH - 2)).plain).toMatchObject({ total: 1 });
    expect(readThrice(text(DEPTH - 1)).plain).toMatch(/nested deeper/);
  });
});

describe('what is no page', () => {
  const list = (more: object): string => JSON.stringify({ schemas: [LIST], ...more });

  test.each([
    ['an array', '[]', /something that is not a ListResponse/],
    ['nothing', 'null', /something that is not a ListResponse/],
    ['an object without schemas', '{"Resources":[]}', /something that is not a ListResponse/],
    ['schemas that are no array', JSON.stringify({ schemas: LIST, Resources: [] }), /not a ListResponse/],
    ['schemas of something else', '{"schemas":["urn:x",7,null],"Resources":[]}', /not a ListResponse/],
    ['resources that are no array', list({ Resources: { id: 'a' } }), /Resources are no array/],
    ['a total below nothing', list({ totalResults: -1, Resources: [] }), /totalResults is no count/],
    ['half a total', list({ totalResults: 1.5, Resources: [] }), /totalResults is no count/],
    ['a total in words', list({ totalResults: '3', Resources: [] }), /totalResults is no count/],
    ['an empty cursor', list({ nextCursor: '', Resources: [] }), /nextCursor is no text/],
    ['a number for a cursor', list({ nextCursor: 7, Resources: [] }), /nextCursor is no text/],
    ['what ends too soon', list({ Resources: [{ id: 'a' }] }).slice(0, -2), /claims to be JSON/],
  ])('is %s', (_, text, said) => {
    for (const memo of [null, createPageMemo()]) {
      memo?.begin([]);
      const read = (): ListPage => openPage(answer(text), '/Users', memo);
      expect(read).toThrow(said);
      expect(read).toThrow(expect.objectContaining({ code: 'store_answer' }) as Error);
    }
  });

  test('is an error of the store, which is reported; a cursor that is no longer good is another matter', () => {
    const refuse = (status: number, body: object) => () =>
      openPage(new Answer(status, Buffer.from(JSON.stringify(body)), DEPTH), '/Users', createPageMemo());
    expect(refuse(404, { detail: 'no such path' })).toThrow(
      '/Users answered 404 instead of a list: no such path',
    );
    expect(refuse(400, { scimType: 'invalidFilter' })).toThrow(AgentError);
    expect(refuse(404, { scimType: 'expiredCursor' })).toThrow(AgentError);
    for (const scimType of ['expiredCursor', 'INVALIDCURSOR'])
      expect(refuse(400, { scimType })).toThrow(StaleCursor);
    for (const scimType of ['notanexpiredCursor', 'expiredCursors'])
      expect(refuse(400, { scimType })).toThrow(AgentError);
  });
});

describe('the layout of a list', () => {
  const L = JSON.stringify(LIST);
  const person = '{"id":"a"}';

  test.each([
    ['a name that only ends so', `{"\\"Resources":[3],"Resources":[],"schemas":[${L}]}`, []],
    ['one within another', `{"in":{"Resources":[${person}]},"Resources":[],"schemas":[${L}]}`, []],
    ['one behind another', `{"schemas":[${L}],"Resources":[${person}],"in":{"Resources":[]}}`, ['a']],
    ['two spellings', `{"schemas":[${L}],"Resources":[],"resources":[${person}]}`, ['a']],
    ['small letters', `{"schemas":[${L}],"resources":[${person}]}`, ['a']],
    ['none at all', `{"schemas":[${L}]}`, []],
    ['null', `{"schemas":[${L}],"Resources":null}`, []],
    ['one in a string', `{"schemas":[${L}],"x":"\\"Resources\\":[","resources":[${person}]}`, ['a']],
    ['wide white space', `{"schemas":[${L}],"Resources"${' '.repeat(50)}:[${person}]}`, ['a']],
    ['many arrays behind', `{"Resources":[${person}],"a":[],"b":[],"c":[],"d":[],"schemas":[${L}]}`, ['a']],
  ])('may have %s, and is read whole then', (_, text, ids) => {
    expect(readThrice(text).first).toMatchObject({ ids, digest: null });
  });

  test.each([
    ['white space', `{ "schemas" : [ ${L} ] , "Resources"\t:\r\n[ ${person} , {} ] }`, ['a', null]],
    ['another array behind', `{"schemas":[${L}],"Resources":[${person}],"a":[1]}`, ['a']],
    ['arrays behind', `{"Resources":[${person}],"a":[],"b":[],"schemas":[${L}]}`, ['a']],
    [
      'other schemas too',
      `{"schemas":["urn:x",${L.toUpperCase()}],"Resources":[{"id":""},{"id":7}]}`,
      [null, null],
    ],
    ['brackets in names', `{"schemas":[${L}],"Resources":[{"id":"]}","x":"[\\"]"}]}`, [']}']],
    ['another id', `{"schemas":[${L}],"Resources":[{"ID":"a"},[],null,"x"]}`, ['a', null, null, null]],
  ])('may have %s, and the page is known again', (_, text, ids) => {
    const { first, again } = readThrice(text);
    expect(first).toMatchObject({ ids, digest: expect.stringMatching(/^[\w-]{43}$/) as string });
    expect(again).toMatchObject({ ids, resources: null });
  });
});

test('of a page that both sides know nothing is parsed but what is around its resources', () => {
  const text = JSON.stringify({ schemas: [LIST], Resources: [{ id: 'a' }] });
  const memo = createPageMemo();
  memo.begin([]);
  const { digest } = openPage(answer(text), '/Users', memo);
  memo.begin([digest ?? '']);
  const parsed: string[] = [];
  class Watched extends Answer {
    override parse(part: Buffer, above: number): unknown {
      parsed.push(part.toString());
      return super.parse(part, above);
    }
  }
  openPage(new Watched(200, Buffer.from(text), DEPTH), '/Users', memo);
  expect(parsed).toEqual([JSON.stringify({ schemas: [LIST], Resources: [] })]);
  // What the agent does not know (any more) is forgotten here, too.
  memo.begin([]);
  expect(memo.findIds(digest ?? '')).toBeNull();
});

test('no list is cut at more than a few places, however many brackets it has', () => {
  expect([...cutList(Buffer.from(`{"Resources":[${']'.repeat(10_000)}`))].length).toBeLessThan(10);
});
