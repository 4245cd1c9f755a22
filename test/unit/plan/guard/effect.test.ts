// What each change means for the user it concerns, and what makes a difference to the hash of a held set.
import { NO_QUESTIONS } from '../../../../src/policy/name-services.ts';
import { describe, expect, it } from 'vitest';
import { CHANGE_ORDER, isAccountChange, isRevocation, type Change } from '../../../../src/plan/change.ts';
import { findDisabledReason, nameEffect, readEffectContext } from '../../../../src/plan/guard/effect.ts';
import { hashChanges, nameUnit, readGroupIds } from '../../../../src/plan/guard/held-hash.ts';
import { issueCredentials } from '../../../../src/policy/keys/credential.ts';
import type { DesiredAccount, DesiredState } from '../../../../src/policy/model.ts';

const account = (name: string, more: Partial<DesiredAccount> = {}): DesiredAccount => ({
  scimId: `u-${name}`,
  entry: { name, uid: 20100, gid: 9999, gecos: '', dir: `/home/${name}`, shell: '/bin/bash' },
  disabled: null,
  credentials: issueCredentials(
    [
      { type: 'ssh-ed25519', base64: 'AAAA', fingerprint: 'SHA256:1' },
      { type: 'ssh-ed25519', base64: 'BBBB', fingerprint: 'SHA256:2' },
    ],
    `u-${name}`,
    null,
  ),
  extension: null,
  needsManagedGroup: false,
  ...more,
});

const HOST: DesiredState = {
  managedGroup: { name: 'sunk-users', gid: 9999, members: [] },
  accounts: [
    account('open'),
    account('keyless', { credentials: [] }),
    account('disabled', { disabled: 'inactive', credentials: [] }),
  ],
  groups: [{ scimId: 'g-team', name: 'team', gid: 32000, members: [], sudo: false }],
  leftovers: [
    { scimId: 'g-old', kind: 'group', name: 'old', fate: 'remove' },
    { scimId: 'u-old', kind: 'account', name: 'person', fate: 'remove' },
  ],
  sudoEnds: new Map(),
  endedGrants: new Set(),
  grantsSudo: true,
  expiry: { zulu: true, timeZone: 'UTC' },
  bindings: [],
  makesHomes: false,
  sharedHome: null,
  hasHook: false,
  questions: NO_QUESTIONS,
  carried: [],
  refusals: [],
};
const context = readEffectContext(HOST);
const groupIds = readGroupIds(HOST);

/** A change for `u-NAME`; what its kind needs besides makes no difference here. */
const change = (kind: Change['kind'], name: string, more: object = {}): Change =>
  ({ scimId: `u-${name}`, name, because: 'test', kind, gained: [], lost: [], ...more }) as unknown as Change;
const effect = (kind: Change['kind'], name: string, more: object = {}) =>
  nameEffect(change(kind, name, more), context);

/** What a sync applies. */
const ON_NODE = CHANGE_ORDER.filter((kind) => !kind.startsWith('slurm-'));

describe('the meaning of a change', () => {
  it('is the disabling, for all that belongs to one', () => {
    for (const kind of [
      'sessions-end',
      'jobs-disable',
      'hook-run',
      'keys-remove',
      'member-remove',
    ] as const) {
      expect([kind, effect(kind, 'disabled')]).toEqual([kind, 'close']);
    }
    for (const name of ['disabled', 'open', 'unknown']) expect(effect('account-close', name)).toBe('close');
  });

  it('is nothing that limits count, where sessions and jobs of an enabled account end', () => {
    for (const kind of ['sessions-end', 'jobs-disable', 'hook-run'] as const) {
      expect([kind, effect(kind, 'open'), effect(kind, 'unknown')]).toEqual([kind, 'none', 'none']);
    }
  });

  it('tells a former name’s key file from the last key', () => {
    expect(effect('keys-remove', 'open')).toBe('none');
    expect(effect('keys-remove', 'keyless')).toBe('lose-keys');
    expect(effect('keys-remove', 'unknown')).toBe('lose-keys');
  });

  it('tells keys that come, go, are replaced or only renewed', () => {
    expect(effect('keys-write', 'open')).toBe('none');
    expect(effect('keys-write', 'open', { gained: ['1', '2'] })).toBe('none');
    expect(effect('keys-write', 'open', { lost: ['3'] })).toBe('drop-keys');
    expect(effect('keys-write', 'open', { gained: ['1'], lost: ['3'] })).toBe('drop-keys');
    expect(effect('keys-write', 'open', { gained: ['1', '2'], lost: ['3'] })).toBe('replace-keys');
    expect(effect('keys-write', 'disabled', { lost: ['3'] })).toBe('replace-keys');
    expect(effect('keys-write', 'unknown', { lost: ['3'] })).toBe('replace-keys');
  });

  it('is a word of its own for lines, groups, sudo and a return', () => {
    expect(effect('account-remove', 'open')).toBe('remove');
    expect(effect('group-remove', 'open')).toBe('drop-group');
    expect(effect('member-remove', 'open')).toBe('leave');
    expect(effect('member-add', 'open', { sudo: true })).toBe('sudo');
    expect(effect('account-reopen', 'open')).toBe('enable');
    expect(effect('member-add', 'open', { sudo: false })).toBe('none');
    expect(effect('member-add', 'open')).toBe('none');
  });

  it('is nothing that limits count for whatever else gives or alters', () => {
    const others = ON_NODE.filter(
      (kind) => kind.startsWith('sudoers-') || /-(?:create|alter|restore)$/.test(kind),
    );
    expect(others).toHaveLength(9);
    for (const kind of others) expect([kind, effect(kind, 'open')]).toEqual([kind, 'none']);
  });

  it('has a reason only where it concerns a person, and a null id belongs to no one', () => {
    expect(findDisabledReason(change('keys-remove', 'disabled'), context)).toBe('inactive');
    expect(findDisabledReason(change('keys-remove', 'open'), context)).toBeNull();
    for (const kind of ['group-create', 'group-remove'] as const) {
      expect(findDisabledReason(change(kind, 'disabled'), context)).toBeNull();
      expect(nameUnit(change(kind, 'disabled'))).toBe('Group u-disabled');
    }
    expect(context(null)).toBeUndefined();
    expect(nameUnit(change('sudoers-write', 'rules', { scimId: null }))).toBe('User name rules');
  });
});

describe('the hash of a held set', () => {
  const hash = (...changes: Change[]): string => hashChanges(changes, context, groupIds);

  it('is another for other people, effects, keys and groups', () => {
    const sets = [
      [change('account-close', 'open')],
      [change('account-close', 'keyless')],
      [change('account-remove', 'open')],
      [change('account-close', 'open'), change('account-close', 'keyless')],
      [change('keys-write', 'open', { lost: ['a'], gained: ['b'] })],
      [change('keys-write', 'open', { lost: ['b'], gained: ['a'] })],
      [change('keys-write', 'open', { lost: ['a'], gained: [] })],
      [change('keys-write', 'open', { lost: ['ab'], gained: [] })],
      [change('member-add', 'open', { name: 'team', sudo: true })],
      [change('member-add', 'open', { name: 'old', sudo: true })],
      [change('member-remove', 'open', { name: 'team' })],
      [change('member-remove', 'open', { name: 'old' })],
      [change('member-remove', 'open', { name: 'person' })],
      [change('group-remove', 'open')],
      [change('home-create', 'open')],
      [change('account-create', 'open')],
    ];
    expect(new Set(sets.map((set) => hash(...set))).size).toBe(sets.length);
    expect(hash(...sets[0]!)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('is the same in whatever order, under whatever name, however far a node has come and whatever waits along', () => {
    const [first, second] = [change('account-close', 'open'), change('account-close', 'keyless')];
    expect(hash(second, first)).toBe(hash(first, second));
    expect(hash(first, first, second)).toBe(hash(first, second));
    expect(hash(first, { ...change('sessions-end', 'open'), name: 'x' })).toBe(hash(first));
    expect(hash(first, change('home-create', 'open'))).toBe(hash(first));
    expect(hash(change('keys-remove', 'disabled'))).toBe(hash(change('account-close', 'disabled')));
    expect(hash(change('account-close', 'disabled', { name: 'renamed' }))).toBe(
      hash(change('account-close', 'disabled')),
    );
    const leaves = change('member-remove', 'open', { name: 'team' });
    const renamed = new Map([['crew', 'g-team']]);
    expect(hashChanges([{ ...leaves, name: 'crew' }], context, renamed)).toBe(hash(leaves));
    expect(hashChanges([leaves], context, new Map())).not.toBe(hash(leaves));
  });

  it('never changes between releases: what was approved in a fleet’s file stays approved', () => {
    expect(hash(change('account-close', 'open'))).toBe('a6bcd940275f9a35');
    expect(
      hash(
        change('keys-write', 'open', { lost: ['SHA256:a'], gained: ['SHA256:b'] }),
        change('member-remove', 'open', { name: 'old' }),
        change('member-add', 'keyless', { name: 'nowhere', sudo: true }),
      ),
    ).toBe('e30db86bcb94152f');
    expect(hash(change('group-create', 'open'))).toBe('65bea866b8ab032e');
  });

  it('knows groups by the ids of the store, those that go among them, and no person for a group', () => {
    expect([...groupIds]).toEqual([
      ['old', 'g-old'],
      ['team', 'g-team'],
    ]);
    expect([...readGroupIds({ ...HOST, leftovers: [] })]).toEqual([['team', 'g-team']]);
  });
});

describe('the kinds of changes', () => {
  it('are applied in the order that takes first and gives last', () => {
    expect(ON_NODE).toEqual([
      'keys-remove',
      'account-close',
      'sudoers-remove',
      'sudoers-revoke',
      'sessions-end',
      'root-shells-end',
      'member-remove',
      'group-remove',
      'jobs-disable',
      'account-remove',
      'group-inherit',
      'group-create',
      'group-alter',
      'account-inherit',
      'account-create',
      'account-alter',
      'account-reopen',
      'home-create',
      'member-add',
      'sudoers-write',
      'jobs-restore',
      'keys-write',
      'hook-run',
    ]);
    // Beside the syncs: no job slips in, and a default account is another one before its association goes.
    expect(CHANGE_ORDER.slice(ON_NODE.length)).toEqual([
      'slurm-submit-stop',
      'slurm-jobs-cancel',
      'slurm-account-add',
      'slurm-account-alter',
      'slurm-association-add',
      'slurm-submit-allow',
      'slurm-default-set',
      'slurm-association-remove',
    ]);
  });

  it('take away, if they stand before the first that gives, or leave fewer keys, or run the hook', () => {
    const taking = ON_NODE.filter((kind) => isRevocation(change(kind, 'open')));
    expect(taking).toEqual([...CHANGE_ORDER.slice(0, 10), 'hook-run']);
    expect(isRevocation(change('keys-write', 'open', { lost: ['1'], gained: ['2'] }))).toBe(true);
  });

  it('are a backend’s to write, where they are accounts, groups or members', () => {
    expect(CHANGE_ORDER.filter((kind) => isAccountChange(change(kind, 'open')))).toEqual(
      CHANGE_ORDER.filter((kind) => /^(?:account|group|member)-/.test(kind)),
    );
  });
});
