// What becomes of key files: written whole, or removed.
import { listFingerprints } from '../policy/keys/key-file-lines.ts';
import type { KeyFileRenderer } from '../policy/keys/key-file.ts';
import type { Credential, DesiredAccount, Extension, Leftover } from '../policy/model.ts';
import type { FirstOwner } from '../policy/keys/first-owners.ts';
import type { ActualState } from './actual.ts';
import type { Change } from './change.ts';
import type { ManagedAccounts } from './managed-accounts.ts';
import { isNotInStore } from '../policy/leftovers.ts';
import { DISABLED_BECAUSE } from './plan-account.ts';

/**
 * The key file of one desired account.
 * @param present the text that it has now; null if there is none.
 * @param render how this node's sshd reads credentials.
 */
export function planKeyFile(
  account: DesiredAccount,
  present: string | null,
  render: KeyFileRenderer,
): Change[] {
  const { scimId, entry, disabled, credentials, extension } = account;
  const text = render(credentials);
  if (present === text || (present === null && text === '')) {
    return present === '' ? [removeKeys(entry.name, scimId, 'no key is left')] : [];
  }
  if (text === '') {
    const because =
      disabled === null ? 'the store lists no key that may be used' : DISABLED_BECAUSE[disabled];
    return [removeKeys(entry.name, scimId, because)];
  }
  const before = new Set(listFingerprints(present ?? ''));
  const after = new Set(credentials.map(({ fingerprint }) => fingerprint));
  const gained = [...after].filter((fingerprint) => !before.has(fingerprint)).sort();
  const lost = [...before].filter((fingerprint) => !after.has(fingerprint)).sort();
  const difference = describeDifference(gained.length, lost.length, present === null);
  const because = extension === null ? difference : `${difference}; ${describeExtension(extension)}`;
  const until = findLatestEnd(credentials);
  return [{ scimId, name: entry.name, kind: 'keys-write', text, until, gained, lost, because }];
}

/** Until when any of them lets in, epoch seconds; null: one has no expiry. */
export function findLatestEnd(credentials: readonly Pick<Credential, 'expiresAt'>[]): number | null {
  return credentials.reduce<number | null>(
    (latest, { expiresAt }) => (latest === null || expiresAt === null ? null : Math.max(latest, expiresAt)),
    0,
  );
}

/** Key files of names that no managed account has any more; accounts that the store did not report keep theirs. */
export function planStrayKeyFiles(managed: ManagedAccounts, actual: ActualState): Change[] {
  const changes: Change[] = [];
  for (const name of actual.keyFiles.keys()) {
    const leftover = managed.leftovers.get(name);
    if (managed.desired.has(name) || leftover?.fate === 'leave') continue;
    changes.push(removeKeys(name, managed.idOf(name), explainStray(leftover)));
  }
  return changes;
}

/** Keys that changes take out of the files of people, whether the person still lists them or not. */
export function listLeavingKeys(changes: readonly Change[], keyFiles: ActualState['keyFiles']): FirstOwner[] {
  return changes.flatMap((change) => {
    const { scimId } = change;
    if (scimId === null) return [];
    const lost =
      change.kind === 'keys-write'
        ? change.lost
        : change.kind === 'keys-remove'
          ? listFingerprints(keyFiles.get(change.name) ?? '')
          : [];
    return lost.map((fingerprint) => ({ fingerprint, scimId }));
  });
}

function explainStray(leftover: Leftover | undefined): string {
  if (leftover?.fate !== 'deny') return 'no managed account has this name any more';
  return isNotInStore(leftover)
    ? 'is in the managed group, but neither the ledger nor the store knows this account'
    : 'this node refuses the account';
}

function removeKeys(name: string, scimId: string | null, because: string): Change {
  return { scimId, name, kind: 'keys-remove', because };
}

function describeDifference(gained: number, lost: number, isNew: boolean): string {
  if (isNew) return gained === 1 ? 'first key' : 'first keys';
  if (gained === 0 && lost === 0) return 'the expiry of the keys moves';
  if (lost === 0) return 'the store lists another key';
  return gained === 0 ? 'the store lists a key no longer, or it is refused' : 'the store lists other keys';
}

function describeExtension({ by, until }: Extension): string {
  return `${by} extended them until ${new Date(until * 1000).toISOString().slice(0, 19)}Z`;
}
