// Two ledgers of one organisation: names and ids that differ, which matters where both see the same home directories.
import { compare } from '../../common/text/compare.ts';
import type { Binding } from '../model.ts';

/** One name, id or SCIM id that the two ledgers bind otherwise. */
export interface LedgerDifference {
  /**
   * `id`: one person or group, or one name, with two ids. `name`: one person or group, or one id, with two names. `gid` and
   * `home`: one account with two primary groups or homes.
   */
  readonly what: 'id' | 'name' | 'gid' | 'home';
  readonly here: Binding;
  readonly there: Binding;
}

export interface LedgerComparison {
  readonly differences: readonly LedgerDifference[];
  readonly same: number;
  /** In one of them alone, which is no contradiction. */
  readonly onlyHere: readonly Binding[];
  readonly onlyThere: readonly Binding[];
}

/** Pure; sorted by kind and name. */
export function compareLedgers(here: readonly Binding[], there: readonly Binding[]): LedgerComparison {
  const index = indexLedger(there);
  const met = new Set<Binding>();
  const differences: LedgerDifference[] = [];
  const onlyHere: Binding[] = [];
  let same = 0;
  for (const one of here) {
    const others = index.findAll(one);
    for (const other of others) met.add(other);
    const found = others.flatMap((other) => listDifferences(one, other));
    differences.push(...found);
    if (others.length === 0) onlyHere.push(one);
    else if (found.length === 0) same += 1;
  }
  return {
    differences: differences.sort((a, b) => compareBindings(a.here, b.here) || compare(a.what, b.what)),
    same,
    onlyHere: onlyHere.sort(compareBindings),
    onlyThere: there.filter((one) => !met.has(one)).sort(compareBindings),
  };
}

/** Bindings of another ledger that have the SCIM id, the name or the id of one of this. */
export function indexLedger(bindings: readonly Binding[]) {
  const scimIds = new Map(bindings.map((one) => [`${one.kind} ${one.scimId}`, one]));
  const names = new Map(bindings.map((one) => [`${one.kind} ${one.name}`, one]));
  const ids = new Map(bindings.map((one) => [`${one.kind} ${one.id}`, one]));
  return {
    findAll({ kind, scimId, name, id }: Binding): Binding[] {
      const found = [
        scimIds.get(`${kind} ${scimId}`),
        names.get(`${kind} ${name}`),
        ids.get(`${kind} ${id}`),
      ];
      return [...new Set(found.filter((one) => one !== undefined))];
    },
  };
}

function listDifferences(here: Binding, there: Binding): LedgerDifference[] {
  const isSameOne = here.scimId === there.scimId;
  const whats: LedgerDifference['what'][] = [];
  if (here.id !== there.id && (isSameOne || here.name === there.name)) whats.push('id');
  if (here.name !== there.name && (isSameOne || here.id === there.id)) whats.push('name');
  if (isSameOne && here.gid !== there.gid) whats.push('gid');
  if (isSameOne && here.home !== there.home) whats.push('home');
  return whats.map((what) => ({ what, here, there }));
}

function compareBindings(a: Binding, b: Binding): number {
  return compare(a.kind, b.kind) || compare(a.name, b.name) || compare(a.scimId, b.scimId);
}
