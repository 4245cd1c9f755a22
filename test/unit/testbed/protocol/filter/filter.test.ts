// Filters: every operator, the rules on case, and hostile texts.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFilter, type Filter } from '../../../../../src/testbed/protocol/filter/filter.ts';
import { compileFilter } from '../../../../../src/testbed/protocol/filter/match.ts';
import { ScimError } from '../../../../../src/testbed/protocol/scim-error.ts';
import { propertyRuns } from '../../../../support/property-runs.ts';
import { anyText } from '../../../../support/records/any-text.ts';

const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const ALICE = {
  id: 'Abc-1',
  externalId: 'Ext',
  userName: 'Alice@Example.com',
  active: true,
  name: { familyName: "O'Hara" },
  emails: [
    { type: 'work', value: 'alice@work.example', primary: true },
    { type: 'home', value: 'alice@home.example' },
  ],
  tags: ['red', 'blue'],
  title: '',
  [EXTENSION]: { uid: 10000, sunkSshKeys: 'ssh-ed25519 AAAA' },
  meta: { lastModified: '2026-01-01T00:00:00.000Z' },
};

function selects(text: string): boolean {
  return compileFilter(parseFilter(text))(ALICE);
}

describe('a filter', () => {
  it.each([
    ['userName eq "alice@example.COM"', true, 'userName compares without case'],
    ['id eq "abc-1"', false, 'id compares with case'],
    ['externalId eq "Ext"', true, ''],
    ['externalId eq "ext"', false, 'externalId compares with case'],
    ['USERNAME Eq "alice@example.com"', true, 'names and operators have no case'],
    ['active eq true', true, ''],
    ['active eq True', true, 'Entra writes literals with a capital'],
    ['active ne true', false, ''],
    ['name.familyName co "hara"', true, ''],
    ['userName sw "alice"', true, ''],
    ['userName ew ".org"', false, ''],
    ['emails.value co "home"', true, 'any value will do'],
    ['emails eq "alice@home.example"', true, 'a complex value stands for its "value"'],
    ['emails[type eq "work" and value co "home"]', false, 'one value must fulfil all of a value path'],
    ['emails[type eq "home" and value co "home"]', true, ''],
    ['emails[not (type eq "work")]', true, ''],
    ['emails[type eq "work"].value eq "ALICE@work.example"', true, 'Entra looks people up so'],
    ['emails[type eq "work"].value co "home" or active eq false', false, 'and one value must fulfil both'],
    ['emails[type eq "home"].primary pr', false, ''],
    ['tags eq "blue"', true, 'plain lists'],
    ['title pr', false, 'empty text is not present'],
    ['name pr', true, ''],
    ['nickName pr', false, ''],
    ['nickName eq null', true, 'absent and null are the same'],
    ['nickName ne "x"', true, 'absent is not equal'],
    ['not (nickName pr) and active eq true', true, ''],
    ['active eq false or userName sw "A" and id eq "Abc-1"', true, 'and binds tighter than or'],
    ['(active eq false or userName sw "A") and id eq "no"', false, 'brackets bind tightest'],
    ['meta.lastModified gt "2025-12-31T23:00:00-02:00"', false, 'times compare as times'],
    ['meta.lastModified ge "2026-01-01T01:00:00+01:00"', true, ''],
    ['meta.lastModified lt "2026-01-01T00:00:00.001Z"', true, ''],
    [`${EXTENSION}:uid eq 10000`, true, 'a URN has dots and colons'],
    [`${EXTENSION.toUpperCase()}:UID ge 10000.5`, false, 'a URN has no case'],
    [`${EXTENSION}:sunkSshKeys sw "SSH-"`, false, 'keys compare with case'],
    [`${EXTENSION} pr`, true, 'an extension itself is an attribute'],
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName sw "al"', true, 'the core URN may be written'],
    ['userName eq "Alice\\u0040Example.com"', true, 'text is JSON text'],
    ['constructor pr', false, 'what the object inherits is no attribute'],
    ['userName gt 5', false, 'different types do not compare'],
  ])('%s gives %s', (text, expected) => {
    expect(selects(text)).toBe(expected);
  });

  it.each([
    '',
    'userName',
    'userName eq',
    'userName eq alice',
    'userName xx "a"',
    'userName eq "a',
    'userName eq "a" and',
    'userName eq "a" userName eq "b"',
    '(userName eq "a"',
    'emails[type eq "a"',
    'emails[a[b eq 1] eq 2]',
    'emails[a[b eq 1]]',
    'emails[a pr].b.c eq 1',
    'emails[a pr].',
    'emails[a pr]b',
    'active gt true',
    'active co true',
    'userName sw 5',
    '__proto__ pr',
    'a.b.c eq 1',
    'userName eq "\\q"',
    '('.repeat(100) + 'a pr' + ')'.repeat(100),
    'a pr or '.repeat(5000) + 'a pr',
  ])('%s is refused as invalidFilter', (text) => {
    expect(() => parseFilter(text)).toThrow(
      expect.objectContaining({ status: 400, scimType: 'invalidFilter' }),
    );
  });

  it('says where a filter goes wrong', () => {
    expect(() => parseFilter('userName is "a"')).toThrow(
      'expected an operator at character 10, found "is \\"a\\""',
    );
  });

  it.each([
    ['', 'expected an attribute at character 1, found the end'],
    ['userName pr "b"', 'expected the end at character 13, found "\\"b\\""'],
    ['userName eq', 'expected a value at character 12, found the end'],
    ['userName eq bob', 'expected a value at character 13, found "bob"'],
    ['userName eq "\\q"', 'expected a JSON value at character 13, found "\\"\\\\q\\""'],
    ['(userName pr', 'expected ")" at character 13, found the end'],
    ['emails[type pr', 'expected "]" at character 15, found the end'],
    ['a[b[c pr]]', 'expected an operator (brackets do not nest) at character 4, found "[c pr]]"'],
    ['a[b pr].c.d pr', 'expected one sub-attribute at character 12, found " pr"'],
    ['active gt true', 'gt cannot compare with true'],
    ['active le false', 'le cannot compare with false'],
    ['active ge null', 'ge cannot compare with null'],
    ['active lt null', 'lt cannot compare with null'],
    ['userName ew 5', 'ew cannot compare with 5'],
    [`${'('.repeat(41)}a pr${')'.repeat(41)}`, 'nested deeper than 40 levels'],
    [`a eq "${'x'.repeat(16_379)}`, 'longer than 16384 characters'],
  ])('%s is refused in words', (text, message) => {
    expect(() => parseFilter(text)).toThrow(message);
  });

  it('may have 40 levels, 16 KiB and blanks at its end and before each bracket', () => {
    const present = { kind: 'present', path: ['a'] };
    expect(parseFilter(`${'('.repeat(40)}a pr${')'.repeat(40)}`)).toEqual(present);
    const text = `a eq "${'x'.repeat(16_377)}"`;
    expect(text).toHaveLength(16_384);
    expect(parseFilter(text)).toMatchObject({ kind: 'compare', op: 'eq' });
    expect(parseFilter('  ( a pr  )  ')).toEqual(present);
    expect(parseFilter('b[ a pr ]')).toEqual({ kind: 'values', path: ['b'], filter: present });
  });

  it.each(['1.25', '-12', '10000.5', '1e5', '1E25', '2e-3', '2e+12', '0.125e10'])(
    'compares with the number %s',
    (number) => {
      expect(parseFilter(`uid eq ${number}`)).toMatchObject({ value: Number(number) });
    },
  );
});

const pathArbitrary = fc.constantFrom(
  ['userName'],
  ['name', 'givenName'],
  ['$ref'],
  [EXTENSION, 'uid'],
  ['not'],
  [EXTENSION],
);
const comparison = fc.oneof(
  fc.record({
    kind: fc.constant('compare' as const),
    path: pathArbitrary,
    op: fc.constantFrom('eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'),
    value: anyText,
  }),
  fc.record({
    kind: fc.constant('compare' as const),
    path: pathArbitrary,
    op: fc.constantFrom('eq', 'ne'),
    value: fc.oneof(fc.boolean(), fc.constant(null), fc.integer()),
  }),
  fc.record({ kind: fc.constant('present' as const), path: pathArbitrary }),
) as fc.Arbitrary<Filter>;

function nest(leaf: fc.Arbitrary<Filter>): fc.Arbitrary<Filter> {
  return fc.letrec<{ tree: Filter }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.record({ kind: fc.constant('not' as const), term: tie('tree') }),
      fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        terms: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
      }),
    ),
  })).tree;
}
const filterArbitrary = nest(
  fc.oneof(
    comparison,
    fc.record({ kind: fc.constant('values' as const), path: pathArbitrary, filter: nest(comparison) }),
  ),
);

function writePath(path: readonly string[]): string {
  const [first = '', ...rest] = path;
  return first + (rest.length === 0 ? '' : (first.startsWith('urn:') ? ':' : '.') + rest.join('.'));
}

function writeFilter(filter: Filter): string {
  if (filter.kind === 'compare') {
    return `${writePath(filter.path)} ${filter.op} ${JSON.stringify(filter.value)}`;
  }
  if (filter.kind === 'present') return `${writePath(filter.path)} pr`;
  if (filter.kind === 'not') return `not (${writeFilter(filter.term)})`;
  if (filter.kind === 'values') return `${writePath(filter.path)}[${writeFilter(filter.filter)}]`;
  return filter.terms.map((term) => `(${writeFilter(term)})`).join(` ${filter.kind} `);
}

describe('any filter', () => {
  const numRuns = propertyRuns(500, 100_000);

  it('that is written is read as what was written', () => {
    fc.assert(
      fc.property(filterArbitrary, (filter) => {
        expect(parseFilter(writeFilter(filter))).toEqual(filter);
      }),
      { numRuns },
    );
  });

  it('can be asked of any resource without failing, and not turns its answer round', () => {
    fc.assert(
      fc.property(
        filterArbitrary,
        fc.object({ key: fc.constantFrom('userName', 'name', 'givenName', EXTENSION, 'uid') }),
        (filter, resource) => {
          const answer = compileFilter(filter)(resource as never);
          expect(compileFilter({ kind: 'not', term: filter })(resource as never)).toBe(!answer);
        },
      ),
      { numRuns },
    );
  });

  it('of arbitrary text is read or refused, never anything else', () => {
    const word = fc.constantFrom(
      'userName',
      ' ',
      'eq',
      '"a"',
      '(',
      ')',
      '[',
      ']',
      'and',
      'or',
      'not',
      'pr',
      '.',
      'urn:',
      '\\',
      '"',
      '1',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join('')),
        ),
        (text) => {
          try {
            parseFilter(text);
          } catch (error) {
            expect(error).toBeInstanceOf(ScimError);
          }
        },
      ),
      { numRuns },
    );
  });
});
