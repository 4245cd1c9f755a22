import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { carryValues } from '../../../../src/cli/init/from-values.ts';
import { parseIni, parseQuery, toAttributePath } from '../../../../src/cli/init/nsscache-config.ts';

const carry = (
  nsscacheConfig: string,
  more: object = {},
): { values: Record<string, unknown>; left: string } => {
  const { text, left } = carryValues(
    stringify({ nsscache: { nsscacheConfig, existingSecret: 's', ...more } }),
    'f',
  );
  return { values: parse(text) as Record<string, unknown>, left: left.join('\n') };
};
const BASE = '[DEFAULT]\nscim_base_url = https://store.example/scim\n';

describe('values of the slurm chart', () => {
  test('give groups, home and attributes, and begin with observing', () => {
    const { values } = carry(
      `${BASE}scim_users_parameters = groups=a, b&filter=active eq "true"\n[passwd]\nscim_path_uid = urn:x:2.0:User/ids/uid\nscim_override_home_directory = /mnt/home/%%u\n`,
      { sudoGroups: ['admins'] },
    );
    expect(values).toEqual({
      existingSecret: 's',
      config: {
        mode: 'observe',
        scim: { base_url: 'https://store.example/scim', attributes: { uid: 'urn:x:2.0:User:ids.uid' } },
        access: { groups: [{ name: 'a' }, { name: 'b' }] },
        accounts: { home: '/mnt/home/%u', home_prefixes: ['/mnt/home'] },
      },
      sudoGroups: ['admins'],
      secrets: { enabled: true },
    });
  });

  test.each([
    ['scim_verify_ssl = False', 'certificates are always checked'],
    ['scim_users_endpoint = v2/People', 'only /Users is read'],
    ['scim_strange = 1', '[DEFAULT] scim_strange is not carried over'],
    ['scim_users_parameters = filter=active eq true', 'names no groups'],
    ['scim_groups_parameters = filter=members pr', 'only names of groups'],
  ])('with %s are carried over but for what is listed', (line, said) => {
    expect(carry(`${BASE}${line}\n`).left).toContain(said);
  });

  test('with a token in them say that it is known, and never repeat it', () => {
    const { values, left } = carry(`${BASE}scim_auth_token = hunter2\n`);
    expect(left).toContain('create a new token');
    expect(JSON.stringify(values) + left).not.toContain('hunter2');
  });

  test('list keys of the block that mean something else here', () => {
    const { left } = carry(BASE, { image: { tag: '1' }, schedule: '* * * * *' });
    expect(left).toContain('nsscache.image is not carried over');
    expect(left).not.toContain('schedule');
  });

  test.each([
    ['a: [', 'not YAML'],
    ['login: {}', 'there is no nsscache block'],
    ['nsscache: { nsscacheConfig: [1] }', 'is not a text'],
    ['nsscache: { nsscacheConfig: "[DEFAULT]\\nsource = ldap" }', 'only SCIM'],
  ])('that are %s are refused', (text, said) => {
    expect(() => carryValues(text, 'f')).toThrow(said);
  });

  test('below the name of the sub-chart are found too', () => {
    const text = stringify({ slurm: { nsscache: { nsscacheConfig: BASE, existingSecret: 's' } } });
    expect(parse(carryValues(text, 'f').text)).toMatchObject({ existingSecret: 's' });
  });
});

describe('nsscache.conf', () => {
  test('is read as configparser reads it', () => {
    expect(parseIni('[DEFAULT]\nA: 1\n# no\n ; no\n[passwd]\nb = x = y\n  more\n')).toEqual({
      DEFAULT: { a: '1' },
      passwd: { b: 'x = y more' },
    });
  });

  test('is read whatever it has, and never reaches beyond its own keys', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { DEFAULT } = parseIni(`[DEFAULT]\n${text}\n[__proto__]\nx = 1\n`);
        expect(Object.values(DEFAULT).every((value) => typeof value === 'string')).toBe(true);
        expect(({} as Record<string, unknown>)['x']).toBeUndefined();
      }),
    );
  });

  test('has paths with slashes, and queries', () => {
    expect(toAttributePath('urn:a:2.0:User/name')).toBe('urn:a:2.0:User:name');
    expect(toAttributePath('name/familyName')).toBe('name.familyName');
    expect(parseQuery('groups=a%2Cb&cursor&filter=x eq "a=b"')).toEqual({
      groups: 'a,b',
      cursor: '',
      filter: 'x eq "a=b"',
    });
  });
});
