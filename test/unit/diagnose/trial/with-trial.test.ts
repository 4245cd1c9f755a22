import { expect, test } from 'vitest';
import type { Trial } from '../../../../src/diagnose/trial/trial.ts';
import { addTrial } from '../../../../src/diagnose/trial/with-trial.ts';
import { STEPS } from '../../../../src/host/trial/trial-outcome.ts';
import type { Chain } from '../../../../src/diagnose/why/chain.ts';
import { error, type LinkName, ok, warning } from '../../../../src/diagnose/why/verdict.ts';

const TRIAL: Trial = {
  failed: null,
  detail: '',
  address: '127.0.0.1',
  port: 22,
  notChecked: ['the network'],
  took: 400,
};
const succeeded = { tried: true, trial: TRIAL } as const;
const failedAt = (failed: (typeof STEPS)[number]) =>
  ({ tried: true, trial: { ...TRIAL, failed, detail: 'why' } }) as const;

const sound: Chain = { links: [{ link: 'sshd', ...ok('') }], cause: null, mayLogIn: true };
function failing(link: LinkName): Chain {
  const cause = { link, ...error(`${link}-fault`, 'a fault', 'operator', 'correct it') };
  return { links: [cause], cause, mayLogIn: false };
}

test.each(STEPS)('a trial that fails at %s outranks a chain in order, with cause, owner and fix', (step) => {
  const { cause, mayLogIn } = addTrial(sound, failedAt(step));
  expect(mayLogIn).toBe(false);
  expect(cause).toMatchObject({
    link: 'trial',
    code: `trial-${step}`,
    owner: 'operator',
    howToFix: expect.stringMatching(/\S/),
  });
});

test('a cause that the chain found stays the cause of a trial that fails', () => {
  expect(addTrial(failing('pam'), failedAt('account'))).toMatchObject({
    cause: { link: 'pam' },
    mayLogIn: false,
  });
  const warned = {
    ...sound,
    cause: { link: 'home', ...warning('home-missing', '', 'operator', 'x') },
  } as const;
  expect(addTrial(warned, failedAt('session')).cause?.link).toBe('trial');
});

test('a trial that succeeds turns a fault of the node into a warning', () => {
  for (const link of ['account', 'names', 'helper', 'sshd', 'pam'] as const)
    expect(addTrial(failing(link), succeeded)).toMatchObject({
      cause: { link, level: 'warning' },
      mayLogIn: true,
    });
});

test('it has a key of its own, so it proves nothing about record, access and keys', () => {
  for (const link of ['store', 'record', 'access', 'keys'] as const)
    expect(addTrial(failing(link), succeeded)).toMatchObject({
      cause: { link, level: 'error' },
      mayLogIn: false,
    });
});

test('what was not checked is said, and a trial that was not made changes nothing', () => {
  expect(addTrial(sound, succeeded).links.at(-1)?.detail).toContain('not checked: the network');
  const untried = addTrial(sound, { tried: false, why: 'only root' });
  expect(untried).toMatchObject({ cause: null, mayLogIn: true });
  expect(untried.links.at(-1)).toMatchObject({ link: 'trial', level: 'unknown', detail: 'only root' });
});

test('an sshd that may run with an older configuration is the cause of a trial that it refuses', () => {
  const stale = {
    link: 'sshd',
    ...warning('sshd-not-reloaded', 'changed', 'operator', 'restart it'),
  } as const;
  const chain: Chain = { links: [stale], cause: stale, mayLogIn: true };
  for (const step of ['connect', 'authenticate', 'session'] as const)
    expect(addTrial(chain, failedAt(step))).toMatchObject({
      cause: { code: 'sshd-not-reloaded', level: 'error' },
      mayLogIn: false,
      links: [{ link: 'sshd', level: 'error' }, { link: 'trial' }],
    });
  expect(addTrial(chain, failedAt('shell')).cause?.code).toBe('trial-shell');
  expect(addTrial(chain, succeeded).mayLogIn).toBe(true);
});

test('a trial that opened no shell, since a command is forced, proves no login and refutes none', () => {
  const forced = { tried: true, trial: { ...TRIAL, detail: 'the shell was not tried' } } as const;
  const open: Chain = { ...sound, mayLogIn: null };
  expect(addTrial(open, forced)).toMatchObject({ mayLogIn: null, links: [{}, { level: 'unknown' }] });
  expect(addTrial(sound, forced).mayLogIn).toBe(true);
});

test('a connection that libwrap refused is corrected in its own files', () => {
  const refused = {
    tried: true,
    trial: { ...TRIAL, failed: 'connect', detail: 'sshd: refused connect from 127.0.0.1 (127.0.0.1)' },
  } as const;
  expect(addTrial(sound, refused).cause?.howToFix).toContain('/etc/hosts.deny');
});
