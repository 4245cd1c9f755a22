import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countShards, makeGeneration, type PublishedState } from '../../../src/publish/generation.ts';

const state = (more: Partial<PublishedState> = {}): PublishedState => ({
  texts: {
    passwd: 'bob:x:10001:9999::/home/bob:/bin/sh\nalice:x:10000:9999::/home/alice:/usr/sbin/nologin\n',
    group: 'sunk-users:x:9999:\n',
    shadow: 'bob:!:20000:0:99999:7:::\nalice:!:20000:0:99999:7::1:\n',
  },
  keyFiles: new Map([
    ['bob', '\nssh-ed25519 AAAA1 x\nssh-ed25519 AAAA2 x\n'],
    ['stranger', 'ssh-ed25519 AAAA3 x\n'],
  ]),
  sudoers: '#10001 ALL=(ALL:ALL) NOPASSWD: ALL\n',
  blocks: [],
  ledger: '{}\n',
  ...more,
});
const read = (name: string, from = state()): string | undefined =>
  makeGeneration(from).files.find((file) => file.name === name)?.data;

describe('a generation', () => {
  test('has a line a key, of people with an account alone', () =>
    expect(read('keys/0')).toBe('bob 10001 ssh-ed25519 AAAA1 x\nbob 10001 ssh-ed25519 AAAA2 x\n'));

  test('names who is disabled', () => expect(read('disabled')).toBe('10000 alice\n'));

  test('has its lines sorted, so that it depends on the accounts alone', () => {
    const { texts } = state();
    const reversed = texts.passwd.trimEnd().split('\n').reverse().join('\n');
    expect(makeGeneration(state({ texts: { ...texts, passwd: `${reversed}\n` } }))).toEqual(
      makeGeneration(state()),
    );
  });

  test('puts each key in the shard of its uid', () =>
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1000, max: 60_000 }), { maxLength: 700 }), (uids) => {
        const people = uids.map((uid) => ({ name: `p${uid}`, uid }));
        const { files, shards } = makeGeneration(
          state({
            texts: {
              ...state().texts,
              passwd: people.map(({ name, uid }) => `${name}:x:${uid}:1:::\n`).join(''),
            },
            keyFiles: new Map(people.map(({ name, uid }) => [name, `key-${uid}\n`])),
          }),
        );
        expect(shards).toBe(countShards(uids.length));
        for (const { name, uid } of people)
          expect(files.find((file) => file.name === `keys/${uid % shards}`)?.data).toContain(
            `${name} ${uid} key-${uid}\n`,
          );
      }),
      { numRuns: 20 },
    ));
});
