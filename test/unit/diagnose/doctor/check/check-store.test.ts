import { describe, expect, test } from 'vitest';
import { checkStore } from '../../../../../src/diagnose/doctor/check/check-store.ts';
import type { Facts } from '../../../../../src/diagnose/doctor/facts.ts';
import { notProbed } from '../../../../support/records/healthy.ts';
import {
  config,
  group,
  healthyNode,
  node,
  NOW,
  token,
  withProbe,
} from '../../../../support/records/healthy-node.ts';

type Group = Extract<Facts['probe'], { ok: true }>['value']['groups'][number];

const codes = (facts: Facts): string[] => checkStore(facts).map(({ code }) => code);
const withFault = (code: string) => withProbe({ fault: { code, detail: 'it failed' } });
const withGroup = (more: Partial<Group>) => withProbe({ groups: [{ ...group, ...more }] });
const skewed = (seconds: number) => withProbe({ local_time: NOW * 1000 + seconds * 1000 });
const withKeyAttribute = (sshKeys: string, facts: Facts): Facts => ({
  ...facts,
  config: {
    ...config,
    scim: { ...config.scim, attributes: { ...config.scim.attributes, ssh_keys: sshKeys } },
  },
});

/** The one finding, which is no bypass and which `--fix` cannot correct. */
function only(facts: Facts) {
  const findings = checkStore(facts);
  expect(findings).toMatchObject([{ howToFix: expect.stringMatching(/\S/), fix: null }]);
  return findings[0];
}

describe('a store that is not reached', () => {
  test('is no finding where it answers', () => {
    expect(checkStore(healthyNode)).toEqual([]);
  });

  test('is an error where the reader could not ask it', () => {
    expect(only(node({ probe: notProbed }))).toMatchObject({ code: 'store-unasked', level: 'error' });
  });

  test.each<[string, string]>([
    ['store-tls', 'CERT_HAS_EXPIRED'],
    ['store-tls', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['store-tls', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['store-tls', 'SELF_SIGNED_CERT_IN_CHAIN'],
    ['store-tls', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['store-tls', 'ERR_SSL_WRONG_VERSION_NUMBER'],
    ['store-tls', 'EPROTO'],
    ['store-ca-file', 'ca_file'],
    ['store-dns', 'ENOTFOUND'],
    ['store-dns', 'EAI_AGAIN'],
    ['store-unreachable', 'ECONNREFUSED'],
    ['store-unreachable', 'ETIMEDOUT'],
    ['store-unreachable', 'UND_ERR_SOCKET'],
    ['store-unreachable', 'NOT_EPROTO'],
    ['store-unreachable', ''],
  ])('%s is the error for %s', (code, errno) => {
    expect(only(withFault(errno))).toMatchObject({ code, level: 'error' });
  });

  test('has no other fault: what it did not answer is not judged', () => {
    const unreached = withProbe({
      fault: { code: 'ECONNREFUSED', detail: '' },
      tokens: [{ ...token, status: null }],
      server_time: null,
      provider_config: null,
      schemas: null,
      groups: [],
    });
    expect(codes(unreached)).toEqual(['store-unreachable']);
  });

  test('is named by host and port, without the path that identifies the organisation', () => {
    const finding = only(withFault('ECONNREFUSED'));
    expect(finding?.detail).toContain('store.example.com');
    expect(finding?.detail).not.toContain('ab1cd2');
  });
});

describe('the clocks', () => {
  test.each([301, -301, 86_400 * 365, -86_400 * 365])('differ too much by %i s', (seconds) => {
    const finding = only(skewed(seconds));
    expect(finding).toMatchObject({ code: 'store-clock', level: 'error' });
    expect(finding?.detail).toContain(seconds > 0 ? 'ahead of' : 'behind');
  });

  test.each([0, 60, -60])('agree well enough at %i s', (seconds) => {
    expect(checkStore(skewed(seconds))).toEqual([]);
  });

  test.each([61, -61, 290, 300, -300])('are reported at %i s, before any harm is done', (seconds) => {
    expect(checkStore(skewed(seconds))).toMatchObject([{ code: 'store-clock-drift', level: 'warning' }]);
  });

  test('are not compared with a store that does not tell its time', () => {
    expect(checkStore(withProbe({ server_time: null }))).toEqual([]);
  });
});

test('a store whose deltas missed changes is reported for as long as they are not used', () => {
  const facts = node({ deltasOffUntil: NOW + 7200 });
  expect(checkStore(facts)).toMatchObject([{ code: 'store-deltas', level: 'warning' }]);
});

describe('the answer to Users', () => {
  const refused = { ...token, status: 401 };

  test.each([404, 500, 301, 204])('%i to every token is an error', (status) => {
    const finding = only(withProbe({ tokens: [{ ...token, status }] }));
    expect(finding).toMatchObject({ code: 'store-answer', level: 'error' });
    expect(finding?.detail).toContain(String(status));
  });

  test('is no fault of the store where it refuses the token: check `token` reports that', () => {
    expect(codes(withProbe({ tokens: [refused, { ...token, status: 403 }] }))).toEqual([]);
    expect(codes(withProbe({ tokens: [refused, { ...token, status: 404 }] }))).toEqual(['store-answer']);
    expect(codes(withProbe({ tokens: [{ ...token, status: null }] }))).toEqual([]);
    // A token that was not asked with hides no answer to another.
    const second = [
      { ...token, status: null },
      { ...token, status: 500 },
    ];
    expect(codes(withProbe({ tokens: second }))).toEqual(['store-answer']);
    expect(codes(withProbe({ tokens: [] }))).toEqual([]);
  });

  test('is in order where one token is accepted', () => {
    expect(codes(withProbe({ tokens: [{ ...token, status: 500 }, token] }))).toEqual([]);
  });

  test('without an accepted token nothing else is judged but the clock', () => {
    const facts = withProbe({
      tokens: [refused],
      local_time: (NOW + 7200) * 1000,
      provider_config: 500,
      schemas: [],
      groups: [{ ...group, listed: [] }],
    });
    expect(codes(facts)).toEqual(['store-clock']);
  });
});

describe('what the store serves', () => {
  test.each([404, 500, null])('ServiceProviderConfig with %s is a warning', (status) => {
    expect(only(withProbe({ provider_config: status }))).toMatchObject({
      code: 'store-provider-config',
      level: 'warning',
    });
  });

  test('a schema that the attribute of the keys does not belong to is an error', () => {
    const path = config.scim.attributes.ssh_keys;
    const schema = path.slice(0, path.lastIndexOf(':'));
    expect(only(withProbe({ schemas: [] }))).toMatchObject({ code: 'store-extension', level: 'error' });
    // A name that begins as the schema does is another schema.
    expect(codes(withProbe({ schemas: [schema.slice(0, -1)] }))).toEqual(['store-extension']);
    expect(codes(withProbe({ schemas: [schema.toUpperCase()] }))).toEqual([]);
    expect(codes(withKeyAttribute(path.toUpperCase(), withProbe({ schemas: [schema] })))).toEqual([]);
  });

  test('no schema is needed for an attribute of the core, and none is judged where they are not known', () => {
    expect(codes(withKeyAttribute('x509Certificates', withProbe({ schemas: [] })))).toEqual([]);
    expect(codes(withProbe({ schemas: null }))).toEqual([]);
  });
});

describe('a group that access names', () => {
  const other = { id: 'g2', name: 'Slurm-Users' };
  const listed = [{ id: 'g1', name: 'slurm-users' }];

  test.each<[string, string, Partial<Group>]>([
    ['store-group-missing', 'error', { listed: [] }],
    ['store-group-case', 'error', { listed: [other] }],
    // A store that fails has not said that there is none.
    ['store-group-unanswered', 'warning', { status: 500, listed: [] }],
    ['store-group-unanswered', 'warning', { status: null, id: 'old', listed: [] }],
    ['store-group-twice', 'warning', { listed: [...listed, { id: 'g9', name: 'slurm-users' }] }],
    ['store-group-missing', 'error', { id: 'old', listed: [] }],
    // A pinned group that has another name by now is found by its id; without it, no lookalike is offered.
    ['store-group-missing', 'error', { id: 'old', listed: [other] }],
    ['store-group-pin', 'error', { id: 'old', listed }],
  ])('%s, of level %s', (code, level, more) => {
    expect(only(withGroup(more))).toMatchObject({ code, level });
  });

  test.each<[string, Partial<Group>]>([
    ['by its name', { listed }],
    ['by its name, beside one in another case', { listed: [other, ...listed] }],
    ['by its pinned id', { id: 'g1', pinned: { id: 'g1', name: 'slurm-users' }, listed }],
    [
      'by its pinned id alone, for it was renamed',
      { id: 'g1', pinned: { id: 'g1', name: 'hpc' }, listed: [] },
    ],
  ])('is found %s', (_, more) => {
    expect(checkStore(withGroup(more))).toEqual([]);
  });

  test('has the id or the name to write in its fix', () => {
    expect(only(withGroup({ id: 'old', listed }))?.howToFix).toContain('g1');
    expect(only(withGroup({ listed: [other] }))?.howToFix).toContain('Slurm-Users');
  });

  test('is judged for itself', () => {
    const groups = [group, { ...group, listed: [] }, { ...group, listed: [other] }];
    expect(codes(withProbe({ groups }))).toEqual(['store-group-missing', 'store-group-case']);
    expect(codes(withProbe({ groups: [] }))).toEqual([]);
  });
});
