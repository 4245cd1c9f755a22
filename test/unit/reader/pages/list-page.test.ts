// A page of a list: what of an answer is one, and what it says.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AgentError } from '../../../../src/common/errors.ts';
import { Answer } from '../../../../src/reader/http/answer.ts';
import { type ListPage, openPage, StaleCursor } from '../../../../src/reader/pages/list-page.ts';
import { makeAnyText } from '../../../support/records/any-text.ts';
import { propertyRuns } from '../../../support/property-runs.ts';

const RUNS = propertyRuns(2000, 100_000);
const LIST = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
const DEPTH = 8;

const answer = (text: string): Answer => new Answer(200, Buffer.from(text), DEPTH);

function open(text: string): ListPage | string {
  try {
    return openPage(answer(text), '/Users');
  } catch (error) {
    return String(error);
  }
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
  test('is what JSON.parse makes of it, or an error of the store', () => {
    fc.assert(
      fc.property(fc.oneof(anyList, anyPieces), (text) => {
        const page = open(text);
        if (typeof page === 'string') {
          expect(page).toMatch(/^(?:AgentError|Error): /);
          return;
        }
        const list = JSON.parse(text) as Record<string, unknown>;
        const name = Object.keys(list).find((one) => one.toLowerCase() === 'resources');
        expect(page.resources).toEqual((name === undefined ? null : list[name]) ?? []);
        expect(page.ids).toHaveLength(page.resources.length);
      }),
      { numRuns: RUNS },
    );
  });

  test('may be nested no deeper than the bound, in its resources too', () => {
    const nest = (levels: number): unknown => (levels === 0 ? 1 : { in: nest(levels - 1) });
    const text = (levels: number): string =>
      JSON.stringify({ schemas: [LIST], totalResults: 1, Resources: [nest(levels)] });
    // The list and its array are two.
    expect(open(text(DEPTH - 2))).toMatchObject({ total: 1 });
    expect(open(text(DEPTH - 1))).toMatch(/nested deeper/);
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
    const read = (): ListPage => openPage(answer(text), '/Users');
    expect(read).toThrow(said);
    expect(read).toThrow(expect.objectContaining({ code: 'store_answer' }) as Error);
  });

  test('is an error of the store, which is reported; a cursor that is no longer good is another matter', () => {
    const refuse = (status: number, body: object) => () =>
      openPage(new Answer(status, Buffer.from(JSON.stringify(body)), DEPTH), '/Users');
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
  ])('may have %s', (_, text, ids) => {
    expect(open(text)).toMatchObject({ ids });
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
  ])('may have %s, too', (_, text, ids) => {
    expect(open(text)).toMatchObject({ ids });
  });
});
