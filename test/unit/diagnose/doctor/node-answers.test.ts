import { describe, expect, test } from 'vitest';
import {
  decideRunning,
  explainDiffering,
  findCounting,
  findDiffering,
  findHelperFault,
  findOtherwise,
  findWithoutShadow,
  isNscdHung,
} from '../../../../src/diagnose/doctor/node-answers.ts';

const entry = { name: 'alice', uid: 10_000, gid: 9999, gecos: '', dir: '/home/alice', shell: '/bin/bash' };

test('an account without a line of shadow is found, and one that does not resolve is not', () => {
  const answers = new Map([
    ['alice', { entry, shadow: null, shadowFault: null }],
    ['bob', { entry, shadow: ['bob', '*'], shadowFault: null }],
    ['carol', { entry: null, shadow: null, shadowFault: null }],
    ['dave', { entry, shadow: null, shadowFault: 'no answer within 3 s' }],
  ]);
  expect(findWithoutShadow(answers)).toEqual(['alice']);
});

describe('accounts that differ', () => {
  const differ = (seen: typeof entry | null, direct: typeof entry | null) =>
    findDiffering(new Map([['alice', { entry: seen, direct }]]));

  test.each([
    ['uid', { ...entry, uid: 0 }],
    ['gid', { ...entry, gid: 0 }],
    ['home', { ...entry, dir: '/' }],
    ['shell', { ...entry, shell: '/usr/sbin/nologin' }],
  ])('are found by their %s', (_, seen) => {
    expect(differ(seen, entry)).toEqual(['alice']);
  });

  test('are found where one of the two does not know the name, and not where neither does', () => {
    expect(differ(null, entry)).toEqual(['alice']);
    expect(differ(entry, null)).toEqual(['alice']);
    expect(differ(null, null)).toEqual([]);
    expect(differ(entry, { ...entry })).toEqual([]);
  });

  test('are named alone, in the order in which they were asked for', () => {
    const answers = new Map([
      ['carol', { entry: null, direct: entry }],
      ['alice', { entry, direct: entry }],
      ['bob', { entry, direct: null }],
    ]);
    expect(findDiffering(answers)).toEqual(['carol', 'bob']);
    expect(findDiffering(new Map())).toEqual([]);
  });
});

describe('an answer that differs', () => {
  const foreign = { ...entry, uid: 7000 };
  const others = [{ service: 'sss', entry: foreign }];
  const answer = { entry: foreign, direct: entry, uncached: entry, others: [], hasNscd: true };

  test('is nscd’s alone where no service gives it now', () => {
    expect(explainDiffering(answer)).toEqual({ isStale: true, service: null });
    expect(explainDiffering({ ...answer, hasNscd: false }).isStale).toBe(false);
  });

  test('is another service’s where that is asked first, also beside nscd', () => {
    expect(explainDiffering({ ...answer, uncached: foreign, others })).toEqual({
      isStale: false,
      service: 'sss',
    });
  });
});

test('nscd hangs where it gives no answer and the services do', () => {
  const answer = { fault: 'no answer within 3 s', hasNscd: true, uncached: entry };
  expect(isNscdHung(answer)).toBe(true);
  expect(isNscdHung({ ...answer, fault: null })).toBe(false);
  expect(isNscdHung({ ...answer, hasNscd: false })).toBe(false);
  expect(isNscdHung({ ...answer, uncached: null })).toBe(false);
});

test('a name that another service knows with another uid is found, and with the same uid it is not', () => {
  const other = (uid: number) => [{ service: 'sss', entry: { ...entry, uid } }];
  expect(
    findOtherwise(
      new Map([
        ['alice', { direct: entry, others: other(7000) }],
        ['bob', { direct: entry, others: other(10_000) }],
        ['carol', { direct: null, others: other(7000) }],
        ['dave', { direct: entry, others: [] }],
      ]),
    ),
  ).toEqual([{ name: 'alice', detail: expect.stringMatching(/sss .*uid 7000.* 10000$/) }]);
});

describe('the output of the helper', () => {
  const judge = (output: Parameters<typeof findHelperFault>[1], expected: string) =>
    findHelperFault('alice', output, expected, '/keys/alice');

  test('is in order where it is the key file, byte for byte', () => {
    expect(judge({ text: 'ssh-ed25519 AAAA x\n' }, 'ssh-ed25519 AAAA x\n')).toBeNull();
    expect(judge({ text: '' }, '')).toBeNull();
  });

  test.each([
    ['nothing', { text: '' }, 'ssh-ed25519 AAAA x\n'],
    ['a key of which there is no file', { text: 'ssh-ed25519 AAAA x\n' }, ''],
    ['a key more', { text: 'ssh-ed25519 AAAA x\nssh-ed25519 BBBB y\n' }, 'ssh-ed25519 AAAA x\n'],
    ['a line without its end', { text: 'ssh-ed25519 AAAA x' }, 'ssh-ed25519 AAAA x\n'],
  ])('is a fault where it is %s', (_, output, expected) => {
    expect(judge(output, expected)).toContain('/keys/alice');
  });

  test('is a fault where it does not run', () => {
    expect(judge({ fault: 'it ends with status 126' }, '')).toContain('it ends with status 126');
  });
});

describe('the findings about sshd that count', () => {
  const finding = (code: string) => ({ code, detail: '', breaksLogin: true });
  const findings = [
    finding('sshd-other-command'),
    finding('sshd-other-files'),
    finding('sshd-allow-groups'),
    finding('sshd-user-ca'),
    finding('sshd-helper-unsafe'),
  ];
  const codes = (name: string | null, hasDropIn: boolean) =>
    findCounting(findings, name, hasDropIn).map(({ code }) => code);

  test('are all, where sshd was asked about a managed account or the drop-in is missing', () => {
    expect(findCounting(findings, 'alice', true)).toEqual(findings);
    expect(findCounting(findings, 'alice', false)).toEqual(findings);
    expect(findCounting(findings, null, false)).toEqual(findings);
  });

  test('are not those of the managed group, where sshd was asked about root', () => {
    expect(codes(null, true)).toEqual(['sshd-user-ca', 'sshd-helper-unsafe']);
  });
});

test('sshd runs if one of its units does, and that is not known where one could not be asked', () => {
  expect(decideRunning([false, true, false])).toBe(true);
  expect(decideRunning([false, false, false])).toBe(false);
  expect(decideRunning([null, true, false])).toBeNull();
  expect(decideRunning([null, null, null])).toBeNull();
});
