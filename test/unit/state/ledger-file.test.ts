import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LedgerExport } from '../../../src/policy/ledger/ledger-export.ts';
import { planRestore } from '../../../src/policy/ledger/restore-ledger.ts';
import { parseLedger, renderLedger } from '../../../src/state/ledger-file.ts';
import { FACTS, makeBinding, makeConfig, NOW } from '../../support/records/organisation.ts';

const LEDGER: LedgerExport = {
  bindings: [makeBinding('alice', 20100), makeBinding('Anna.Smith', 20200, { disabledAt: NOW })],
  former: [{ kind: 'account', from: 'u-old', to: 'u-alice', name: 'alice', id: 20100 }],
  inherited: [
    {
      kind: 'account',
      name: 'gone',
      id: 20777,
      line: 'gone:x:20777:20777:J\u00fc:/home/gone:/bin/sh',
      keys: null,
      fate: 'keep',
      decidedAt: NOW,
      by: 'root',
    },
  ],
};

const parse = (text: string) => parseLedger(text, 'ledger.json');
const alter = (change: (file: Record<string, Record<string, unknown>[]>) => void): string => {
  const file = JSON.parse(renderLedger(LEDGER, NOW)) as Record<string, Record<string, unknown>[]>;
  change(file);
  return JSON.stringify(file);
};

test('an export comes back as it was', () => {
  expect(parse(renderLedger(LEDGER, NOW))).toEqual(LEDGER);
});

describe('hostile input is refused', () => {
  test.each<[string, (entry: Record<string, unknown>) => unknown]>([
    ['a name with a colon', (one) => (one['name'] = 'a:b')],
    ['a name that is an option', (one) => (one['name'] = '-rf')],
    ['a uid that is no number', (one) => (one['id'] = '0')],
    ['a negative uid', (one) => (one['id'] = -1)],
    ['a uid beyond 32 bits', (one) => (one['id'] = 2 ** 32)],
    ['a home with a line end', (one) => (one['home'] = '/home/a\nroot:x:0:0::/:/bin/sh')],
    ['a SCIM id with a control character', (one) => (one['scim_id'] = 'a\u0000b')],
    ['a lone surrogate in a SCIM id', (one) => (one['scim_id'] = '\ud800')],
    ['a field more', (one) => (one['sudo'] = true)],
    ['a field less', (one) => delete one['gid']],
  ])('%s', (_, change) => {
    expect(() => parse(alter(({ bindings = [] }) => change(bindings[0] ?? {})))).toThrow(
      /no export of a ledger/,
    );
  });

  test.each<[string, (entry: Record<string, unknown>) => unknown]>([
    ['a published line of uid 0', (one) => (one['line'] = 'gone:x:0:0::/root:/bin/sh')],
    ['a published line of another name', (one) => (one['line'] = 'root:x:20777:0::/root:/bin/sh')],
    ['two lines in one', (one) => (one['line'] = 'gone:x:20777:1::/:/bin/sh\nroot:x:0:0::/:/bin/sh')],
    ['a system uid', (one) => Object.assign(one, { id: 27, line: 'gone:x:27:27::/:/bin/sh' })],
    ['keys of another account', (one) => (one['keys'] = "root:['ssh-ed25519 AAAA']")],
  ])('%s', (_, change) => {
    expect(() => parse(alter(({ inherited = [] }) => change(inherited[0] ?? {})))).toThrow(
      /no export of a ledger/,
    );
  });

  test('whatever text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => parse(text)).toThrow(/no export of a ledger/);
      }),
    );
  });
});

describe('a restore binds nothing that may not be granted', () => {
  const config = makeConfig('accounts: { domains: [example.com] }');
  const restore = (...exported: LedgerExport['bindings']) =>
    planRestore({ exported, bindings: [makeBinding('bob', 20500)], facts: FACTS, config });
  test.each([
    ['name-reserved', makeBinding('root', 20100)],
    ['name-reserved', makeBinding('Sudo', 20100)],
    ['uid-reserved', makeBinding('alice', 0)],
    ['gid-reserved', makeBinding('alice', 20100, { gid: 27 })],
    ['home-path', makeBinding('alice', 20100, { home: 'home' })],
    ['name-powerful', makeBinding('deploy', 20100)],
    ['name-local', makeBinding('localhero', 20100)],
    ['uid-local', makeBinding('alice', 20001)],
    ['ledger-differs', makeBinding('bob', 20100, { scimId: 'u-other' })],
    ['ledger-differs', makeBinding('alice', 20500)],
  ])('%s', (code, binding) => {
    expect(restore(binding)).toMatchObject({ bindings: [], refused: [{ code }], known: 0 });
  });

  test('nor one of two entries with one uid', () => {
    const { bindings, refused } = restore(makeBinding('alice', 20100), makeBinding('anna', 20100));
    expect([bindings, refused.map(({ code }) => code)]).toEqual([[], ['export-twice', 'export-twice']]);
  });

  test('and knows what is there', () => {
    expect(restore(makeBinding('bob', 20500), makeBinding('alice', 20100))).toMatchObject({
      known: 1,
      bindings: [{ name: 'alice' }],
    });
  });
});
