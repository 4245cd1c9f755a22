// The hands: what the node has now, and the only way to change it.
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
import { findJobOwners, readOffboarded, sweepOffboarded } from './sessions/jobs.ts';
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
  const readAround = () => ({
    own: backend.read(),
    others: backend.readOthers(),
    published: readForeignCache(root, cache),
  });
  const marker = { name: config.accounts.primary_group, gid: config.accounts.primary_gid };
  const findOthersOnce = memoizeLast(findOthers);
  const findBoundOnce = memoizeLast(findBound);
  let facts: NodeFacts | null = null;
  /** Beside another publisher, what that one has stands in for what we would have, so that a plan shows the difference. */
  const findPlace = (): AccountsOnHost => {
    const { own, published } = readAround();
    if (config.mode !== 'observe' || published === null) return own;
    return {
      accounts: new Map([...published.accounts, ...own.accounts]),
      groups: new Map([...published.groups, ...own.groups]),
    };
  };
  return {
    async facts(bindings) {
      const { own, others, published } = readAround();
      const found = await gatherFacts(root, findOthersOnce(own, others, bindings, marker), published);
      // The very same facts, so that what follows from them need not be worked out again.
      if (facts === null || !isDeepStrictEqual(facts, found)) facts = found;
      return facts;
    },
    read(bindings, desired) {
      const found = findPlace();
      const { accounts, groups } = addFresh(findBoundOnce(found, bindings, marker), found, desired);
      const people = accounts.values().map(({ entry: { name, uid } }) => ({ name, uid }));
      return {
        accounts,
        groups,
        keyFiles: markShut(
          mergeKeys(readKeyFiles(paths.keys), backend.publication?.readKeys() ?? null),
          listDenied(paths.denyList),
        ),
        // Who makes no homes need not know which there are; on a network file system each look costs.
        homes: findHomes(
          root,
          desired.makesHomes === true ? desired.accounts.map(({ entry }) => entry.dir) : [],
        ),
        sudoers: readSudoers(root),
        jobs: findJobOwners(root, people),
        offboarded: readOffboarded(paths.offboarded),
        // A throwaway root has no processes of its own.
        ...(root === '/' ? { sessions: findActiveUids() } : {}),
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
function markShut(files: ReadonlyMap<string, string>, names: readonly string[]): ReadonlyMap<string, string> {
  return names.length === 0 ? files : new Map([...files, ...names.map((name) => [name, '\n'] as const)]);
}
