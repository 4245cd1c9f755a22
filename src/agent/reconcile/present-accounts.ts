// Who can use the node after a sync: the host as found, with the changes that were applied; not what was planned.
import type { Applied } from '../../host/host.ts';
import { DISABLED_DAY } from '../../plan/actual.ts';
import type { Change } from '../../plan/change.ts';
import type { SyncPlan } from '../../plan/sync/plan-sync.ts';
import { readKeyFile } from '../../policy/keys/key-file-lines.ts';

export interface PresentAccounts {
  /** Managed accounts with a line that lets in, and with one that does not. */
  readonly accountsEnabled: number;
  readonly accountsDisabled: number;
  /** Epoch seconds of the first and the last key to expire; null where none does, or none can be told. */
  readonly keyExpiry: { readonly earliest: number; readonly latest: number } | null;
}

/** Pure. @param applied every change that was tried. */
export function countPresent(
  { desired, actual, changes }: Pick<SyncPlan, 'desired' | 'actual' | 'changes'>,
  applied: readonly Applied[],
): PresentAccounts {
  const done = new Set<Change>(applied.flatMap(({ change, ok }) => (ok ? [change] : [])));
  const lines = new Map<string, boolean>();
  const names = [
    ...desired.accounts.map(({ entry }) => entry.name),
    ...desired.leftovers.flatMap(({ kind, name }) => (kind === 'account' ? [name] : [])),
  ];
  for (const name of names) {
    const present = actual.accounts.get(name);
    if (present !== undefined) lines.set(name, present.expiryDay !== DISABLED_DAY);
  }
  for (const change of done) {
    if (change.kind === 'account-create' || change.kind === 'account-reopen') lines.set(change.name, true);
    if (change.kind === 'account-close') lines.set(change.name, false);
    if (change.kind === 'account-remove') lines.delete(change.name);
    if (change.kind === 'account-alter' && change.before.name !== change.name) {
      lines.set(change.name, lines.get(change.before.name) ?? true);
      lines.delete(change.before.name);
    }
  }
  const enabled = [...lines.values()].filter(Boolean).length;
  return {
    accountsEnabled: enabled,
    accountsDisabled: lines.size - enabled,
    keyExpiry: findBounds(listExpiries({ desired, actual, changes }, done)),
  };
}

/** Of the keys that are served: as planned, or as in the file where the change of it was not made. */
function* listExpiries(
  { desired, actual, changes }: Pick<SyncPlan, 'desired' | 'actual' | 'changes'>,
  done: ReadonlySet<Change>,
): Generator<number | null> {
  const stale = new Set(
    changes.flatMap((change) =>
      (change.kind === 'keys-write' || change.kind === 'keys-remove') && !done.has(change)
        ? [change.name]
        : [],
    ),
  );
  for (const { entry, credentials } of desired.accounts)
    if (!stale.has(entry.name)) for (const { expiresAt } of credentials) yield expiresAt;
  for (const name of stale)
    for (const { fingerprint, expiresAt } of readKeyFile(actual.keyFiles.get(name) ?? ''))
      if (fingerprint !== null) yield expiresAt;
}

function findBounds(expiries: Iterable<number | null>): PresentAccounts['keyExpiry'] {
  let earliest = Infinity;
  let latest = -Infinity;
  for (const expiresAt of expiries) {
    if (expiresAt === null) continue;
    if (expiresAt < earliest) earliest = expiresAt;
    if (expiresAt > latest) latest = expiresAt;
  }
  return Number.isFinite(earliest) ? { earliest, latest } : null;
}
