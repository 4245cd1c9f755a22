// After a rebind took other ids: bindings as the lines of the host still have them, until the sync has changed these.
import type { FormerBinding } from '../policy/identity/former.ts';
import type { Binding } from '../policy/model.ts';
import type { AccountsOnHost } from './host-state.ts';

/** The bindings, with a former uid or gid where the line of that very name still has it. */
export function asOnHost(
  bindings: readonly Binding[],
  former: readonly FormerBinding[],
  { accounts, groups }: AccountsOnHost,
): readonly Binding[] {
  if (former.length === 0) return bindings;
  const idsOf = Map.groupBy(former, ({ kind, name }) => `${kind} ${name}`);
  return bindings.map((binding) => {
    const { kind, name } = binding;
    const present = kind === 'account' ? accounts.get(name)?.entry.uid : groups.get(name)?.gid;
    const isFormer = idsOf.get(`${kind} ${name}`)?.some((move) => move.id === present) === true;
    return present !== undefined && isFormer ? { ...binding, id: present } : binding;
  });
}
