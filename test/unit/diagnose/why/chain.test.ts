import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeChain } from '../../../../src/diagnose/why/chain.ts';
import type { Facts, PersonFacts } from '../../../../src/diagnose/why/facts.ts';
import { sayVerdict } from '../../../../src/diagnose/why/print.ts';
import type { LinkName } from '../../../../src/diagnose/why/verdict.ts';
import {
  FINGERPRINT,
  group,
  healthy,
  keyText,
  NOW,
  notProbed,
  person,
  probed,
  record,
  withStatus,
} from '../../../support/records/healthy.ts';

type Fault = readonly [name: string, cause: LinkName, code: string, make: (facts: Facts) => Facts];

const set =
  (more: Partial<Facts>) =>
  (facts: Facts): Facts => ({ ...facts, ...more });
const setPerson =
  (more: Partial<PersonFacts>) =>
  (facts: Facts): Facts => ({
    ...facts,
    person: probed({ ...((facts.person.ok ? facts.person.value : null) ?? person), ...more }),
  });
const setSshd =
  (more: Record<string, string[]>) =>
  (facts: Facts): Facts => {
    const settings = new Map(facts.sshd.ok ? facts.sshd.value.settings : null);
    for (const [keyword, values] of Object.entries(more)) settings.set(keyword, values);
    return { ...facts, sshd: probed({ settings, findings: [], hasDropIn: true }) };
  };
const emptyGroup = { ...group, members: [] };
const noGroup = {
  name: 'slurm-users',
  pinned: null,
  found: null,
  lookalikes: [],
  listsPerson: false,
  grant: null,
};
const noEntry = {
  entry: null,
  direct: null,
  uncached: null,
  others: [],
  groups: [],
  shadow: null,
  hasShadowLine: false,
  hasNscd: false,
  fault: null,
  groupsFault: null,
  shadowFault: null,
};
const entry = { name: 'alice', uid: 10_000, gid: 9999, gecos: '', dir: '/home/alice', shell: '/bin/bash' };

/** Each denies alice a login. */
const FAULTS: readonly Fault[] = [
  ['no such user', 'record', 'record-not-listed', set({ person: probed(null), local: null })],
  ['inactive', 'record', 'record-inactive', setPerson({ record: { ...record, active: false } })],
  ['absent', 'record', 'record-removed', setPerson({ absent: true })],
  [
    'blocked',
    'access',
    'access-blocked',
    setPerson({ block: { source: 'block-list', detail: 'by anna' }, disabled: 'blocked' }),
  ],
  [
    'in no group',
    'access',
    'access-no-member',
    setPerson({ groups: [{ ...noGroup, found: { ...group, members: ['x'] } }] }),
  ],
  [
    'group of another case',
    'access',
    'access-group-spelling',
    setPerson({ groups: [{ ...noGroup, lookalikes: ['Slurm-Users'] }] }),
  ],
  ['missing group', 'access', 'access-group-missing', setPerson({ groups: [noGroup] })],
  [
    'emptied group',
    'access',
    'access-empty-group',
    setPerson({ groups: [{ ...noGroup, found: emptyGroup }] }),
  ],
  [
    'nested group',
    'access',
    'access-nested-group',
    setPerson({ groups: [{ ...noGroup, found: { ...emptyGroup, nested: ['g2'] } }] }),
  ],
  ['missing account', 'account', 'account-pending', setPerson({ actual: null })],
  ['expired account', 'account', 'account-expired', setPerson({ actual: { entry, expiryDay: 100 } })],
  [
    'missing shell',
    'account',
    'account-shell',
    set({ shell: probed({ shell: '/bin/zsh', fault: 'is not installed on this node' }) }),
  ],
  ['unknown name', 'names', 'names-missing', set({ names: probed(noEntry) })],
  ['no keys', 'keys', 'keys-none', setPerson({ keys: [] })],
  [
    'weak key',
    'keys',
    'keys-all-refused',
    setPerson({
      keys: [{ fingerprint: null, type: null, refusal: { code: 'key-weak', detail: 'the key is RSA 1024' } }],
    }),
  ],
  ['expired keys', 'keys', 'keys-expired', set({ keyFile: probed(keyText(NOW - 5)) })],
  ['unwritten keys', 'keys', 'keys-not-written', set({ keyFile: probed(null) })],
  ['helper without an answer', 'helper', 'helper-differs', set({ helper: probed({ text: '' }) })],
  ['key file that was not removed', 'helper', 'helper-denied', set({ isDenied: true })],
  ['AllowUsers', 'sshd', 'sshd-allow-users', setSshd({ allowusers: ['bob', 'carol@10.*'] })],
  ['DenyUsers', 'sshd', 'sshd-deny-users', setSshd({ denyusers: ['al?ce'] })],
  ['DenyGroups', 'sshd', 'sshd-deny-groups', setSshd({ denygroups: ['slurm-*'] })],
  ['AllowGroups', 'sshd', 'sshd-allow-groups', setSshd({ allowgroups: ['wheel'] })],
  [
    'AuthenticationMethods',
    'sshd',
    'sshd-methods',
    setSshd({ authenticationmethods: ['publickey,password'] }),
  ],
  [
    'nologin',
    'pam',
    'pam-nologin',
    set({ pam: probed({ answer: { refusal: null }, nologin: '/etc/nologin' }) }),
  ],
  [
    'PAM',
    'pam',
    'pam-refused',
    set({ pam: probed({ answer: { refusal: 'permission denied' }, nologin: null }) }),
  ],
];

describe('the chain', () => {
  test('is in order for a user who can log in', () => {
    const chain = judgeChain(healthy);
    expect(chain).toMatchObject({ mayLogIn: true, cause: null });
    expect(chain.links.every(({ level }) => level === 'ok')).toBe(true);
    expect(chain.links).toHaveLength(11);
    expect(sayVerdict(healthy, chain)).toBe('alice can log in.');
  });

  test.each(FAULTS)('%s: the cause is %s, %s', (_, cause, code, make) => {
    const facts = make(healthy);
    const chain = judgeChain(facts);
    expect(chain).toMatchObject({ mayLogIn: false, cause: { link: cause, level: 'error', code } });
    expect(sayVerdict(facts, chain)).toContain(chain.cause?.detail);
  });

  test('of several causes names the first', () => {
    fc.assert(
      fc.property(fc.subarray([...FAULTS], { minLength: 1 }), (faults) => {
        const facts = faults.reduce((before, [, , , make]) => make(before), healthy);
        const chain = judgeChain(facts);
        expect(chain.mayLogIn).toBe(false);
        expect(chain.links.at(-1)).toBe(chain.cause);
        expect(chain.links.slice(0, -1).some(({ level }) => level === 'error')).toBe(false);
        expect(chain.cause?.owner).not.toBeNull();
        expect(chain.cause?.howToFix).toMatch(/\S/);
      }),
      { numRuns: 300 },
    );
  });

  test('gives each code the name of its link in front', () => {
    for (const [, cause, code] of FAULTS) expect(code.startsWith(`${cause}-`)).toBe(true);
  });

  test('claims nothing that it could not check', () => {
    const facts = set({ person: notProbed, sshd: notProbed, helper: notProbed, pam: notProbed })(healthy);
    const chain = judgeChain(facts);
    expect(chain.mayLogIn).toBeNull();
    expect(sayVerdict(facts, chain)).toContain(notProbed.why);
  });

  test('answers although what is not essential could not be checked', () => {
    const facts = set({ home: notProbed, pam: notProbed, logins: notProbed, status: notProbed })(healthy);
    expect(judgeChain(facts)).toMatchObject({ mayLogIn: true, cause: null });
  });

  test('with a fingerprint judges that key alone', () => {
    const listed = set({ fingerprint: FINGERPRINT })(healthy);
    expect(judgeChain(listed).mayLogIn).toBe(true);
    const other = set({ fingerprint: `SHA256:${'A'.repeat(43)}` })(healthy);
    expect(judgeChain(other)).toMatchObject({ mayLogIn: false, cause: { link: 'keys', owner: 'person' } });
  });

  test('warns of a store that does not answer, since no login waits for it', () => {
    const failure = { code: 'store_refused_token', message: 'refused the token', hint: 'make a new token' };
    const facts = withStatus(({ store }) => ({ store: { ...store, failure } }));
    const chain = judgeChain(facts);
    expect(chain).toMatchObject({
      mayLogIn: true,
      cause: { link: 'store', level: 'warning', owner: 'operator', howToFix: 'make a new token' },
    });
    expect(chain.cause?.detail).toMatch(/^refused the token .*10 s ago/);
  });
});

test('a publisher says of its people what it knows, and that logins are elsewhere', () => {
  const { config } = healthy;
  const publisher: Facts = {
    ...healthy,
    config: { ...config, accounts: { ...config.accounts, backend: 'publish' } },
  };
  const { links, mayLogIn } = judgeChain(publisher);
  expect(mayLogIn).toBeNull();
  expect(links.filter(({ level }) => level === 'unknown').map(({ link }) => link)).toEqual([
    'names',
    'home',
    'helper',
    'sshd',
    'pam',
    'logins',
  ]);
});

describe('what no link explains', () => {
  const failed = {
    state: 'failed',
    at: NOW - 600,
    lastProven: null,
    step: 'account',
    reason: 'closed',
  } as const;

  test('a canary that cannot log in leaves it open whether a person can, and says how to find out', () => {
    const facts = { ...healthy, loginPath: failed };
    const chain = judgeChain(facts);
    expect(chain.mayLogIn).toBeNull();
    expect(sayVerdict(facts, chain)).toMatch(
      /not known.*sunk-canary failed 10 min ago at account: closed.*--try/,
    );
  });

  test('one that is not proven, or is switched off, says nothing about a person', () => {
    for (const state of ['unproven', 'off', 'proven'] as const)
      expect(judgeChain({ ...healthy, loginPath: { ...failed, state } }).mayLogIn).toBe(true);
    expect(judgeChain({ ...healthy, loginPath: null }).mayLogIn).toBe(true);
  });

  test('a local account is not managed, and nothing more is said of it', () => {
    const facts: Facts = { ...healthy, person: probed(null), local: { ...entry, name: 'ops', gid: 1000 } };
    const { links, cause, mayLogIn } = judgeChain(facts);
    expect([links.at(-1)?.link, cause, mayLogIn]).toEqual(['record', null, null]);
    expect(links.at(-1)?.detail).toContain('local account, not managed by sunk-agent');
  });
});
