// Two ledgers side by side: what contradicts, what is the same, what only one of them has.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Binding } from '../../../../src/policy/model.ts';
import { compareLedgers, indexLedger } from '../../../../src/policy/ledger/compare-ledgers.ts';
import { makeBinding } from '../../../support/records/organisation.ts';

const group = (name: string, id: number, more: Partial<Binding> = {}): Binding =>
  makeBinding(name, id, { kind: 'group', scimId: `g-${name}`, gid: null, home: null, ...more });

const alice = makeBinding('alice', 20_001);

describe('a comparison of ledgers', () => {
  it.each<[string, Binding, Binding, string[]]>([
    ['the same', alice, { ...alice, boundAt: 1, disabledAt: 2 }, []],
    ['another uid for one person', alice, { ...alice, id: 20_002 }, ['id']],
    ['another name for one person', alice, { ...alice, name: 'alicia' }, ['name']],
    ['another primary group', alice, { ...alice, gid: 100 }, ['gid']],
    ['another home', alice, { ...alice, home: '/data/alice' }, ['home']],
    ['all of it', alice, { ...alice, id: 1, name: 'x', gid: 2, home: null }, ['gid', 'home', 'id', 'name']],
    [
      'one name for two people with one uid',
      alice,
      { ...alice, scimId: 'u-other', gid: 100, home: '/x' },
      [],
    ],
    ['one name for two people', alice, makeBinding('alice', 20_002, { scimId: 'u-other' }), ['id']],
    ['one uid for two people', alice, makeBinding('bob', 20_001), ['name']],
  ])('tells %s', (_, here, there, whats) => {
    const { differences, same, onlyHere, onlyThere } = compareLedgers([here], [there]);
    expect(differences.map(({ what }) => what)).toEqual(whats);
    expect([same, onlyHere, onlyThere]).toEqual([whats.length === 0 ? 1 : 0, [], []]);
    for (const difference of differences) expect(difference).toMatchObject({ here, there });
  });

  it('keeps people and groups apart, whatever they are called', () => {
    const { differences, same, onlyHere, onlyThere } = compareLedgers(
      [alice],
      [group('alice', 20_001, { scimId: 'u-alice' })],
    );
    expect({ differences, same, onlyHere, onlyThere }).toEqual({
      differences: [],
      same: 0,
      onlyHere: [alice],
      onlyThere: [group('alice', 20_001, { scimId: 'u-alice' })],
    });
  });

  it('is sorted by kind, name and SCIM id', () => {
    const here = [group('b', 3), makeBinding('z', 20_009), makeBinding('a', 20_010), group('a', 4)];
    const { onlyHere } = compareLedgers(here, []);
    expect(onlyHere.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'account a',
      'account z',
      'group a',
      'group b',
    ]);
    const { onlyThere } = compareLedgers(
      [],
      [makeBinding('x', 2, { scimId: 'u-2' }), makeBinding('x', 1, { scimId: 'u-1' })],
    );
    expect(onlyThere.map(({ scimId }) => scimId)).toEqual(['u-1', 'u-2']);
    const { differences } = compareLedgers(
      [makeBinding('z', 1), makeBinding('a', 2)],
      [makeBinding('z', 3), makeBinding('a', 4)],
    );
    expect(differences.map(({ here: one }) => one.name)).toEqual(['a', 'z']);
  });

  it('finds nothing between a ledger and itself, in any order, and the same from both sides', () => {
    const bindings = fc.uniqueArray(
      fc.record({
        n: fc.nat(6),
        kind: fc.constantFrom('account', 'group' as const),
        id: fc.integer({ min: 1000, max: 1006 }),
      }),
      { maxLength: 6, selector: ({ n, kind }) => `${kind} ${n}` },
    );
    const toLedger = (rows: readonly { n: number; kind: string; id: number }[]): Binding[] =>
      rows.map(({ n, kind, id }) => (kind === 'group' ? group(`n${n}`, id) : makeBinding(`n${n}`, id)));
    fc.assert(
      fc.property(bindings, bindings, (one, other) => {
        const [here, there] = [toLedger(one), toLedger(other)];
        const distinct = here.filter((a) => !here.some((b) => b !== a && b.kind === a.kind && b.id === a.id));
        const itself = compareLedgers(distinct, distinct.toReversed());
        expect(itself).toEqual({ differences: [], same: distinct.length, onlyHere: [], onlyThere: [] });
        const forth = compareLedgers(here, there);
        const known = new Set(there.flatMap((b) => indexLedger(here).findAll(b)));
        for (const binding of forth.onlyHere)
          expect(
            there.some(
              (b) => b.kind === binding.kind && (b.name === binding.name || b.scimId === binding.scimId),
            ),
          ).toBe(false);
        for (const binding of known) expect(forth.onlyHere).not.toContain(binding);
      }),
    );
  });
});

it('an index finds by SCIM id, by name and by id, each binding once', () => {
  const ledger = [alice, makeBinding('bob', 20_002), makeBinding('carol', 20_003), group('alice', 20_001)];
  const { findAll } = indexLedger(ledger);
  expect(findAll(alice)).toEqual([alice]);
  expect(findAll(makeBinding('bob', 20_003, { scimId: 'u-alice' })).map(({ name }) => name)).toEqual([
    'alice',
    'bob',
    'carol',
  ]);
  expect(findAll(makeBinding('dave', 20_004))).toEqual([]);
});
