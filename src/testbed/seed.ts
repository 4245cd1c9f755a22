// A large organisation in no time: made-up people with a key each, and groups of them.
import { createECDH } from 'node:crypto';
import type { Organisation } from './protocol/resources/organisation.ts';
import { COREWEAVE_USER_SCHEMA, GROUP_SCHEMA, USER_SCHEMA } from './protocol/discovery/schemas.ts';

export interface Seed {
  readonly users: number;
  readonly groups: number;
  readonly membersPerGroup?: number;
}

/**
 * Adds users `user000001@example.com` ... and groups `group0001` ..., numbered on from what is there.
 * Each group has the next members in turn, so that each is in about as many groups.
 */
export function seedOrganisation(organisation: Organisation, seed: Seed): void {
  const { users, groups } = organisation;
  const firstUser = users.size() + 1;
  for (let number = firstUser; number < firstUser + seed.users; number += 1) {
    organisation.create('User', makeUser(`user${String(number).padStart(6, '0')}`));
  }
  const ids = users.list().map((entry) => entry.id);
  const members = Math.min(seed.membersPerGroup ?? 100, ids.length);
  const firstGroup = groups.size() + 1;
  for (let number = firstGroup; number < firstGroup + seed.groups; number += 1) {
    const from = ((number - 1) * members) % Math.max(ids.length, 1);
    const chosen = Array.from({ length: members }, (_, index) => ids[(from + index) % ids.length] ?? '');
    organisation.create('Group', {
      schemas: [GROUP_SCHEMA],
      displayName: `group${String(number).padStart(4, '0')}`,
      members: chosen.map((value) => ({ value })),
    });
  }
}

function makeUser(name: string): Parameters<Organisation['create']>[1] {
  return {
    schemas: [USER_SCHEMA],
    externalId: name,
    userName: `${name}@example.com`,
    displayName: `Seeded ${name}`,
    name: { givenName: 'Seeded', familyName: name },
    emails: [{ type: 'work', primary: true, value: `${name}@example.com` }],
    active: true,
    [COREWEAVE_USER_SCHEMA]: { sunkSshKeys: makeKey(name) },
  };
}

const curve = createECDH('prime256v1');

/**
 * A sound ECDSA public key (RFC 5656 section 3.1) whose private half is not kept. Of random bytes as an Ed25519
 * key half would be no point of the curve, which the agent refuses; and to make real ones would take minutes.
 */
function makeKey(comment: string): string {
  const parts = ['ecdsa-sha2-nistp256', 'nistp256', curve.generateKeys()].map((part) => Buffer.from(part));
  const blob = Buffer.concat(parts.flatMap((part) => [lengthOf(part), part]));
  return `ecdsa-sha2-nistp256 ${blob.toString('base64')} ${comment}@seed`;
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return length;
}
