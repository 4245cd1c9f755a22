// Records as they reach the state database.
import type { UserRecord } from '../../../src/protocol/records.ts';

export function makeUser(id: string, more: Partial<UserRecord> = {}): UserRecord {
  return {
    id,
    userName: `${id}@example.com`,
    externalId: null,
    active: true,
    created: null,
    displayName: null,
    username: `${id}@example.com`,
    uid: 12_000,
    gid: null,
    home: null,
    shell: null,
    keys: ['ssh-ed25519 AAAA'],
    ...more,
  };
}
