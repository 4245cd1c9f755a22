// Why a name or an id is not granted on this node, or may not stand on it.
import type { Location } from '../in-use.ts';
import type { Allocations } from './allocations.ts';
import type { Fault, Identity } from './identity.ts';
import { isSafeHome } from './profile.ts';
import { isReservedId, isReservedName } from './reserved.ts';
import { isSafeName } from './username.ts';

/** Why what the ledger binds may not stand on this node, or null. */
export function findBoundFault(identity: Identity, allocations: Allocations): Fault | null {
  const { name, uid, gid, home } = identity;
  if (!isSafeName(name) || isReservedId(uid) || isReservedId(gid) || !isSafeHome(home)) {
    return { code: 'ledger-unsafe', detail: 'the ledger binds a name, id or home that is never granted' };
  }
  // A managed group whose gid is a local group's is a matter of its own: revocations must go on (see managed-group.ts).
  // A local group of the account's own name is the private group of an account that was imported.
  const group = allocations.foreignGids.get(gid) ?? name;
  if (group !== name && gid !== allocations.config.accounts.primary_gid) {
    return { code: 'gid-local', detail: `the primary gid ${gid} is a local group's; local ones win` };
  }
  if (allocations.foreignNames.has(name)) return localName(name, allocations.inUse.names.get(name));
  return findUidFault(name, uid, allocations);
}

/** Why a name that is still free is not granted, or null. */
export function findNameFault(name: string, allocations: Allocations): Fault | null {
  if (isReservedName(name) || name === allocations.config.accounts.primary_group) {
    return { code: 'name-reserved', detail: `the name ${name} is reserved: it is never granted` };
  }
  const power = allocations.privilegedNames.get(name);
  if (power !== undefined) {
    return {
      code: 'name-powerful',
      detail: `the name ${name} has power on this node (${power}): it is never granted`,
    };
  }
  const location = allocations.inUse.names.get(name);
  if (allocations.foreignNames.has(name)) return localName(name, location);
  if (location === undefined) return null;
  return {
    code: 'name-in-use',
    detail: `the name ${name} is in use on this node (${location}): it is never granted`,
  };
}

/** Why a uid may not be that name's on this node, or null. */
export function findUidFault(name: string, uid: number, allocations: Allocations): Fault | null {
  if (isReservedId(uid)) {
    return { code: 'uid-reserved', detail: `the uid ${uid} is reserved for the system` };
  }
  if (allocations.foreignUids.has(uid)) {
    const location = sayLocation(allocations.inUse.uids.get(uid));
    return { code: 'uid-local', detail: `a local account has the uid ${uid}${location}; local ones win` };
  }
  const publishedUid = allocations.publishedUids.get(name) ?? uid;
  const publishedName = allocations.publishedNames.get(uid) ?? name;
  if (publishedUid !== uid || publishedName !== name) {
    return {
      code: 'published-differs',
      detail: `this node resolves ${publishedName} with the uid ${publishedUid}: a uid is never changed (sunk-agent import)`,
    };
  }
  const unboundUid = allocations.unboundUids.get(name) ?? uid;
  const unboundName = allocations.unboundNames.get(uid) ?? name;
  if (unboundUid === uid && unboundName === name) return null;
  return {
    code: 'marked-differs',
    detail: `the managed group has ${unboundName} with the uid ${unboundUid}, which the ledger does not know: import or remove it`,
  };
}

function localName(name: string, location: Location | undefined): Fault {
  return {
    code: 'name-local',
    detail: `a local account is called ${name}${sayLocation(location)}; local ones win`,
  };
}

/** In brackets, after what is there. */
export function sayLocation(location: Location | undefined): string {
  return location === undefined ? '' : ` (${location})`;
}
