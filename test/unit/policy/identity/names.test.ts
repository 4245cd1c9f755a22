// Names, ids, profiles, access and sudoers: the small rules, each by example.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDisabledBecause, readOperatorOverrides, resolveAccess } from '../../../../src/policy/access.ts';
import { compileGlob } from '../../../../src/common/text/glob.ts';
import { chooseId, deriveId } from '../../../../src/policy/identity/ids.ts';
import { chooseHome, cleanGecos, findShell, isSafeHome } from '../../../../src/policy/identity/profile.ts';
import { isReservedId, isReservedName } from '../../../../src/policy/identity/reserved.ts';
import { readSudoersEnds, readSudoersUids, renderSudoers } from '../../../../src/policy/sudoers.ts';
import {
  foldDomains,
  isSafeName,
  readGroupName,
  readUsername,
} from '../../../../src/policy/identity/username.ts';
import { compareClaims } from '../../../../src/policy/identity/precedence.ts';
import { propertyRuns } from '../../../support/property-runs.ts';
import { makeConfig, makeGroup } from '../../../support/records/organisation.ts';
import { anyText } from '../../../support/records/any-text.ts';

const domains = foldDomains(['Example.com', '@other.org']);
const nameOf = (value: string | null): string => {
  const reading = readUsername(value, domains);
  return reading.ok ? reading.name : reading.code;
};

describe('readUsername', () => {
  it.each([
    ['alice@example.com', 'alice'],
    ['Alice@EXAMPLE.COM', 'alice'],
    ['Anna-Maria.Smith_2@other.org', 'anna-maria_smith_2'],
    ['alice', 'alice'],
    ['a', 'a'],
    ['a'.repeat(31), 'a'.repeat(31)],
    ['a'.repeat(32), 'name-length'],
    [`${'a'.repeat(32)}@example.com`, 'name-length'],
    ['alice@elsewhere.com', 'name-domain'],
    ['alice@example.com.evil.org', 'name-domain'],
    ['alice@', 'name-domain'],
    ['@example.com', 'name-start'],
    ['@elsewhere.com', 'name-domain'],
    ['alice@evil@example.com', 'name-characters'],
    ['alice+test@example.com', 'name-plus'],
    ['alice+test', 'name-plus'],
    ['1alice@example.com', 'name-start'],
    ['.alice', 'name-start'],
    ['-rf', 'name-start'],
    ['_alice', 'name-start'],
    ['alice$', 'name-characters'],
    ['DOMAIN\\alice', 'name-characters'],
    ['al ice', 'name-characters'],
    ['alice\n', 'name-characters'],
    ['alice:x:0:0', 'name-characters'],
    ['élodie@example.com', 'name-characters'],
    ['\u212aelvin@example.com', 'name-characters'],
    ['ａlice', 'name-characters'],
    ['alice\u202e', 'name-characters'],
    ['', 'name-missing'],
    [null, 'name-missing'],
  ])('reads %j as %s', (value, expected) => {
    expect(nameOf(value)).toBe(expected);
  });

  it('takes no address at all while no domain is configured', () => {
    expect(readUsername('alice@example.com', foldDomains([]))).toMatchObject({ code: 'name-domain' });
    expect(readUsername('alice', foldDomains([]))).toEqual({ ok: true, name: 'alice' });
  });

  it.each([
    ['al é', 'the user name has blanks or characters outside ASCII'],
    ['a*', 'the user name has characters other than letters, digits, - _ and dots'],
    ['1', 'the user name does not start with a letter'],
    ['a'.repeat(32), 'the user name has more than 31 characters'],
  ])('says of %j: %s', (value, detail) => expect(readUsername(value, domains)).toMatchObject({ detail }));

  it.each([
    ['team é', 'the group name has characters outside ASCII'],
    ['team*', 'the group name has characters other than letters, digits, - _ and dots'],
  ])('says of the group %j: %s', (value, detail) => expect(readGroupName(value)).toMatchObject({ detail }));

  it('says in words what is wrong', () => {
    for (const value of [null, 'é', 'a@b@c', 'a@elsewhere', 'a+b', '1', 'a*', 'a'.repeat(40)]) {
      const reading = readUsername(value, domains);
      expect(!reading.ok && reading.detail.length).toBeGreaterThan(20);
    }
  });

  it('never makes anything but a plain POSIX name, whatever it reads', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.emailAddress()), (value) => {
        for (const reading of [readUsername(value, domains), readGroupName(value)]) {
          if (reading.ok) expect(reading.name).toMatch(/^[a-z][a-z0-9_-]{0,30}$/);
        }
      }),
      { numRuns: propertyRuns(2000, 100_000) },
    );
  });
});

describe('readGroupName', () => {
  it.each([
    ['Slurm Users', 'slurm_users'],
    ['team.x', 'team_x'],
    ['team-x', 'team-x'],
    ['équipe', 'name-characters'],
    ['team\tx', 'name-characters'],
    ['team@x', 'name-characters'],
    ['2nd', 'name-start'],
    ['', 'name-characters'],
  ])('reads %j as %s', (value, expected) => {
    const reading = readGroupName(value);
    expect(reading.ok ? reading.name : reading.code).toBe(expected);
  });
});

describe('what is reserved', () => {
  it.each(['root', 'wheel', 'sudo', 'admin', 'adm', 'disk', 'docker', 'lxd', 'shadow', 'systemd-journal'])(
    'never grants the name %s',
    (name) => expect(isReservedName(name)).toBe(true),
  );

  it.each(['slurm', 'munge', 'nobody', 'kvm', 'libvirt', 'video', 'sunk-agent', '_apt', 'ubuntu'])(
    'nor %s',
    (name) => expect(isReservedName(name)).toBe(true),
  );

  it('leaves people their names', () => {
    for (const name of ['alice', 'rooty', 'gdmitri', 'systemd', 'sunk-users', 'slurm-users']) {
      expect(isReservedName(name)).toBe(false);
    }
  });

  it.each([
    [999, 1000],
    [60001, 60000],
    [60513, 60514],
    [61184, 61183],
    [65519, 65520],
    [65534, 65533],
    [65535, 65536],
    [524288, 524287],
    [1879048191, 1879048192],
    [2147483647, 2147483646],
  ])('never grants the id %i, but %i', (reserved, free) => {
    expect(isReservedId(reserved)).toBe(true);
    expect(isReservedId(free)).toBe(false);
  });

  it.each([0, 400, 401, -1, 1000.5, Number.NaN, Infinity, 4294967295, 4294967296, 2 ** 53])(
    'takes %d for no id to grant',
    (id) => expect(isReservedId(id)).toBe(true),
  );

  it('knows a name that may stand in passwd(5)', () => {
    expect(isSafeName('Anna.Smith')).toBe(true);
    expect(isSafeName('_x')).toBe(true);
    for (const name of ['', 'a:b', 'a\nb', '-a', '.a', 'a b', 'a'.repeat(33), 'a\n']) {
      expect(isSafeName(name)).toBe(false);
    }
    expect(isSafeName('a'.repeat(32))).toBe(true);
  });
});

describe('ids', () => {
  const rules = { ids: 'attribute', id_range: [10000, 59999] } as const;
  const code = (id: number | null, range: [number, number] = [10000, 59999]) => {
    const reading = chooseId('uid', 'u', id, { ...rules, id_range: range });
    return reading.ok ? reading.id : reading.code;
  };

  it('takes the attribute within range and reserves', () => {
    expect(code(10000)).toBe(10000);
    expect(code(59999)).toBe(59999);
    expect(code(9999)).toBe('uid-range');
    expect(code(60000)).toBe('uid-range');
    expect(code(0)).toBe('uid-reserved');
    expect(code(60001, [10000, 70000])).toBe('uid-reserved');
    expect(code(null)).toBe('uid-missing');
    expect(code(20000.5)).toBe('uid-reserved');
    expect(chooseId('gid', 'g', 5, rules)).toMatchObject({ code: 'gid-reserved' });
    expect(chooseId('gid', 'g', null, rules)).toMatchObject({ detail: expect.stringContaining('gid') });
  });

  it('derives the same id everywhere, from the SCIM id alone', () => {
    expect(deriveId('2819c223-7f76-453a-919d-413861904646', [10000, 59999])).toBe(
      deriveId('2819c223-7f76-453a-919d-413861904646', [10000, 59999]),
    );
    const derived = { ids: 'derived', id_range: [10000, 59999] } as const;
    expect(chooseId('uid', 'x', 12345, derived)).toEqual(chooseId('uid', 'x', null, derived));
  });

  it('reaches an id that stands alone after a reserved range', () => {
    expect(deriveId('x', [60513, 60514])).toBe(60514);
    expect(deriveId('x', [60000, 60001])).toBe(60000);
  });

  it('has nothing to derive from a range that is wholly reserved', () => {
    expect(deriveId('x', [60001, 60513])).toBeNull();
    const reading = chooseId('uid', 'x', null, { ids: 'derived', id_range: [60001, 60513] });
    expect(reading).toMatchObject({ code: 'uid-missing', detail: expect.stringContaining('id_range') });
  });

  it('derives every free id of a range and no other', () => {
    const seen = new Set<number>();
    for (let n = 0; n < 400; n += 1) seen.add(deriveId(`id ${n}`, [59998, 60516]) ?? 0);
    expect([...seen].sort((a, b) => a - b)).toEqual([59998, 59999, 60000, 60514, 60515, 60516]);
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1000, max: 600000 }), fc.nat(100000), (id, low, size) => {
        const derived = deriveId(id, [low, low + size]);
        if (derived === null) return;
        expect(derived).toBeGreaterThanOrEqual(low);
        expect(derived).toBeLessThanOrEqual(low + size);
        expect(isReservedId(derived)).toBe(false);
      }),
      { numRuns: propertyRuns(2000, 100_000) },
    );
  });
});

describe('compareClaims', () => {
  const claim = (created: string | null, scimId = 'x') => ({ created, scimId });

  it('compares instants, not their spelling; an unknown one comes last; then the id decides', () => {
    expect(compareClaims(claim('2026-01-01T02:00:00+02:00'), claim('2026-01-01T00:30:00Z'))).toBeLessThan(0);
    expect(compareClaims(claim(null, 'a'), claim('2099-01-01T00:00:00Z', 'b'))).toBeGreaterThan(0);
    expect(compareClaims(claim('yesterday', 'a'), claim('2099-01-01T00:00:00.123Z', 'b'))).toBeGreaterThan(0);
    expect(
      compareClaims(claim('2026-13-41T00:00:00Z', 'a'), claim('2099-01-01T00:00Z', 'b')),
    ).toBeGreaterThan(0);
    expect(compareClaims(claim(null, 'a'), claim(null, 'b'))).toBeLessThan(0);
    expect(compareClaims(claim('2026-01-01T00:00:00Z', 'b'), claim('2026-01-01T00:00:00.000Z', 'a'))).toBe(1);
    expect(compareClaims(claim(null, 'a'), claim(null, 'a'))).toBe(0);
  });
});

describe('profile', () => {
  it.each([
    ['Alice Smith', 'Alice Smith'],
    ['Élodie 田中', 'Élodie 田中'],
    ['a:b,c=d', 'a b c d'],
    ['x\nroot:x:0:0', 'x root x 0 0'],
    ['\u202eevil\u001b[31m\u0085\u2028end', 'evil [31m end'],
    ['  much   \t space ', 'much space'],
    ['\ud800lone', 'lone'],
    [null, ''],
    [`${'a'.repeat(99)} b`, 'a'.repeat(99)],
    [` ${'a'.repeat(100)}`, 'a'.repeat(100)],
    [`${':'.repeat(1000)}late`, ''],
    ['😀'.repeat(200), '😀'.repeat(100)],
  ])('cleans %j to %j', (name, gecos) => {
    expect(cleanGecos(name)).toBe(gecos);
  });

  const rules = { home: '/home/%u', home_prefixes: ['/home', '/mnt/home//', '/'] };
  it.each([
    [null, '/home/alice'],
    ['', '/home/alice'],
    ['/home/x', '/home/x'],
    ['/mnt/home/a/b', '/mnt/home/a/b'],
    ['/home', 'home-prefix'],
    ['/homes/x', 'home-prefix'],
    ['/root', 'home-prefix'],
    ['/home/../etc', 'home-path'],
    ['/home/./x', 'home-path'],
    ['/home/..', 'home-path'],
    ['/home//x', 'home-path'],
    ['/home/x/', 'home-path'],
    ['home/x', 'home-path'],
    ['/home/x:y', 'home-path'],
    ['/home/x\n', 'home-path'],
    ['/home/é', 'home-path'],
    [`/home/${'x'.repeat(250)}`, 'home-path'],
    ['/home/..x', '/home/..x'],
    [`/home/${'x'.repeat(249)}`, `/home/${'x'.repeat(249)}`],
  ])('judges the home %j: %s', (home, expected) => {
    const reading = chooseHome(home, 'alice', rules);
    expect(reading.ok ? reading.home : reading.code).toBe(expected);
  });

  it('fills every %u of the template, even for a name with a dollar', () => {
    expect(chooseHome(null, '$&', { home: '/h/%u/%u', home_prefixes: [] })).toEqual({
      ok: true,
      home: '/h/$&/$&',
    });
  });

  it('takes a shell only from /etc/shells', () => {
    const shells = new Set(['/bin/bash', 'relative', 'x/bin/bash', '/bin/a b']);
    expect(findShell('x/bin/bash', shells)).toBeNull();
    expect(findShell('/bin/bash', shells)).toBe('/bin/bash');
    expect(findShell('/bin/evil', shells)).toBeNull();
    expect(findShell('relative', shells)).toBeNull();
    expect(findShell('/bin/a b', shells)).toBeNull();
    expect(findShell(null, shells)).toBeNull();
  });

  it('knows a home that may stand in passwd(5)', () => {
    expect(isSafeHome('/mnt/home/Ünïcode dir')).toBe(true);
    for (const home of ['relative', '/a:b', '/a\nb', '']) expect(isSafeHome(home)).toBe(false);
  });
});

describe('renderSudoers', () => {
  it('writes one rule a uid, sorted, and nothing where there is none', () => {
    expect(renderSudoers([], new Map())).toBe('');
    expect(renderSudoers([300, 31, 300], new Map())).toBe(
      '# Written by sunk-agent from access.sudo_groups; changes are overwritten.\n' +
        '#31 ALL=(ALL:ALL) NOPASSWD: ALL\n#300 ALL=(ALL:ALL) NOPASSWD: ALL\n',
    );
  });
});

describe('a sudoers file is read', () => {
  it('rule by rule, each at the beginning of a line', () => {
    const ends = new Map([[300, 1_900_000_000]]);
    const text = `# see #5 here, and #6 NOTAFTER=20300101000000Z there\n${renderSudoers([31, 300], ends)}`;
    expect(readSudoersUids(text)).toEqual(new Set([31, 300]));
    expect(readSudoersEnds(text)).toEqual(ends);
  });
});

describe('compileGlob', () => {
  it('knows * and ?, and takes everything else for itself', () => {
    expect(compileGlob('team-*').test('team-x')).toBe(true);
    expect(compileGlob('team-*').test('my-team-x')).toBe(false);
    expect(compileGlob('t?am').test('team')).toBe(true);
    expect(compileGlob('t?am').test('tam')).toBe(false);
    expect(compileGlob('a.b').test('axb')).toBe(false);
    expect(compileGlob('[a](b)+$^|{1}\\/').test('[a](b)+$^|{1}\\/')).toBe(true);
  });
});

describe('access', () => {
  const access = (groups: object[], sudo: object[] = []) =>
    ({ groups, sudo_groups: sudo, users: [] }) as unknown as Parameters<typeof resolveAccess>[0];

  it('goes by the pinned id, and a second group of that name grants nothing', () => {
    const groups = [
      makeGroup('real', 1, ['u-a'], { name: 'users' }),
      makeGroup('fake', 2, ['u-evil'], { name: 'users', created: '2000-01-01T00:00:00Z' }),
    ];
    const { members, refusals, missing } = resolveAccess(access([{ name: 'users', id: 'g-real' }]), groups);
    expect([...members]).toEqual(['u-a']);
    expect(refusals).toMatchObject([{ scimId: 'g-fake', code: 'group-namesake' }]);
    expect(missing).toEqual([]);
  });

  it('goes by the exact name otherwise, the earliest created first', () => {
    const groups = [
      makeGroup('late', 1, ['u-late'], { name: 'users' }),
      makeGroup('early', 2, ['u-early'], { name: 'users', created: '2000-01-01T00:00:00Z' }),
      makeGroup('case', 3, ['u-case'], { name: 'Users' }),
    ];
    const found = resolveAccess(access([{ name: 'users', id: null }]), groups);
    expect([...found.members]).toEqual(['u-early']);
    expect(found.refusals).toMatchObject([{ scimId: 'g-late', detail: expect.stringContaining('g-early') }]);
  });

  it('misses a group that is absent, or whose pinned id is gone although its name is there', () => {
    const gone = { ...makeGroup('x', 1, ['u-a'], { name: 'users' }), absent: true };
    const namesake = makeGroup('y', 1, ['u-b'], { name: 'users' });
    const reference = { name: 'users', id: 'g-x' };
    const found = resolveAccess(access([reference]), [gone, namesake]);
    expect(found.missing).toEqual([reference]);
    expect(found.members.size).toBe(0);
    expect(found.refusals).toMatchObject([{ scimId: 'g-y', detail: expect.stringContaining('g-x') }]);
  });

  it('reports nested groups of access and sudo groups, once each', () => {
    const group = makeGroup('x', 1, ['u-a'], { name: 'users', nested: ['g-a', 'g-b'] });
    const found = resolveAccess(access([{ name: 'users', id: null }], [{ name: 'users', id: 'g-x' }]), [
      group,
    ]);
    expect(found.refusals).toMatchObject([{ code: 'group-nested', detail: expect.stringMatching(/^2 of/) }]);
    expect(found.sudoGroups).toEqual([group.record]);
  });

  it('lists no one by an empty list', () => {
    expect(resolveAccess(access([]), [makeGroup('x', 1, ['u-a'])]).members.size).toBe(0);
  });

  it('disables for the weightiest reason', () => {
    const person = { block: false, active: true, absent: false, member: true, listed: true };
    expect(findDisabledBecause(person)).toBeNull();
    expect(findDisabledBecause({ ...person, listed: false })).toBe('not-listed-here');
    expect(findDisabledBecause({ ...person, listed: false, member: false })).toBe('no-access-group');
    expect(findDisabledBecause({ ...person, member: false, absent: true })).toBe('absent');
    expect(findDisabledBecause({ ...person, absent: true, active: false })).toBe('inactive');
    expect(findDisabledBecause({ ...person, active: false, block: true })).toBe('blocked');
  });

  it('gathers what operators say about a person, by id or by userName in any case', () => {
    const config = makeConfig(`
access: { users: [Alice@Example.com] }
overrides:
  - { id: u1, uid: 23000 }
  - { id: u1, add_key: k1 }
  - { name: ALICE@example.com, add_key: k2 }
  - { name: bob@example.com, block: true }
`);
    const overrides = readOperatorOverrides(config, ['carol', 'U9', 'u8', 'Dave@Example.com', 'SHA256:abc']);
    const rules = (id: string, userName: string, name: string | null = null) =>
      overrides.rulesFor({ id, userName }, name);
    expect(rules('u1', 'alice@EXAMPLE.com')).toEqual({ block: false, uid: 23000, addKeys: ['k1', 'k2'] });
    expect(rules('u2', 'BOB@example.com').block).toBe(true);
    expect(rules('u3', 'x', 'carol').block).toBe(true);
    expect(rules('u8', 'x').block).toBe(true);
    expect(rules('u9', 'x').block).toBe(false);
    expect(rules('u4', 'dave@example.com').block).toBe(true);
    expect(overrides.fingerprints).toEqual(['SHA256:abc']);
    expect(overrides.isListed('alice@example.COM')).toBe(true);
    expect(overrides.isListed('bob@example.com')).toBe(false);
    const both = readOperatorOverrides(
      makeConfig('overrides: [{ id: u1, block: true }, { id: u1, uid: 23000 }, { name: a@b, add_key: k }]'),
      [],
    );
    expect(both.rulesFor({ id: 'u1', userName: 'A@B' }, null)).toEqual({
      block: true,
      uid: 23000,
      addKeys: ['k'],
    });
    const unset = readOperatorOverrides(makeConfig(), []);
    expect(unset.isListed('anybody')).toBe(true);
    expect(unset.rulesFor({ id: 'x', userName: 'y' }, null)).toEqual({
      block: false,
      uid: null,
      addKeys: [],
    });
  });
});
