// The host adapter: reads the state of the node, and is the only way to change it.
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.ts';
import type { Paths } from '../common/paths.ts';
import type { ActualAccount, ActualState } from '../plan/actual.ts';
import type { Change } from '../plan/change.ts';
import type { Binding, DesiredState, NodeFacts } from '../policy/model.ts';
import type { AccountBackend, AccountsOnHost } from './accounts/account-backend.ts';
import { type Applied, applyChanges } from './apply-changes.ts';
import { sweepTemporaries } from './fs/atomic-file.ts';
import { readKeyFiles } from './keys/authorized-keys.ts';
import { readForeignCache } from './nss/foreign-cache.ts';
import { findHomes } from './homes/home.ts';
import { findJobOwners } from './sessions/find-jobs.ts';
import { readOffboarded, sweepOffboarded } from './sessions/jobs.ts';
import { openLocalAccounts } from './accounts/local-accounts.ts';
import { gatherFacts } from './node-facts.ts';
import { addFresh, findBound, findOthers } from './accounts/managed.ts';
import { memoizeLast } from '../policy/memo.ts';
import { openNssCache, openPublished } from './nss/nsscache.ts';
import { findActiveUids } from './sessions/sessions.ts';
import { listDenied } from './keys/deny-list.ts';
import { readSudoers } from './sudo/sudoers.ts';

export type { Applied } from './apply-changes.ts';

export interface Host {
  facts(bindings: readonly Binding[]): Promise<NodeFacts>;
  read(bindings: readonly Binding[], desired: DesiredState): ActualState;
  /** One account, managed or not, and whether it is in the managed group; null: the name is unknown. */
  lookUp(name: string): { readonly account: ActualAccount; readonly isManaged: boolean } | null;
  /** Text of each key file, by name. */
  keyFiles(): ReadonlyMap<string, string>;
  /**
   * Tries every change, in order; a change that fails prevents only those that depend on it.
   * @param onDone called at intervals with the number of changes tried.
   */
  apply(changes: readonly Change[], onDone?: (done: number) => void): Promise<Applied[]>;
}

/** The host below `paths.root`, with the backend that the configuration names. */
export function openHost({ paths, config }: { readonly paths: Paths; readonly config: Config }): Host {
  const { root } = paths;
  const cache = path.join(root, config.accounts.nsscache_dir);
  const backend = openBackend(config.accounts.backend, root, cache);
  const managedGroup = { name: config.accounts.primary_group, gid: config.accounts.primary_gid };
  const findOthersOnce = memoizeLast(findOthers);
  const findBoundOnce = memoizeLast(findBound);
  let facts: NodeFacts | null = null;
  return {
    async facts(bindings) {
      const own = backend.read();
      const others = findOthersOnce(own, backend.readOthers(), bindings, managedGroup);
      const found = await gatherFacts(root, others, readForeignCache(root, cache));
      // The same object while nothing changed, so that memoised results of it stay valid.
      if (facts === null || !isDeepStrictEqual(facts, found)) facts = found;
      return facts;
    },
    read(bindings, desired) {
      const found = readPresent(backend, config.mode, () => readForeignCache(root, cache));
      const bound = findBoundOnce(found, bindings, managedGroup);
      return readActual(paths, backend, addFresh(bound, found, desired), desired);
    },
    lookUp(name) {
      const { accounts, groups } = backend.read();
      const account = accounts.get(name);
      if (account === undefined) return null;
      const isMember = groups.get(managedGroup.name)?.members.includes(name) === true;
      return { account, isManaged: account.entry.gid === managedGroup.gid || isMember };
    },
    keyFiles: () => readKeyFiles(paths.keys),
    apply(changes, onDone = () => {}) {
      for (const directory of ['etc', 'etc/sudoers.d']) sweepTemporaries(path.join(root, directory));
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

/**
 * The accounts that a plan starts from. In mode `observe` beside another publisher, the accounts of that one stand in
 * for those that sunk-agent would have, so that the plan shows the difference.
 */
function readPresent(
  backend: AccountBackend,
  mode: Config['mode'],
  readPublished: () => AccountsOnHost | null,
): AccountsOnHost {
  const own = backend.read();
  const published = mode === 'observe' ? readPublished() : null;
  if (published === null) return own;
  return {
    accounts: new Map([...published.accounts, ...own.accounts]),
    groups: new Map([...published.groups, ...own.groups]),
  };
}

/** @param managed the managed accounts and groups, and those that will be. */
function readActual(
  paths: Paths,
  backend: AccountBackend,
  { accounts, groups }: AccountsOnHost,
  desired: DesiredState,
): ActualState {
  const { root } = paths;
  const people = accounts.values().map(({ entry: { name, uid } }) => ({ name, uid }));
  const files = mergeKeys(readKeyFiles(paths.keys), backend.publication?.readKeys() ?? null);
  return {
    accounts,
    groups,
    keyFiles: markDenied(files, listDenied(paths.shut)),
    // Needed only to make homes; on a network file system each lstat costs.
    homes: findHomes(root, desired.makesHomes === true ? desired.accounts.map(({ entry }) => entry.dir) : []),
    sudoers: readSudoers(root),
    jobs: findJobOwners(root, people),
    offboarded: readOffboarded(paths.offboarded),
    // A throwaway root has no processes of its own.
    ...(root === '/' ? { sessions: findActiveUids() } : {}),
  };
}

/** Where a key file and the published keys of that name differ, a text that is neither, so that both are written. */
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

/** For a denied name, a text that no key file should have, so that each sync tries to write or remove the file. */
function markDenied(
  files: ReadonlyMap<string, string>,
  names: readonly string[],
): ReadonlyMap<string, string> {
  return names.length === 0 ? files : new Map([...files, ...names.map((name) => [name, '\n'] as const)]);
}
