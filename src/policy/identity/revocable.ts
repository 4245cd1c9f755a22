// The identity under which a person without access is disabled, also where this node would not grant it.
import type { Allocations } from './allocations.ts';
import type { Identity } from './identity.ts';
import { isSafeHome } from './profile.ts';
import { isReservedId } from './reserved.ts';
import { isSafeName } from './username.ts';

/**
 * What the ledger binds, with the managed group and no home in place of what is never granted. The plan touches only a line
 * that has this name and this uid; a local account of that name is in no group because of it.
 * @returns null: the name or uid is never that of a person, so the ledger lies.
 */
export function toRevocable(identity: Identity, { config, foreignNames }: Allocations): Identity | null {
  const { name, uid, gid, home } = identity;
  if (!isSafeName(name) || isReservedId(uid)) return null;
  return {
    name,
    uid,
    gid: isReservedId(gid) || foreignNames.has(name) ? config.accounts.primary_gid : gid,
    home: isSafeHome(home) ? home : '/nonexistent',
  };
}
