import { describe, expect, test } from 'vitest';
import { checkConfig } from '../../../../../src/diagnose/doctor/check/check-config.ts';
import type { Facts } from '../../../../../src/diagnose/doctor/facts.ts';
import { config, healthyNode, node } from '../../../../support/records/healthy-node.ts';

type Config = Facts['config'];

const set = (more: { [K in keyof Config]?: Partial<Config[K]> }): Facts => {
  const { access, accounts, keys, scim } = { access: {}, accounts: {}, keys: {}, scim: {}, ...more };
  return node({
    config: {
      ...config,
      access: { ...config.access, ...access },
      accounts: { ...config.accounts, ...accounts },
      keys: { ...config.keys, ...keys },
      scim: { ...config.scim, ...scim },
    },
  });
};
const [first, last] = config.accounts.id_range;
const byAttribute = { attributes: { ...config.scim.attributes, username: 'externalId' } };

describe('check `config`', () => {
  test('finds nothing in a sound configuration', () => {
    expect(checkConfig(healthyNode)).toEqual([]);
  });

  test.each<[string, string, Facts]>([
    ['config-no-access', 'error', set({ access: { groups: [] } })],
    ['config-no-domains', 'warning', set({ accounts: { domains: [] } })],
    ['config-max-age', 'security', set({ keys: { max_age: null } })],
    ['config-observe', 'warning', node({ config: { ...config, mode: 'observe' } })],
  ])('%s is of level %s, with a fix that is the operator’s alone', (code, level, facts) => {
    expect(checkConfig(facts)).toMatchObject([
      { code, level, howToFix: expect.stringMatching(/\S/), fix: null },
    ]);
  });

  test('no domains are needed where the name comes from another attribute', () => {
    expect(checkConfig(set({ accounts: { domains: [] }, scim: byAttribute }))).toEqual([]);
  });

  test('reports each fault, not the first alone', () => {
    const facts = set({ access: { groups: [] }, accounts: { domains: [] }, keys: { max_age: null } });
    expect(checkConfig(facts).map(({ code }) => code)).toEqual([
      'config-no-access',
      'config-no-domains',
      'config-max-age',
    ]);
  });
});

describe('the uids that useradd assigns', () => {
  test.each<[string, Facts['uidRange']]>([
    ['reach to the first uid of the store', [1000, first]],
    ['begin at the last uid of the store', [last, last + 10]],
    ['lie within those of the store', [first + 1, first + 2]],
    ['enclose those of the store', [1, last + 1]],
  ])('%s: config-uid-max, a warning with a fix', (_, uidRange) => {
    const [finding] = checkConfig(node({ uidRange }));
    expect(finding).toMatchObject({ code: 'config-uid-max', level: 'warning', fix: null });
    expect(finding?.howToFix).toContain(`UID_MAX ${first - 1}`);
  });

  test.each<[string, Facts['uidRange']]>([
    ['end below them', [1000, first - 1]],
    ['begin above them', [last + 1, last + 2]],
    ['are none, for useradd is not installed', null],
    ['are an empty range', [last + 1, first - 1]],
  ])('%s: no finding', (_, uidRange) => {
    expect(checkConfig(node({ uidRange }))).toEqual([]);
  });
});
