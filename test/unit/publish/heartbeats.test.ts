import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { parseHeartbeat, type StoredHeartbeat } from '../../../src/publish/heartbeats.ts';
import { judgeFleet } from '../../../src/publish/judge-fleet.ts';

const TEXT = `sunk-agent follower 1
host login-0
version 0.2.0
profile login
publisher ${'a'.repeat(32)}
serial 12
signed 1000
at 1100
fault -
`;

describe('a heartbeat', () => {
  test('is what a follower writes', () => {
    expect(parseHeartbeat(TEXT)).toEqual({
      host: 'login-0',
      version: '0.2.0',
      profile: 'login',
      publisher: 'a'.repeat(32),
      serial: 12,
      signedAt: 1000,
      at: 1100,
      fault: null,
    });
  });

  test('of a later follower may have more', () =>
    expect(parseHeartbeat(TEXT.replace('fault', 'uptime 7\nfault'))?.serial).toBe(12));

  test.each([
    ['a line twice', TEXT.replace('serial 12', 'serial 12\nserial 13')],
    ['a line too few', TEXT.replace('serial 12\n', '')],
    ['no end', TEXT.slice(0, -1)],
    ['control characters', TEXT.replace('fault -', 'fault \u001b[2J')],
    ['a path for a host', TEXT.replace('login-0', '../../etc')],
    ['a huge number', TEXT.replace('serial 12', `serial ${'9'.repeat(30)}`)],
    ['another form', TEXT.replace('follower 1', 'follower 2')],
  ])('with %s is none', (_, text) => expect(parseHeartbeat(text)).toBeNull());

  test('of any bytes throws nothing, and gives nothing that a terminal would obey', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(TEXT.length), (noise, at) => {
        const found = parseHeartbeat(TEXT.slice(0, at) + noise + TEXT.slice(at));
        expect(JSON.stringify(found)).not.toMatch(/\\u00[01]/);
      }),
    ));
});

describe('a fleet', () => {
  const beat = (more: Partial<StoredHeartbeat> = {}): StoredHeartbeat => {
    const parsed = parseHeartbeat(TEXT);
    if (parsed === null) throw new Error('no heartbeat');
    return { ...parsed, writtenAt: more.at ?? parsed.at, ...more };
  };
  const judge = (followers: Record<string, StoredHeartbeat>, now = 1110) =>
    judgeFleet(
      { followers: new Map(Object.entries(followers)), malformed: 0, isCut: false },
      { serial: 12, signedAt: 1000 },
      now,
    );

  test('names first who needs a look', () => {
    const { followers, counts } = judge({
      a: beat(),
      b: beat({ serial: 11 }),
      c: beat({ fault: 'no space' }),
      d: beat({ at: 900 }),
      e: beat({ serial: 0, publisher: null }),
    });
    expect(followers.map(({ name, standing }) => `${name} ${standing}`)).toEqual([
      'c faulty',
      'e faulty',
      'b behind',
      'd stale',
      'a current',
    ]);
    expect(counts).toEqual({ current: 1, behind: 1, faulty: 2, stale: 1 });
  });

  test('gives each follower a moment to take a new generation', () =>
    expect(judge({ a: beat({ serial: 11, at: 1010 }) }, 1020).counts.behind).toBe(0));

  test.each([
    ['behind', -3600, /clock is 3600 s behind/],
    ['ahead', 3600, /clock is 3600 s ahead/],
  ])('judges a follower whose clock is an hour %s by the clock of the volume', (_, off, fault) => {
    const { followers, counts } = judge({
      a: beat({ at: 1100 + off, writtenAt: 1100 }),
      b: beat({ at: 900 + off, writtenAt: 900 }),
    });
    expect(counts).toEqual({ current: 0, behind: 0, faulty: 1, stale: 1 });
    expect(followers[0]).toMatchObject({ name: 'a', clockAhead: off });
    expect(followers[0]?.fault).toMatch(fault);
  });
});
