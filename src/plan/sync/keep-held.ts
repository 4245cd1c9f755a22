// What the ledger keeps of people whose change the guard holds.
import type { Binding } from '../../policy/model.ts';
import type { GuardVerdict } from '../guard/guard-model.ts';

/** A person whose revocation is held stays enabled in the ledger too, and one whose return is held stays disabled. */
export function keepHeld(
  bindings: readonly Binding[],
  recorded: readonly Binding[],
  { held }: GuardVerdict,
): Binding[] {
  const waiting = new Set(held.flatMap((set) => set.changes.map(({ scimId }) => scimId)));
  if (waiting.size === 0) return [...bindings];
  const accounts = recorded.filter(({ kind }) => kind === 'account');
  const before = new Map(accounts.map(({ scimId, disabledAt }) => [scimId, disabledAt]));
  return bindings.map((binding) => {
    const disabledAt = binding.kind === 'account' ? (before.get(binding.scimId) ?? null) : null;
    return waiting.has(binding.scimId) ? { ...binding, disabledAt } : binding;
  });
}
