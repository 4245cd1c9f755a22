import { describe, expect, test } from 'vitest';
import type { Facts } from '../../../../../src/diagnose/why/facts.ts';
import { judgeHome } from '../../../../../src/diagnose/why/judge/judge-home.ts';
import { config, healthy, notProbed, probed, withPerson } from '../../../../support/records/healthy.ts';

const there = { state: 'there', isDirectory: true, uid: 10_000, mode: 0o700, closedAbove: null } as const;
const failed = {
  sync: 7,
  at: 0,
  scimId: 'a',
  kind: 'home-create',
  name: 'alice',
  because: 'the home is missing',
} as const;
const withUserKeys: Facts['config'] = { ...config, keys: { ...config.keys, user_files: 'allow' } };

describe('the link `home`', () => {
  test.each([0o700, 0o755, 0o2750])('mode %o of its user is in order', (mode) => {
    const facts: Facts = { ...healthy, home: probed({ ...there, mode }) };
    expect(judgeHome(facts)).toMatchObject({ level: 'ok', owner: null });
  });

  test.each<[string, Facts['home']]>([
    ['home-missing', probed({ state: 'missing' })],
    ['home-unreachable', probed({ state: 'unreachable', why: '/home/alice does not answer' })],
    ['home-no-directory', probed({ ...there, isDirectory: false })],
    ['home-other-owner', probed({ ...there, uid: 4711 })],
    ['home-other-owner', probed({ ...there, uid: 0 })],
    ['home-not-searchable', probed({ ...there, closedAbove: '/home' })],
    // The first thing to correct: only a directory of the user is worth a look at its mode.
    ['home-no-directory', probed({ ...there, isDirectory: false, uid: 4711, closedAbove: '/home' })],
    ['home-other-owner', probed({ ...there, uid: 4711, closedAbove: '/home', mode: 0o777 })],
  ])('%s is a warning of the operator, since a session then starts in /', (code, home) => {
    expect(judgeHome({ ...healthy, home })).toMatchObject({
      level: 'warning',
      code,
      owner: 'operator',
      howToFix: expect.stringMatching(/\S/),
    });
  });

  test('is named with its path and both owners', () => {
    const foreign = judgeHome({ ...healthy, home: probed({ ...there, uid: 4711 }) });
    expect(foreign.detail).toMatch(/\/home\/alice.*4711.*10000/);
    // Other users' files are never given away.
    expect(foreign.howToFix).toContain('/home/alice -maxdepth 1 -not -uid 10000');
    expect(foreign.howToFix).not.toContain('chown');
    expect(judgeHome({ ...healthy, home: probed({ state: 'missing' }) }).detail).toContain('/home/alice');
  });

  test('has no wrong owner where the name service was not asked', () => {
    expect(judgeHome({ ...healthy, names: notProbed, home: probed(there) }).level).toBe('ok');
  });

  test('is an error where it could not be made, since there is no key without it', () => {
    const problem = { ...failed, problem: 'cannot make /home/alice: /home is immutable (chattr -i /home)' };
    const facts = { ...withPerson({ problem }), home: probed({ state: 'missing' } as const) };
    expect(judgeHome({ ...facts, keyFile: probed(null) })).toMatchObject({
      level: 'error',
      code: 'home-failed',
      detail: expect.stringMatching(/\/home is immutable$/),
      howToFix: 'chattr -i /home',
    });
    expect(judgeHome({ ...facts, keyFile: probed('a key') }).level).toBe('warning');
    const other = withPerson({ problem: { ...problem, kind: 'keys-write' } });
    expect(judgeHome({ ...other, home: facts.home }).code).toBe('home-missing');
  });

  test('has the fix for who makes homes', () => {
    const missing = { ...healthy, home: probed({ state: 'missing' } as const) };
    const never: Facts['config'] = { ...config, accounts: { ...config.accounts, homes: 'never' } };
    expect(judgeHome({ ...missing, config: never }).howToFix).not.toContain('sunk-agent sync');
    const create: Facts['config'] = { ...config, accounts: { ...config.accounts, homes: 'create' } };
    expect(judgeHome({ ...missing, config: create }).howToFix).toContain('sunk-agent sync');
  });

  test.each([0o770, 0o707, 0o720, 0o702, 0o1777])(
    'mode %o is the user’s to change, and does not matter where sshd reads no key in it',
    (mode) => {
      const facts: Facts = { ...healthy, home: probed({ ...there, mode }) };
      expect(judgeHome(facts).level).toBe('ok');
      expect(judgeHome({ ...facts, config: withUserKeys })).toMatchObject({
        level: 'warning',
        code: 'home-writable',
        owner: 'person',
        howToFix: expect.stringMatching(/\S/),
      });
    },
  );

  test('what others may read is in order also where sshd reads keys in it', () => {
    expect(
      judgeHome({ ...healthy, config: withUserKeys, home: probed({ ...there, mode: 0o755 }) }).level,
    ).toBe('ok');
  });

  test('is not known where it was not probed', () => {
    expect(judgeHome({ ...healthy, home: notProbed })).toMatchObject({
      level: 'unknown',
      detail: notProbed.why,
    });
  });

  test.each(['home-other-owner', 'home-no-directory', 'home-not-examined', 'home-open-parent'])(
    '%s is an error, also before the sync that takes the keys',
    (code) => {
      const { person } = healthy;
      if (!person.ok || person.value === null) throw new Error('the facts of the test have no person');
      const refusals = [{ scimId: 'u', kind: 'User', code, detail: '/home/alice is not safe' } as const];
      const refused: Facts = { ...healthy, person: probed({ ...person.value, refusals }) };
      for (const facts of [refused, { ...refused, keyFile: probed(null) }])
        expect(judgeHome(facts)).toMatchObject({
          level: 'error',
          code,
          owner: 'operator',
          howToFix: expect.stringMatching(/\S/),
        });
    },
  );
});
