// The hands: what the node has now, and the only way to change it.
import path from 'node:path';
import type { Config } from '../config/config.ts';
import type { Paths } from '../common/paths.ts';
import type { ActualAccount } from '../plan/actual.ts';
import type { Change } from '../plan/change.ts';
import type { HostState } from '../plan/host-state.ts';
import type { AccountBackend } from './accounts/account-backend.ts';
import { type Applied, applyChanges } from './apply-changes.ts';
import { sweepTemporaries } from './fs/atomic-file.ts';
import { readKeyFiles } from './keys/authorized-keys.ts';
import { readForeignCache } from './nss/foreign-cache.ts';
import { findHomes } from './homes/home.ts';
import { findJobOwners, readOffboarded, sweepOffboarded } from './sessions/jobs.ts';
import { openLocalAccounts } from './accounts/local-accounts.ts';
import { readNodeTraits } from './node-traits.ts';
import { openNssCache, openPublished } from './nss/nsscache.ts';
import { findActiveUids } from './sessions/sessions.ts';
import { listDenied } from './keys/deny-list.ts';
import { readSudoers } from './sudo/sudoers.ts';

export type { Applied } from './apply-changes.ts';

export interface Host {
  /**
   * The host as it is now, read once.
   * @param homes paths to look at; on a network file system each look costs.
   */
  read(homes: readonly string[]): Promise<HostState>;
  /** One account, ours or not, and whether it is in the marker group; null: none of that name. */
  lookUp(name: string): { readonly account: ActualAccount; readonly isMarked: boolean } | null;
  /** Text of each key file, by name. */
  keyFiles(): ReadonlyMap<string, string>;
  /**
   * Tries every change, in order; one that fails takes none but those that rest on it with it.
   * @param onDone told now and then how many have been tried.
   */
  apply(changes: readonly Change[], onDone?: (done: number) => void): Promise<Applied[]>;
}

/** The host below `paths.root`, with the backend that the configuration names. */
export function openHost({ paths, config }: { readonly paths: Paths; readonly config: Config }): Host {
  const { root } = paths;
  const cache = path.join(root, config.accounts.nsscache_dir);
  const backend = openBackend(config.accounts.backend, root, cache);
  const marker = { name: config.accounts.primary_group, gid: config.accounts.primary_gid };
  return {
    async read(homes) {
      const own = backend.read();
      return {
        own,
        others: backend.readOthers(),
        published: readForeignCache(root, cache),
        node: await readNodeTraits(root),
        keyFiles: markDenied(
          mergeKeys(readKeyFiles(paths.keys), backend.publication?.readKeys() ?? null),
          listDenied(paths.shut),
        ),
        homes: findHomes(root, homes),
        sudoers: readSudoers(root),
        jobs: findJobOwners(
          root,
          own.accounts.values().map(({ entry: { name, uid } }) => ({ name, uid })),
        ),
        offboarded: readOffboarded(paths.offboarded),
        // A throwaway root has no processes of its own.
        sessions: root === '/' ? findActiveUids() : null,
      };
    },
    lookUp(name) {
      const { accounts, groups } = backend.read();
      const account = accounts.get(name);
      if (account === undefined) return null;
      const isMarked =
        account.entry.gid === marker.gid || groups.get(marker.name)?.members.includes(name) === true;
      return { account, isMarked };
    },
    keyFiles: () => readKeyFiles(paths.keys),
    apply(changes, onDone = () => {}) {
      for (const folder of ['etc', 'etc/sudoers.d']) sweepTemporaries(path.join(root, folder));
      sweepTemporaries(path.dirname(paths.keys));
      sweepOffboarded(paths.offboarded);
      return applyChanges(changes, { paths, config, backend }, onDone);
    },
  };
}

function openBackend(kind: Config['accounts']['backend'], root: string, cache: string): AccountBackend {
  if (kind === 'local') return openLocalAccounts(root);
  return kind === 'nsscache' ? openNssCache(root, cache) : openPublished(root, cache);
}

/** Where a key file and what is published for that name differ, a text that is neither, so that both are made anew. */
function mergeKeys(
  files: ReadonlyMap<string, string>,
  published: ReadonlyMap<string, readonly string[]> | null,
): ReadonlyMap<string, string> {
  if (published === null) return files;
  const merged = new Map(files);
  for (const name of new Set([...files.keys(), ...published.keys()])) {
    const text = files.get(name) ?? '';
    const lines = (published.get(name) ?? []).map((line) => `${line}\n`).join('');
    if (text.replace(/^\n/, '') !== lines) merged.set(name, `${text}${lines}\n`);
  }
  return merged;
}

/** What the helper does not give is not there: a text that no file should have, so that each pass tries to mend it. */
function markDenied(
  files: ReadonlyMap<string, string>,
  names: readonly string[],
): ReadonlyMap<string, string> {
  return names.length === 0 ? files : new Map([...files, ...names.map((name) => [name, '\n'] as const)]);
}
