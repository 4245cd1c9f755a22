import { describe, expect, test } from 'vitest';
import { checkPublisher } from '../../../../../src/diagnose/doctor/check/check-publisher.ts';
import type { PublisherFacts } from '../../../../../src/diagnose/doctor/facts.ts';
import { examine } from '../../../../../src/diagnose/doctor/examine.ts';
import { healthyNode } from '../../../../support/records/healthy-node.ts';

const { now } = healthyNode;
const config = {
  ...healthyNode.config,
  accounts: { ...healthyNode.config.accounts, backend: 'publish' as const },
};
const key = { path: '/var/lib/sunk-agent/publish-key', uid: 0, gid: 0, mode: 0o600 };
const fleet = {
  followers: [],
  counts: { current: 3, behind: 0, faulty: 0, stale: 0 },
  malformed: 0,
  isCut: false,
};
const healthy: PublisherFacts = {
  directory: '/srv/sunk-agent',
  keyFile: key.path,
  key,
  publicKey: { ok: true, value: 'ssh-ed25519 AAAA' },
  published: { ok: true, value: { serial: 12, signedAt: now - 300 } },
  remembered: 12,
  isLocked: { ok: true, value: false },
  trusted: 2,
  fleet: { ok: true, value: fleet },
};
const check = (more: Partial<PublisherFacts> = {}): (readonly [string, string])[] =>
  checkPublisher({ ...healthyNode, config, publisher: { ...healthy, ...more } }).map(
    ({ code, level }) => [code, level] as const,
  );

test('a publisher that signs has no finding, and a node that is none has none', () => {
  expect(check()).toEqual([]);
  expect(checkPublisher(healthyNode)).toEqual([]);
  expect(examine({ ...healthyNode, config, publisher: healthy })).toEqual(
    examine({ ...healthyNode, config, publisher: null }),
  );
});

describe('of a publisher it finds', () => {
  test.each<readonly [what: string, more: Partial<PublisherFacts>, code: string, level: string]>([
    ['no key', { key: null }, 'publisher-key-missing', 'error'],
    ['a key that others can read', { key: { ...key, mode: 0o640 } }, 'publisher-key-rights', 'security'],
    ['a key of another user', { key: { ...key, uid: 990 } }, 'publisher-key-rights', 'security'],
    ['a key with a passphrase', { publicKey: { ok: false, why: 'x' } }, 'publisher-key-unusable', 'error'],
    ['no next key', { trusted: 1 }, 'publisher-next-key', 'warning'],
    ['no list of keys', { trusted: null }, 'publisher-next-key', 'warning'],
    ['an empty volume', { published: { ok: true, value: null } }, 'publisher-nothing', 'error'],
    ['a volume that fails', { published: { ok: false, why: 'EIO' } }, 'publisher-unchecked', 'unknown'],
    ['a lost state', { remembered: -1 }, 'publisher-state', 'error'],
    [
      'an old manifest',
      { published: { ok: true, value: { serial: 12, signedAt: now - 3600 } } },
      'publisher-old',
      'error',
    ],
    ['a lock that is held', { isLocked: { ok: true, value: true } }, 'publisher-lock', 'warning'],
    ['a volume without locks', { isLocked: { ok: false, why: 'ENOLCK' } }, 'publisher-lock', 'unknown'],
    ['no heartbeats', { fleet: null }, 'publisher-heartbeats', 'warning'],
    [
      'heartbeats that cannot be read',
      { fleet: { ok: false, why: 'ENOENT' } },
      'publisher-heartbeats',
      'warning',
    ],
    [
      'followers that are stale',
      { fleet: { ok: true, value: { ...fleet, counts: { current: 1, behind: 0, faulty: 0, stale: 2 } } } },
      'publisher-followers',
      'warning',
    ],
  ])('%s', (_, more, code, level) => expect(check(more)).toEqual([[code, level]]));
});
