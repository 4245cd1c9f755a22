import { expect, test } from 'vitest';
import type { Chain } from '../../../../src/diagnose/why/chain.ts';
import { addSudo } from '../../../../src/diagnose/why/with-sudo.ts';
import { parseSudoList } from '../../../../src/host/sudo/ask-sudo.ts';

const CHAIN: Chain = { links: [], cause: null, mayLogIn: true };
const RULES = { rules: ['(ALL : ALL) ALL'] };

test('what sudo says is compared with what sunk-agent gives, and decides nothing about the login', () => {
  const of = (answer: Parameters<typeof addSudo>[2], isGiven: boolean | null) => {
    const { links, mayLogIn, cause } = addSudo(CHAIN, 'alice', answer, isGiven);
    expect(mayLogIn).toBe(true);
    return [links[0]?.level, links[0]?.code, cause?.link];
  };
  expect(of(RULES, true)).toEqual(['ok', 'ok', undefined]);
  expect(of({ rules: [] }, false)).toEqual(['ok', 'ok', undefined]);
  expect(of({ rules: [] }, true)).toEqual(['warning', 'sudo-not-in-force', 'sudo']);
  expect(of(RULES, false)).toEqual(['warning', 'sudo-of-others', 'sudo']);
  expect(of(RULES, null)).toEqual(['ok', 'ok', undefined]);
  expect(of({ fault: 'no' }, true)).toEqual(['unknown', 'unknown', undefined]);
});

test('the listing of sudo is read, and nothing else is taken for one', () => {
  const head = 'Matching Defaults entries for alice on vm:\n    env_reset\n\n';
  expect(parseSudoList('User alice is not allowed to run sudo on vm.\n')).toEqual({ rules: [] });
  expect(
    parseSudoList(
      `${head}User alice may run the following commands on vm:\n    (ALL : ALL) ALL\n    (root) NOPASSWD: /bin/ls\n`,
    ),
  ).toEqual({ rules: ['(ALL : ALL) ALL', '(root) NOPASSWD: /bin/ls'] });
  expect(parseSudoList('')).toBeNull();
  expect(parseSudoList('sudo: unknown user alice\n')).toBeNull();
  expect(parseSudoList('User alice may run the following commands on vm:\n')).toBeNull();
});
