// The words of refusals: an operator and a researcher fix what they say, so they are part of the behaviour.
import { describe, expect, it } from 'vitest';
import { computeDesiredState, type DesiredStateInput } from '../../../src/policy/desired-state.ts';
import { parseConfig } from '../../../src/config/config.ts';
import type { HomeOnHost } from '../../../src/policy/identity/own-home.ts';
import { NOTHING_IN_USE } from '../../../src/policy/in-use.ts';
import { compileKeyRules, judgeKeys } from '../../../src/policy/keys/key-policy.ts';
import { findCandidates, MAX_TEXT } from '../../../src/policy/keys/key-text.ts';
import { readKeys } from '../../../src/policy/keys/ssh-key.ts';
import {
  FACTS,
  makeBinding,
  makeConfig,
  makeInput,
  makePublished,
  makeUser,
  NOW,
  readFakeKeys,
} from '../../support/records/organisation.ts';

const alice = (more: object = {}, uid: number | null = 20100) => [makeUser('alice', uid, more)];
const taken = makeBinding('gone', 20100, { disabledAt: NOW });

const range = (id: number, location: string) => ({ low: id, high: id, location });

/** `CODE: DETAIL` of what is refused of alice. */
const refusals = (more: Partial<DesiredStateInput>): string[] =>
  computeDesiredState(makeInput({ users: alice(), ...more }))
    .refusals.filter(({ scimId }) => scimId === 'u-alice')
    .map(({ code, detail }) => `${code}: ${detail}`);

describe('a person is refused', () => {
  it.each<[string, Partial<DesiredStateInput>]>([
    ['uid-local: a local account has the uid 20001; local ones win', { users: alice({}, 20001) }],
    [
      'uid-powerful: the uid 20100 has power on this node (/etc/sudoers:3): it is never granted',
      { facts: { ...FACTS, privilegedUids: new Map([[20100, '/etc/sudoers:3']]) } },
    ],
    ['uid-bound: the uid 20100 is bound to another person', { bindings: [taken] }],
    [
      "name-bound: the name alice belongs to u-gone, as this node's ledger holds",
      { bindings: [{ ...taken, name: 'alice', id: 20999 }] },
    ],
    [
      'name-local: a local account is called alice; local ones win',
      { facts: { ...FACTS, foreignAccounts: [{ name: 'alice', uid: 1234 }] } },
    ],
    [
      'name-powerful: the name alice has power on this node (/etc/doas.conf:1): it is never granted',
      { facts: { ...FACTS, privilegedNames: new Map([['alice', '/etc/doas.conf:1']]) } },
    ],
    [
      'published-differs: this node resolves alice with the uid 20111: a uid is never changed (sunk-agent import)',
      { facts: { ...FACTS, published: { accounts: [makePublished('alice', 20111)], groups: [] } } },
    ],
    [
      'published-differs: this node resolves other with the uid 20100: a uid is never changed (sunk-agent import)',
      { facts: { ...FACTS, published: { accounts: [makePublished('other', 20100)], groups: [] } } },
    ],
    [
      'name-reserved: the name root is reserved: it is never granted',
      { users: alice({ username: 'root@example.com' }) },
    ],
    [
      'name-local: a local account is called alice (/etc/passwd:7); local ones win',
      {
        facts: {
          ...FACTS,
          foreignAccounts: [{ name: 'alice', uid: 1234 }],
          inUse: { ...NOTHING_IN_USE, names: new Map([['alice', '/etc/passwd:7']]) },
        },
      },
    ],
    [
      'name-in-use: the name alice is in use on this node (/etc/subuid:2): it is never granted',
      { facts: { ...FACTS, inUse: { ...NOTHING_IN_USE, names: new Map([['alice', '/etc/subuid:2']]) } } },
    ],
    [
      'uid-in-use: the uid 20100 is in use on this node (/etc/subuid:2): it is never granted',
      { facts: { ...FACTS, inUse: { ...NOTHING_IN_USE, uidRanges: [range(20100, '/etc/subuid:2')] } } },
    ],
    ['uid-reserved: the uid 27 is reserved for the system', { users: alice({}, 27) }],
    ['uid-range: the uid 1001 is outside of accounts.id_range', { users: alice({}, 1001) }],
    [
      'uid-bound: the uid 20100 is bound to another person',
      { former: [{ kind: 'account', from: 'u-1', to: 'u-2', name: 'gone', id: 20100 }] },
    ],
    [
      'home-bound: the home /home/alice is bound to another person',
      { bindings: [{ ...taken, id: 20999, name: 'gone', home: '/home/alice' }] },
    ],
    [
      "home-nested: the home /home/gone/alice is inside of /home/gone, another person's: it is never granted",
      { users: alice({ home: '/home/gone/alice' }), bindings: [{ ...taken, id: 20999 }] },
    ],
    [
      "home-nested: the home /home/gone is above another person's: it is never granted",
      {
        users: alice({ home: '/home/gone' }),
        bindings: [{ ...taken, id: 20999, home: '/home/gone/inner' }],
      },
    ],
    [
      'home-path: the home directory at the store is not a plain, absolute, canonical path',
      { users: alice({ home: '/home/../root' }) },
    ],
    [
      'home-prefix: the home directory /srv/alice at the store is not below accounts.home_prefixes',
      { users: alice({ home: '/srv/alice' }) },
    ],
    [
      'marked-differs: the managed group has alice with the uid 20999, which the ledger does not know: import or remove it',
      { facts: { ...FACTS, unbound: [{ name: 'alice', uid: 20999, gid: 9999, dir: '/home/alice' }] } },
    ],
    [
      "gid-local: the primary gid 30001 is a local group's; local ones win",
      { bindings: [makeBinding('alice', 20100, { gid: 30001 })] },
    ],
    [
      'ledger-unsafe: the ledger binds a name, id or home that is never granted',
      { bindings: [makeBinding('al:ice', 20100, { scimId: 'u-alice' })] },
    ],
    [
      "shell-refused: the shell at the store is not in this node's /etc/shells; /bin/bash is used",
      { users: alice({ shell: '/bin/fish' }) },
    ],
  ])('%s', (expected, more) => {
    const users = more.users ?? alice();
    expect(refusals({ ...more, users })).toEqual([expected]);
  });
});

describe('a person who has a line on this node already', () => {
  const published = (more: object, groups: { name: string; gid: number; members: string[] }[] = []) => ({
    ...FACTS,
    published: { accounts: [{ ...makePublished('alice', 20100), ...more }], groups },
  });
  const differs = (gid: number, home: string): string =>
    `published-differs: this node resolves alice with the gid ${gid} and the home ${home}, which differ at the store or are never granted: see sunk-agent import`;
  const withGids = parseConfig(
    `scim: { base_url: "https://store.example/x", attributes: { gid: gid } }
access: { groups: [{ name: slurm-users, id: g-users }], sudo_groups: [{ name: slurm-admins, id: g-admins }] }
accounts: { domains: [example.com] }`,
    'config.yaml',
  );

  it.each<[string, Partial<DesiredStateInput>]>([
    ['with the same uid keeps gid and home', { facts: published({}) }],
    [
      'whose gid the store has likewise',
      { facts: published({}), users: alice({ gid: 20100 }), config: withGids },
    ],
    ['whose gid is not asked of the store', { facts: published({}), users: alice({ gid: 5 }) }],
    ['whose home is empty at the store', { facts: published({}), users: alice({ home: '' }) }],
    ['whose gid is that of the managed group', { facts: published({ gid: 9999 }) }],
    [
      'in the home that all have',
      { facts: published({ dir: '/srv/all' }), config: shared(), bindings: [inShared()] },
    ],
  ])('%s', (_, more) => expect(refusals(more)).toEqual([]));

  it.each<[string, Partial<DesiredStateInput>]>([
    [differs(20100, '/mnt/home/alice'), { facts: published({}), users: alice({ gid: 5 }), config: withGids }],
    [differs(20100, '/mnt/home/alice'), { facts: published({}), users: alice({ home: '/home/alice' }) }],
    [differs(27, '/mnt/home/alice'), { facts: published({ gid: 27 }) }],
    [differs(20100, 'no path'), { facts: published({ dir: 'no path' }) }],
    // A local group's, a sudo group's, and one with power.
    [differs(30001, '/mnt/home/alice'), { facts: published({ gid: 30001 }) }],
    [differs(31001, '/mnt/home/alice'), { facts: published({ gid: 31001 }) }],
    [
      differs(20100, '/mnt/home/alice'),
      { facts: { ...published({}), privilegedGids: new Map([[20100, '/etc/sudoers:9']]) } },
    ],
    [
      'home-bound: the home /mnt/home/alice is bound to another person',
      { facts: published({}), bindings: [{ ...taken, id: 20999, home: '/mnt/home/alice' }] },
    ],
  ])('%s', (expected, more) => expect(refusals(more)).toEqual([expected]));

  function shared() {
    return makeConfig(
      'access: { groups: [{ name: slurm-users, id: g-users }] }\naccounts: { domains: [example.com], home: /srv/all }',
    );
  }
  function inShared() {
    return { ...taken, id: 20999, home: '/srv/all' };
  }
});

describe('a primary gid of the store is refused', () => {
  const config = (yaml = '') =>
    parseConfig(
      `scim: { base_url: "https://store.example/x", attributes: { gid: gid } }
access: { groups: [{ name: slurm-users, id: g-users }], sudo_groups: [{ name: slurm-admins, id: g-admins }] }
accounts: { domains: [example.com]${yaml} }`,
      'config.yaml',
    );
  const power = { ...FACTS, privilegedGids: new Map([[20500, '/etc/sudoers:8']]) };

  it.each<[string, Partial<DesiredStateInput>]>([
    [
      "gid-powerful: the primary gid 30001 is a local group's or a sudo group's",
      { users: alice({ gid: 30001 }) },
    ],
    [
      "gid-powerful: the primary gid 31001 is a local group's or a sudo group's",
      { users: alice({ gid: 31001 }) },
    ],
    [
      "gid-powerful: the primary gid 20500 is a local group's or a sudo group's (/etc/sudoers:8)",
      { users: alice({ gid: 20500 }), facts: power },
    ],
    [
      'gid-in-use: the gid 20500 is in use on this node (/etc/subgid:4): it is never granted',
      {
        users: alice({ gid: 20500 }),
        facts: { ...FACTS, inUse: { ...NOTHING_IN_USE, gidRanges: [range(20500, '/etc/subgid:4')] } },
      },
    ],
    ['gid-missing: the store has no gid for it (scim.attributes)', { users: alice({ gid: null }) }],
    ['gid-reserved: the gid 27 is reserved for the system', { users: alice({ gid: 27 }) }],
  ])('%s', (expected, more) => expect(refusals({ config: config(), ...more })).toEqual([expected]));

  it('but not that of the managed group, nor a free one, also where uids are derived', () => {
    expect(refusals({ config: config(), users: alice({ gid: 9999 }) })).toEqual([]);
    expect(refusals({ config: config(', ids: derived'), users: alice({ gid: 20500 }) })).toEqual([]);
  });
});

describe('of two newcomers', () => {
  const rivals = (more: object, bob: object = {}, uid = 20200): string[] =>
    computeDesiredState(
      makeInput({
        users: [
          makeUser('alice', 20100, { created: '2026-02-01T00:00:00Z', ...more }),
          makeUser('bob', uid, { created: '2026-01-01T00:00:00Z', ...bob }),
        ],
      }),
    ).refusals.map(({ scimId, code, detail }) => `${scimId} ${code}: ${detail}`);
  const earlier = 'bob@example.com (u-bob), who was created earlier';

  it('the one created earlier gets the name, the uid and the home', () => {
    expect(rivals({ username: 'bob' })).toEqual([`u-alice name-clash: the name bob goes to ${earlier}`]);
    expect(rivals({}, {}, 20100)).toEqual([`u-alice uid-clash: the uid 20100 goes to ${earlier}`]);
    expect(rivals({ home: '/home/bob' })).toEqual([
      `u-alice home-clash: the home /home/bob goes to ${earlier}`,
    ]);
    expect(rivals({})).toEqual([]);
  });
});

describe('a home that is not safe to log in to is refused', () => {
  const home = (more: Partial<HomeOnHost>): string[] =>
    refusals({
      facts: {
        ...FACTS,
        homes: new Map([
          ['/home/alice', { found: 'missing', uid: null, parent: 'closed', detail: 'why', ...more }],
        ]),
      },
    });
  const END = ': no login there is safe, so its owner gets no key';

  it.each<[string, Partial<HomeOnHost>]>([
    ['home-no-directory: /home/alice is not a directory', { found: 'other' }],
    ['home-not-examined: /home/alice cannot be examined (why)', { found: 'unknown' }],
    ['home-other-owner: /home/alice belongs to uid 5, not to uid 20100', { found: 'directory', uid: 5 }],
    ['home-open-parent: /home/alice would not be safe: why', { parent: 'open' }],
  ])('%s', (expected, more) => expect(home(more)).toEqual([`${expected}${END}`]));

  it('also where every user can create it, and the agent does not', () => {
    const config = makeConfig(
      'access: { groups: [{ name: slurm-users, id: g-users }] }\naccounts: { domains: [example.com], homes: never }',
    );
    const homes = new Map([
      ['/home/alice', { found: 'missing', uid: null, parent: 'sticky', detail: '' } as const],
    ]);
    expect(refusals({ config, facts: { ...FACTS, homes } })).toEqual([
      `home-open-parent: /home/alice is missing, and every user can create it (mode 1777)${END}`,
    ]);
  });
});

describe('a line that is no sound public key is called what it is', () => {
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJz6Qz1Wd2yMWqS0Xr2+KJqg5dXNnXk0p3m8u1Yg7d5F';
  const detail = (text: string): string[] =>
    findCandidates([text]).map((found) =>
      found.kind === 'refused' ? `${found.code}: ${found.detail}` : found.kind,
    );
  const broken = 'key-format: is base64 without a type before it: part of a key that was broken into lines?';
  const protocol1 = 'key-format: is a key of SSH protocol 1, which nothing accepts any more';
  const strange =
    'key-format: holds characters that no key has, such as a no-break space or a typographic quote: copied from a web page?';
  const nothing = 'key-format: is not a public key; a key starts with its type, such as ssh-ed25519';
  const pem =
    'key-pem: is not in the format of OpenSSH; convert it with ssh-keygen -i, and list that one line';
  const secret =
    'key-private: is a PRIVATE key: every reader of the store has it. Remove it there, make a new key pair, and list only the .pub line';
  const options = 'key-options: has text before the key; options are refused, list the bare key';

  it.each<[string, string[]]>([
    ['A'.repeat(20), [broken]],
    [`${'A'.repeat(30)}==`, [broken]],
    ['A'.repeat(19), [nothing]],
    [`${'A'.repeat(30)}===`, [nothing]],
    [`x ${'A'.repeat(30)}`, [nothing]],
    [`${'A'.repeat(30)} x`, [nothing]],
    [`2048 65537 ${'1'.repeat(50)} me`, [protocol1]],
    [`2048 65537 ${'1'.repeat(49)} me`, [nothing]],
    [`x2048 65537 ${'1'.repeat(50)}`, [nothing]],
    ['hello “key”', [strange]],
    ['hello\u00a0key', [strange]],
    ['hello\tkey', [nothing]],
    ['# a comment', []],
    ['', []],
    [`from="x" ${key}`, [options]],
    [`restrict ${key}`, [options]],
    [`${key} restrict ${key}`, ['key', options]],
    [`${key} no-pty ${key}`, ['key', options]],
    [`${key} me from="x" ${key}`, ['key', options]],
    [`${key} me ${key} you`, ['key', 'key']],
    [`-----BEGIN PUBLIC KEY-----\nAAAA\nComment: x\n-----END PUBLIC KEY-----\n${key}`, [pem, 'key']],
    [`-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----`, [secret]],
    [`-----BEGIN PUBLIC KEY----- AAAA -----END PUBLIC KEY----- ${key}`, [pem, 'key']],
    [`${key} -----BEGIN PUBLIC KEY-----\nAAAA\n---- END SSH2 PUBLIC KEY ----  ${key}`, ['key', pem, 'key']],
    [`PuTTY-User-Key-File-2: ssh-rsa\nPublic-Lines: 1\nAAAA\nPrivate-MAC: 00\n`, [secret, nothing]],
    [`my PuTTY-User-Key-File-2: ssh-rsa`, [nothing]],
    // Nearly the first or the last line of a block.
    ['--BEGIN PUBLIC KEY-', [nothing]],
    ['-----BEGIN PUBLIC KEY-----\nAAAA\n-END PUBLIC KEY--', [pem, nothing]],
    ['-----END PUBLIC KEY----- -----BEGIN PUBLIC KEY-----', [nothing, pem]],
    ['PuTTY-User-Key-File-2: ssh-rsa\nx Private-MAC:', [secret, nothing]],
    ['PuTTY-User-Key-File-2: ssh-rsa\nComment: Private-MAC: of mine\nAAAA', [secret]],
    // What stands around a block, and what follows one without an end.
    [`${'A'.repeat(20)} -----BEGIN PUBLIC KEY-----`, [broken, pem]],
    ['-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY----- # mine', [pem]],
    ['-----BEGIN PUBLIC KEY----- AAAA -----END PUBLIC KEY----- # mine', [pem]],
    [`-----BEGIN PUBLIC KEY-----\nComment: my old key\nAAAA\n${key}`, [pem, 'key']],
    // One line does not make a block of the next.
    [`# mine\n${'A'.repeat(20)}`, [broken]],
    [`from="x" ${key}\n${'A'.repeat(20)}`, [options, broken]],
    // Options of a glued key, and what only looks like them.
    [`${key} pty ${key}`, ['key', options]],
    [`${key}=restrict ${key}`, ['key', options]],
    [`${key} restrict me ${key}`, ['key', 'key']],
    ['ssh-rsa AAAAB3Nz== ssh-rsa AAAAB3Nz== ssh-rsa AAAAB3Nz==', ['key', 'key', 'key']],
    ['ssh-rsa \t AAAAB3Nz== ssh-rsa AAAAB3Nz== me', ['key', 'key']],
    // A type, and a blob that does not begin as one.
    ['ssh-ed25519 BBBB', ['key']],
    ['alice: ssh-ed25519 BBBB', [options]],
  ])('%s', (text, expected) => {
    expect(detail(text)).toEqual(expected);
  });

  it('and DER is a private key by its first bytes: a sequence that starts with the version 0 or 1', () => {
    const der = (start: string) => detail(Buffer.from(start.padEnd(96, '5a'), 'hex').toString('base64'));
    // PKCS#8, PKCS#1 and SEC1.
    for (const start of ['302e020100', '308204a4020100', '3077020101'])
      expect(der(start), start).toEqual([secret]);
    // No sequence, no integer, an integer of two bytes, no version.
    for (const start of ['312e020100', '31313131', '302e040100', '302e020200', '302e020102'])
      expect(der(start), start).toEqual([broken]);
    expect(detail('MAUCAQAA')).toEqual([nothing]);
  });

  it('and a separator that is glued to a key is forgiven only right before another, or at the end', () => {
    const [, blob = ''] = key.split(' ');
    const blobs = (text: string) => findCandidates([text]).map((found) => 'base64' in found && found.base64);
    for (const separator of [',', ';', '|', '\\n', '\\r\\n', ',,']) {
      expect(blobs(`${key}${separator} ${key}`)).toEqual([blob, blob]);
      expect(blobs(`${key}${separator}${key}`)).toEqual([blob, blob]);
      expect(blobs(`${key}${separator} me ${key}`)).toEqual([`${blob}${separator}`, blob]);
      expect(blobs(`${key} ${key}${separator}`)).toEqual([blob, blob]);
    }
  });

  it('and a text of just a mebibyte is read whole', () => {
    const full = `${key}\n#`.padEnd(MAX_TEXT, '#');
    expect(findCandidates([full]).map(({ kind }) => kind)).toEqual(['key']);
    expect(findCandidates([full, '#'])).toMatchObject([{ kind: 'key' }, { code: 'key-too-long' }]);
  });

  it('and no more of a text than a million characters, and no more than a thousand keys, is read', () => {
    const many = findCandidates([`${key}\n`.repeat(5000)]);
    expect(many.at(-1)).toMatchObject({
      code: 'key-too-long',
      detail: `and what follows is not read: more than ${many.length - 1} keys`,
    });
    const exactly = findCandidates([`${key}\n`.repeat(many.length - 1)]);
    expect(exactly.at(-1)).toMatchObject({ kind: 'key' });
    const long = findCandidates([key, '#'.repeat(5_000_000)]);
    expect(long.map(({ kind }) => kind)).toEqual(['key', 'refused']);
    expect(long[1]).toMatchObject({
      detail: expect.stringMatching(/^and what follows is not read: more than \d+ characters$/) as string,
    });
  });
});

describe('a key is refused', () => {
  const keyOf = (type: string, bits = 256) => ({
    ok: true as const,
    key: { type, base64: 'AAAA', fingerprint: 'SHA256:x', bits, securityKey: false },
  });
  const { keys } = makeConfig();
  const why = (type: string, more: Partial<typeof keys> = {}, known: string[] = [], bits = 256): string[] =>
    judgeKeys([keyOf(type, bits)], compileKeyRules({ ...keys, ...more }, [], known)).refused.map(
      ({ code, detail }) => `${code}: ${detail}`,
    );

  it('with its fingerprint, the setting that refuses it, and what to do', () => {
    expect(why('ssh-ed25519')).toEqual([]);
    expect(why('ssh-ed25519', { blocked: ['SHA256:x'] })).toEqual([
      'key-blocked: the key SHA256:x is in keys.blocked',
    ]);
    expect(why('ssh-ed25519', { types: ['ssh-rsa'] })).toEqual([
      'key-type-refused: the key SHA256:x is of type ssh-ed25519, which keys.types does not list',
    ]);
    expect(why('ssh-rsa', {}, [], 2048)).toEqual([
      'key-weak: the key SHA256:x is RSA with 2048 bits; keys.rsa_bits demands 3072: make an Ed25519 key',
    ]);
    expect(why('ssh-ed25519', {}, ['ssh-rsa'])).toEqual([
      "key-type-unknown-here: the key SHA256:x is of type ssh-ed25519, which this node's sshd does not know",
    ]);
    const two = [...readFakeKeys(['a', 'b'])];
    expect(
      judgeKeys(two, compileKeyRules({ ...keys, per_user: 1 }, [], [])).refused.map(({ detail }) => detail),
    ).toEqual([
      expect.stringMatching(/^the key SHA256:\S+ is one more than keys\.per_user \(1\); remove old keys$/),
    ]);
  });

  it('where others list it, in words for both', () => {
    const users = ['alice', 'bob', 'carol', 'dora', 'eve'].map((name, index) =>
      makeUser(name, 20100 + index, { keys: ['shared'], created: `2026-01-0${index + 1}T00:00:00Z` }),
    );
    const groups = [
      {
        ...makeInput().groups[0]!,
        record: { ...makeInput().groups[0]!.record, members: users.map(({ record }) => record.id) },
      },
    ];
    const said = computeDesiredState(makeInput({ users, groups })).refusals.map(
      ({ scimId, code, detail }) => `${scimId} ${code}: ${detail.replace(/SHA256:\S+/, 'KEY')}`,
    );
    expect(said).toContain(
      'u-alice key-shared: the key KEY is listed by 4 more (u-bob, u-carol, u-dora), where it is refused',
    );
    for (const other of ['bob', 'carol', 'dora', 'eve']) {
      expect(said).toContain(
        `u-${other} key-of-another: the key KEY belongs to u-alice, who was created earlier: make a key of your own`,
      );
    }
  });

  it.each([
    [
      'ssh-dss AAAAB3NzaC1kc3MAAAAA',
      'the key is a DSA key, which OpenSSH no longer accepts; make an Ed25519 key',
    ],
    ['ssh-ed25519-cert-v01@openssh.com AAAA', 'the key is a certificate; list the public key itself'],
    [
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ!!',
      'the key is not sound base64: characters are missing, changed or added',
    ],
    [
      `ssh-ed25519 AAAA${'A'.repeat(40_000)}`,
      expect.stringMatching(/^the key is longer than \d+ characters$/) as string,
    ],
    ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJz6', 'the key ends in the middle: cut off, or broken into lines'],
    [
      'ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJz6Qz1Wd2yMWqS0Xr2+KJqg5dXNnXk0p3m8u1Yg7d5F',
      'the key says ssh-rsa, but another type is inside',
    ],
  ])('by what it is: %#', (text, detail) => {
    expect(readKeys([text])).toMatchObject([{ ok: false, detail }]);
  });
});
