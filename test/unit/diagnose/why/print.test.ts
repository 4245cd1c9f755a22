import fc from 'fast-check';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { judgeChain } from '../../../../src/diagnose/why/chain.ts';
import type { Facts } from '../../../../src/diagnose/why/facts.ts';
import { printChain } from '../../../../src/diagnose/why/print.ts';
import { anyText } from '../../../support/records/any-text.ts';
import {
  FINGERPRINT,
  healthy,
  NOW,
  notProbed,
  probed,
  record,
  withPerson,
  withSshd,
} from '../../../support/records/healthy.ts';

const print = (facts: Facts, isColoured = false): string => printChain(facts, judgeChain(facts), isColoured);
const golden = (name: string): string => path.join(import.meta.dirname, '../golden', `${name}.txt`);

const used = probed({
  source: 'journal' as const,
  logins: [
    {
      at: NOW,
      name: 'alice',
      from: '192.0.2.7',
      port: 50_022,
      scimId: record.id,
      keyType: 'ED25519',
      fingerprint: FINGERPRINT,
    },
  ],
});

describe('the screen of why', () => {
  test.each<[string, Facts]>([
    ['why-in-order', healthy],
    ['why-error', withSshd({ allowusers: ['bob', 'root'] })],
    ['why-warning', withSshd({ maxauthtries: ['1'] })],
    ['why-not-known', { ...healthy, sshd: notProbed }],
    ['why-key-used', { ...healthy, fingerprint: FINGERPRINT, used }],
  ])('%s', async (name, facts) => {
    await expect(print(facts)).toMatchFileSnapshot(golden(name));
  });

  test('has cause, owner and fix on lines of their own, and only where there is a cause', () => {
    const lines = print(withSshd({ allowusers: ['bob'] }))
      .trimEnd()
      .split('\n');
    expect(lines.slice(-4).map((line) => /^\w+(?=: )/.exec(line)?.[0] ?? null)).toEqual([
      null,
      'Cause',
      'Owner',
      'Fix',
    ]);
    expect(print(healthy)).not.toMatch(/^(?:Cause|Owner|Fix):/m);
    expect(print({ ...withSshd({ maxauthtries: ['1'] }), person: notProbed })).not.toMatch(/^Cause:/m);
  });

  test('colours the levels alone', () => {
    expect(print(withSshd({ allowusers: ['bob'] }), true)).toContain('\u001b[31mERROR  \u001b[0m sshd');
  });

  test('prints nothing of a foreign text that a terminal would obey', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const lines = print(withPerson({ record: { ...record, userName: text, id: text }, keys: [] })).split(
          '\n',
        );
        expect(lines.join(' ')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(lines).toHaveLength(13);
      }),
    );
  });
});
