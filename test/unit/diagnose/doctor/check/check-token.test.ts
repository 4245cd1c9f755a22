import { describe, expect, test } from 'vitest';
import { checkToken } from '../../../../../src/diagnose/doctor/check/check-token.ts';
import type { Facts } from '../../../../../src/diagnose/doctor/facts.ts';
import { notProbed } from '../../../../support/records/healthy.ts';
import { config, healthyNode, node, token, withProbe } from '../../../../support/records/healthy-node.ts';

type Answers = Extract<Facts['probe'], { ok: true }>['value']['tokens'];

const READER = 990;
const file = (mode: number, gid = READER) => ({
  path: '/token',
  rights: { path: '/token', uid: 0, gid, mode },
});
const missing = { path: '/token', rights: null };
const answering = (...tokens: Answers): Facts => withProbe({ tokens });
const codes = (facts: Facts): string[] => checkToken(facts).map(({ code }) => code);

const rotating = {
  ...config,
  scim: { ...config.scim, tokens: [{ credential: 'old' }, { credential: 'new' }] },
} as Facts['config'];

describe('the file of a token', () => {
  test.each<[string, number, number]>([
    ['the reader’s group alone can read it', 0o640, READER],
    ['root alone can read it', 0o600, 4711],
    ['the group is root’s', 0o640, 0],
    ['it cannot be read at all', 0o000, 4711],
  ])('is in order where %s', (_, mode, gid) => {
    expect(checkToken(node({ tokens: [file(mode, gid)] }))).toEqual([]);
  });

  test.each<[string, number, number]>([
    ['others can read it', 0o644, READER],
    ['others can write it', 0o642, READER],
    ['another group can read it', 0o640, 4711],
    ['another group can write it', 0o620, 4711],
  ])('is a bypass that doctor can fix where %s', (_, mode, gid) => {
    const [finding] = checkToken(node({ tokens: [file(mode, gid)] }));
    expect(finding).toMatchObject({ code: 'token-rights', level: 'security', fix: 'token-rights' });
    // The old token may be known by now, and no change of the mode takes that back.
    expect(finding?.howToFix).toContain('new token');
  });

  test('is a bypass where its owner is neither root nor the reader, whatever the mode', () => {
    const owned = (uid: number, mode = 0o640) => ({
      path: '/token',
      rights: { path: '/token', uid, gid: READER, mode },
    });
    expect(codes(node({ tokens: [owned(1001)] }))).toEqual(['token-rights']);
    expect(codes(node({ tokens: [owned(1001, 0o000)] }))).toEqual(['token-rights']);
    expect(codes(node({ tokens: [owned(READER)] }))).toEqual([]);
  });

  test('is public for others also where the node has no reader, and then no group is judged', () => {
    expect(codes(node({ tokens: [file(0o644)], reader: null }))).toEqual(['token-rights']);
    expect(codes(node({ tokens: [file(0o640, 4711)], reader: null }))).toEqual([]);
  });

  test('that is missing is an error, and during a rotation a warning', () => {
    expect(checkToken(node({ tokens: [missing] }))).toMatchObject([
      { code: 'token-missing', level: 'error', fix: null, howToFix: expect.stringMatching(/\S/) },
    ]);
    expect(checkToken(node({ tokens: [missing, file(0o640)], config: rotating }))).toMatchObject([
      { code: 'token-missing', level: 'warning' },
    ]);
  });

  test('is judged although the store could not be asked', () => {
    expect(codes(node({ tokens: [missing], probe: notProbed }))).toEqual(['token-missing']);
    expect(codes(node({ probe: notProbed }))).toEqual([]);
  });
});

describe('the answer of the store to a token', () => {
  const refused = { ...token, status: 401, may_write: null };

  test('that it accepts and that may only read is no finding', () => {
    expect(checkToken(healthyNode)).toEqual([]);
    expect(checkToken(answering({ ...token, may_write: null }))).toEqual([]);
    expect(checkToken(answering({ ...token, status: null, may_write: null }))).toEqual([]);
    expect(checkToken(answering({ ...token, status: 503, may_write: null }))).toEqual([]);
  });

  test.each<[string, string, Answers[number]]>([
    ['token-refused', 'error', refused],
    ['token-forbidden', 'error', { ...token, status: 403, may_write: null }],
    ['token-writes', 'warning', { ...token, may_write: true }],
    ['token-unreadable', 'error', { ...token, fault: 'EACCES', status: null, may_write: null }],
  ])('%s, of level %s', (code, level, answer) => {
    expect(checkToken(answering(answer))).toMatchObject([
      { code, level, howToFix: expect.stringMatching(/\S/), fix: null },
    ]);
  });

  test('a refused token is a warning where another one is accepted', () => {
    expect(checkToken(answering(refused, token))).toMatchObject([
      { code: 'token-refused', level: 'warning' },
    ]);
    expect(checkToken(answering(refused, { ...refused, file: '/new' }))).toMatchObject([
      { code: 'token-refused', level: 'error' },
      { code: 'token-refused', level: 'error' },
    ]);
    expect(checkToken(answering(refused, { ...token, status: 403 }))[0]).toMatchObject({ level: 'error' });
  });

  test('a file that does not exist is missing, and not unreadable as well', () => {
    const unreadable = { ...token, fault: 'ENOENT', status: null, may_write: null };
    const facts = { ...answering(unreadable), tokens: [missing] };
    expect(codes(facts)).toEqual(['token-missing']);
    // Each answer belongs to the file of its place in scim.tokens.
    const second = { ...answering(token, unreadable), tokens: [missing, file(0o640)] };
    expect(codes(second)).toEqual(['token-missing', 'token-unreadable']);
  });

  test('can be several faults at once', () => {
    const open = { ...answering({ ...token, may_write: true }), tokens: [file(0o666)] };
    expect(codes(open)).toEqual(['token-rights', 'token-writes']);
  });

  test('names the file', () => {
    const finding = checkToken(answering({ ...refused, file: '/etc/sunk-agent/credentials/t' }))[0];
    expect(finding?.detail).toContain('/etc/sunk-agent/credentials/t');
  });
});
