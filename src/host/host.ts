// The hands: what the node has now, and the only way to change it.
import type { Config } from '../config.ts';
import type { Paths } from '../paths.ts';
import type { ActualAccount, ActualHost } from '../plan/actual.ts';
import type { Change } from '../plan/change.ts';
import type { Binding, DesiredHost, NodeFacts } from '../policy/desired.ts';
import type { GroupEntry } from '../policy/posix.ts';
import type { AccountBackend } from './account-backend.ts';
import { type Applied, applyChanges } from './apply-changes.ts';
import { readKeyFiles } from './authorized-keys.ts';
import { findHomes } from './home.ts';
import { findJobOwners, readOffboarded } from './jobs.ts';
import { openLocalAccounts } from './local-accounts.ts';
import { gatherFacts } from './node-facts.ts';
import { findActiveUids } from './sessions.ts';
import { readSudoers } from './sudoers.ts';

export type { Applied } from './apply-changes.ts';

export interface Host {
  facts(bindings: readonly Binding[]): Promise<NodeFacts>;
  read(bindings: readonly Binding[], desired: DesiredHost): ActualHost;
  /** Tries every change, in order; one that fails takes none but those that rest on it with it. */
  apply(changes: readonly Change[]): Promise<Applied[]>;
}

/** The host below `paths.root`; its own account files are the backend. */
export function openHost({ paths, config }: { readonly paths: Paths; readonly config: Config }): Host {
  const { root } = paths;
  const backend = openLocalAccounts(root);
  const marker = { name: config.accounts.primary_group, gid: config.accounts.primary_gid };
  return {
    facts: (bindings) => gatherFacts(root, backend.read(), bindings, marker),
    read(bindings, desired) {
      const { accounts, groups } = readOurs(backend, marker, bindings, desired);
      const people = [...accounts.values()].map(({ entry: { name, uid } }) => ({ name, uid }));
      return {
        accounts,
        groups,
        keyFiles: readKeyFiles(paths.keys),
        homes: findHomes(
          root,
          desired.accounts.map(({ entry }) => entry.dir),
        ),
        sudoers: readSudoers(root),
        jobs: findJobOwners(root, people),
        offboarded: readOffboarded(paths.offboarded),
        // A throwaway root has no processes of its own.
        ...(root === '/' ? { sessions: findActiveUids() } : {}),
      };
    },
    apply: (changes) => applyChanges(changes, { paths, config, backend }),
  };
}

/** Accounts and groups that the ledger binds and that are there under that very id, marked ones to close, the marker. */
function readOurs(
  backend: AccountBackend,
  marker: { readonly name: string; readonly gid: number },
  bindings: readonly Binding[],
  desired: DesiredHost,
): { accounts: Map<string, ActualAccount>; groups: Map<string, GroupEntry> } {
  const found = backend.read();
  const accounts = new Map<string, ActualAccount>();
  const groups = new Map<string, GroupEntry>();
  for (const { kind, name, id } of [...bindings, ...desired.bindings]) {
    const account = kind === 'account' ? found.accounts.get(name) : undefined;
    if (account?.entry.uid === id) accounts.set(name, account);
    const group = kind === 'group' ? found.groups.get(name) : undefined;
    if (group?.gid === id) groups.set(name, group);
  }
  for (const { kind, name, fate } of desired.leftovers ?? []) {
    const account = kind === 'account' && fate === 'close' ? found.accounts.get(name) : undefined;
    if (account !== undefined) accounts.set(name, account);
  }
  const present = found.groups.get(marker.name);
  if (present?.gid === marker.gid) groups.set(marker.name, present);
  return { accounts, groups };
}
