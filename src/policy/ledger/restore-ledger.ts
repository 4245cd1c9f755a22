// What of an exported ledger this node may bind: all that contradicts neither its own ledger nor its own accounts.
import type { Config } from '../../config/config.ts';
import { compare } from '../../common/text/compare.ts';
import { collectAllocations } from '../identity/allocations.ts';
import { type Fault } from '../identity/identity.ts';
import { findNameFault, findUidFault } from '../identity/faults.ts';
import { isSafeHome } from '../identity/profile.ts';
import { isReservedId, isReservedName } from '../identity/reserved.ts';
import { isSafeName } from '../identity/username.ts';
import { NOTHING_IN_USE } from '../in-use.ts';
import type { Binding, NodeFacts } from '../model.ts';
import { indexLedger } from './compare-ledgers.ts';

export interface NotRestored extends Fault {
  readonly kind: Binding['kind'];
  readonly name: string;
  readonly id: number;
}

export interface RestorePlan {
  /** Sorted by kind, then by name. */
  readonly bindings: readonly Binding[];
  readonly refused: readonly NotRestored[];
  /** How many the ledger has already. */
  readonly known: number;
}

export interface RestoreQuestion {
  /** Of the export. */
  readonly exported: readonly Binding[];
  /** Of this node. */
  readonly bindings: readonly Binding[];
  readonly facts: NodeFacts;
  readonly config: Config;
}

/** Pure. Two entries of the export that share a SCIM id, a name or an id are both refused. */
export function planRestore({ exported, bindings, facts, config }: RestoreQuestion): RestorePlan {
  const ledger = indexLedger(bindings);
  // Lines of this very ledger may stand on the node still, and are in no one's way.
  const allocations = collectAllocations(config, { ...facts, inUse: NOTHING_IN_USE }, [], []);
  const foreignGroups = new Map(facts.foreignGroups.map((group) => [group.name, group.gid]));
  const shared = findShared(exported);
  const restored: Binding[] = [];
  const refused: NotRestored[] = [];
  let known = 0;
  for (const binding of exported) {
    const holders = ledger.findAll(binding);
    if (holders.length === 1 && holders[0] !== undefined && isSame(holders[0], binding)) {
      known += 1;
      continue;
    }
    const { kind, name, id } = binding;
    const fault =
      findUnsafe(binding) ??
      (shared.has(binding) ? refuse('export-twice', 'the export has its SCIM id, name or id twice') : null) ??
      findHolder(holders) ??
      (kind === 'account'
        ? (findNameFault(name, allocations) ?? findUidFault(name, id, allocations))
        : findGroupFault(binding, foreignGroups));
    if (fault === null) restored.push(binding);
    else refused.push({ kind, name, id, ...fault });
  }
  const order = (a: Pick<Binding, 'kind' | 'name'>, b: Pick<Binding, 'kind' | 'name'>): number =>
    compare(a.kind, b.kind) || compare(a.name, b.name);
  return { bindings: restored.sort(order), refused: refused.sort(order), known };
}

function findUnsafe({ kind, name, id, gid, home }: Binding): Fault | null {
  if (!isSafeName(name) || isReservedName(name.toLowerCase()))
    return refuse('name-reserved', `the name ${name} is never granted`);
  if (isReservedId(id)) return refuse('uid-reserved', `the id ${id} is reserved for the system`);
  if (kind === 'group') return null;
  if (gid !== null && isReservedId(gid))
    return refuse('gid-reserved', `the gid ${gid} is reserved for the system`);
  // The file may be another's work: a line that is there already may have a dot in its home, one that is made may not.
  const isPlain = home === null || (isSafeHome(home) && !/\/\.{1,2}(?:\/|$)/.test(home));
  return isPlain ? null : refuse('home-path', 'the home is not an absolute path without . or ..');
}

function findHolder([holder]: readonly Binding[]): Fault | null {
  if (holder === undefined) return null;
  const { name, id, scimId } = holder;
  return refuse(
    'ledger-differs',
    `this node's ledger binds ${name}, ${id}, to ${scimId}, and that is never changed`,
  );
}

/** A group line of that very gid may be the one that the ledger had. */
function findGroupFault({ name, id }: Binding, foreign: ReadonlyMap<string, number>): Fault | null {
  const gid = foreign.get(name);
  if (gid !== undefined && gid !== id)
    return refuse('group-local', `a local group ${name} has the gid ${gid}`);
  const other = [...foreign].find(([group, held]) => held === id && group !== name);
  return other === undefined ? null : refuse('gid-taken', `the gid ${id} is the local group ${other[0]}'s`);
}

function findShared(exported: readonly Binding[]): ReadonlySet<Binding> {
  const shared = new Set<Binding>();
  for (const key of ['scimId', 'name', 'id'] as const)
    for (const group of Map.groupBy(exported, (one) => `${one.kind} ${one[key]}`).values())
      if (group.length > 1) for (const one of group) shared.add(one);
  return shared;
}

function isSame(a: Binding, b: Binding): boolean {
  return a.scimId === b.scimId && a.name === b.name && a.id === b.id && a.gid === b.gid && a.home === b.home;
}

function refuse(code: string, detail: string): Fault {
  return { code, detail };
}
