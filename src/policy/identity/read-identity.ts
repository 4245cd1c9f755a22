// Which name, uid, gid and home a person who is not bound yet would get, if no one else claimed them.
import type { UserRecord } from '../../protocol/records.ts';
import { findGidInUse, findUidInUse } from '../in-use.ts';
import type { PublishedAccount } from '../model.ts';
import type { Allocations } from './allocations.ts';
import { findNameFault, findUidFault, sayLocation } from './faults.ts';
import type { Fault, Identity } from './identity.ts';
import { chooseId } from './ids.ts';
import { chooseHome, isPersonalHome, isSafeHome } from './profile.ts';
import { isReservedId } from './reserved.ts';
import { readUsername } from './username.ts';

export type IdentityReading =
  { readonly ok: true; readonly identity: Identity } | (Fault & { readonly ok: false });

/**
 * The identity of a person who is not bound, were there no other claim to it.
 * @param pinnedUid from `overrides`: an operator's decision, so `accounts.id_range` does not bind it.
 * @param sudoGids of the groups that give sudo, which goes by gid.
 */
export function readIdentity(
  record: UserRecord,
  pinnedUid: number | null,
  allocations: Allocations,
  sudoGids: ReadonlySet<number>,
): IdentityReading {
  const reading = readUsername(record.username, allocations.domains);
  if (!reading.ok) return reading;
  const { name } = reading;
  const nameFault = findNameFault(name, allocations) ?? findBoundName(name, record.id, allocations);
  if (nameFault !== null) return { ok: false, ...nameFault };
  const { accounts, scim } = allocations.config;
  const id =
    pinnedUid === null
      ? chooseId('uid', record.id, record.uid, accounts)
      : ({ ok: true, id: pinnedUid } as const);
  if (!id.ok) return id;
  const uid = id.id;
  const uidFault = findUidFault(name, uid, allocations);
  if (uidFault !== null) return { ok: false, ...uidFault };
  const uidPower = allocations.privilegedUids.get(uid);
  if (uidPower !== undefined) {
    return refuse('uid-powerful', `the uid ${uid} has power on this node (${uidPower}): it is never granted`);
  }
  const uidLocation = findUidInUse(uid, allocations.inUse);
  if (uidLocation !== null) {
    return refuse(
      'uid-in-use',
      `the uid ${uid} is in use on this node (${uidLocation}): it is never granted`,
    );
  }
  if (allocations.boundUids.has(uid)) return refuse('uid-bound', `the uid ${uid} is bound to another person`);
  const published = allocations.published.get(name);
  if (published !== undefined) {
    const { gid, dir } = published;
    const fault = findInheritedFault(record, published, allocations, sudoGids);
    return fault === null ? { ok: true, identity: { name, uid, gid, home: dir } } : { ok: false, ...fault };
  }
  const group = chooseGid(record, scim.attributes.gid !== null, allocations, sudoGids);
  if (!group.ok) return group;
  const home = chooseHome(record.home, name, accounts);
  if (!home.ok) return home;
  if (allocations.boundHomes.has(home.home) && isPersonalHome(home.home, accounts.home)) {
    return refuse('home-bound', `the home ${home.home} is bound to another person`);
  }
  return { ok: true, identity: { name, uid, gid: group.id, home: home.home } };
}

/**
 * A person with a line on this node already, with the same uid, keeps its gid and home: why they may not, or null.
 */
function findInheritedFault(
  { gid, home }: UserRecord,
  published: PublishedAccount,
  { config, boundHomes, foreignGids, privilegedGids }: Allocations,
  sudoGids: ReadonlySet<number>,
): Fault | null {
  const { name, dir } = published;
  const storeGid = config.scim.attributes.gid === null ? null : gid;
  const isOther = (storeGid ?? published.gid) !== published.gid || (home || dir) !== dir;
  const isUnsafe = isReservedId(published.gid) || !isSafeHome(dir);
  const isTaken = [foreignGids, sudoGids, privilegedGids].some((gids) => gids.has(published.gid));
  const isOwn = published.gid === config.accounts.primary_gid;
  if (isOther || isUnsafe || (isTaken && !isOwn)) {
    const detail = `this node resolves ${name} with the gid ${published.gid} and the home ${dir}, which differ at the store or are never granted: see sunk-agent import`;
    return { code: 'published-differs', detail };
  }
  if (!boundHomes.has(dir) || !isPersonalHome(dir, config.accounts.home)) return null;
  return { code: 'home-bound', detail: `the home ${dir} is bound to another person` };
}

function findBoundName(name: string, scimId: string, allocations: Allocations): Fault | null {
  const holder = allocations.boundNames.get(name);
  if (holder === undefined || holder === scimId) return null;
  return { code: 'name-bound', detail: `the name ${name} belongs to ${holder}, as this node's ledger holds` };
}

function chooseGid(
  record: UserRecord,
  isFromRecord: boolean,
  allocations: Allocations,
  sudoGids: ReadonlySet<number>,
) {
  const { accounts } = allocations.config;
  if (!isFromRecord) return { ok: true, id: accounts.primary_gid } as const;
  const { gid } = record;
  if (gid === accounts.primary_gid) return { ok: true, id: gid } as const;
  const reading = chooseId('gid', record.id, gid, { ids: 'attribute', id_range: accounts.id_range });
  if (!reading.ok) return reading;
  const power = allocations.privilegedGids.get(reading.id);
  if (power !== undefined || [allocations.foreignGids, sudoGids].some((gids) => gids.has(reading.id))) {
    return refuse(
      'gid-powerful',
      `the primary gid ${reading.id} is a local group's or a sudo group's${sayLocation(power)}`,
    );
  }
  const location = findGidInUse(reading.id, allocations.inUse);
  if (location !== null) {
    return refuse(
      'gid-in-use',
      `the gid ${reading.id} is in use on this node (${location}): it is never granted`,
    );
  }
  return reading;
}

function refuse(code: string, detail: string) {
  return { ok: false, code, detail } as const;
}
