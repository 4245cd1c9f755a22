// The host adapter: reads the state of the node, and is the only way to change it.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../config/config.ts';
import type { Paths } from '../common/paths.ts';
import type { ActualAccount } from '../plan/actual.ts';
import type { Change } from '../plan/change.ts';
import type { NameQuestions, ServiceAnswer } from '../policy/name-services.ts';
import type { HostState } from '../plan/host-state.ts';
import type { AccountBackend } from './accounts/account-backend.ts';
import { type Applied, applyChanges } from './apply-changes.ts';
import { sweepTemporaries } from './fs/atomic-file.ts';
import { readKeyFileOf, readKeyFiles } from './keys/authorized-keys.ts';
import { readForeignNsscache } from './nss/foreign-nsscache.ts';
import { findHomes } from './homes/find-homes.ts';
import { findJobOwners } from './sessions/find-jobs.ts';
import { readOffboarded, sweepOffboarded } from './sessions/offboarded.ts';
import { readAccountLines } from './accounts/read-lines.ts';
import { openLocalAccounts, readLocalTexts, sweepAccountFiles } from './accounts/local-accounts.ts';
import { readNodeTraits } from './node-traits.ts';
import { openNameServices } from './nss/services/ask.ts';
import { openNssCache, openPublished } from './nss/nsscache.ts';
import { findActiveUids } from './sessions/find-processes.ts';
import { readRestarting } from './sessions/restarting-units.ts';
import { leaveOutDenied } from './keys/deny-list.ts';
import { readPending } from './sudo/had-root.ts';
import { readSudoers } from './sudo/sudoers.ts';

export type { Applied } from './apply-changes.ts';

export interface Host {
  /**
   * The host as it is now, read once.
   * @param homes paths to look at; on a network file system each look costs.
   */
  read(homes: readonly string[]): Promise<HostState>;
  /** One account, managed or not, and whether it is in the managed group; null: the name is unknown. */
  lookUp(name: string): { readonly account: ActualAccount; readonly isManaged: boolean } | null;
  /** Asks the name services of `read` for what is about to be granted; each one has a deadline. */
  askServices(questions: NameQuestions): Promise<readonly ServiceAnswer[]>;
  /** Text of each key file, by name. */
  keyFiles(): ReadonlyMap<string, string>;
  /** Text of one account's key file; null: there is none that can be read. */
  keyFile(name: string): string | null;
  /**
   * Tries every change, in order; a change that fails prevents only those that depend on it.
   * @param onDone called at intervals with the number of changes tried.
   */
  apply(changes: readonly Change[], onDone?: (done: number) => void): Promise<Applied[]>;
}

/** The host below `paths.root`, with the backend that the configuration names. */
export function openHost({ paths, config }: { readonly paths: Paths; readonly config: Config }): Host {
  const { root } = paths;
  const nsscacheDirectory = path.join(root, config.accounts.nsscache_dir);
  const backend = openBackend(config.accounts.backend, root, nsscacheDirectory);
  // The people of a publisher live in other pods: processes and jobs of its own host are none of theirs.
  const isOfPods = config.accounts.backend === 'publish';
  const managedGroup = { name: config.accounts.primary_group, gid: config.accounts.primary_gid };
  const nameServices = openNameServices(root, [
    ...config.nss.unasked,
    ...(config.accounts.backend === 'local' ? [] : ['cache']),
  ]);
  return {
    askServices: (questions) => nameServices.ask(questions),
    async read(homes) {
      const local = readLocalTexts(root);
      const own = backend.read(local);
      return {
        own,
        others: backend.readOthers(local),
        published: readForeignNsscache(root, nsscacheDirectory),
        lines: readAccountLines(root, local),
        services: nameServices.list(),
        node: isOfPods
          ? { ...(await readNodeTraits(root)), expiry: EXPIRY_OF_PODS }
          : await readNodeTraits(root),
        keyFiles: leaveOutDenied(
          paths.denyList,
          mergeKeys(readKeyFiles(paths.keys), backend.publication?.readKeys() ?? null),
        ),
        homes: findHomes(root, homes, config.accounts.homes === 'create'),
        sudoers: readSudoers(paths.sudoers),
        jobs: isOfPods
          ? new Set()
          : findJobOwners(
              root,
              own.accounts.values().map(({ entry: { name, uid } }) => ({ name, uid })),
            ),
        offboarded: readOffboarded(paths.offboarded),
        rootShells: readPending(paths.rootShells),
        // A throwaway root has no processes of its own.
        sessions: root === '/' && !isOfPods ? await findActive(own.accounts, paths.restarting) : null,
      };
    },
    lookUp(name) {
      const { accounts, groups } = backend.read(readLocalTexts(root));
      const account = accounts.get(name);
      if (account === undefined) return null;
      const isMember = groups.get(managedGroup.name)?.members.includes(name) === true;
      return { account, isManaged: account.entry.gid === managedGroup.gid || isMember };
    },
    keyFiles: () => leaveOutDenied(paths.denyList, readKeyFiles(paths.keys)),
    keyFile: (name) => readKeyFileOf(paths.keys, name),
    async apply(changes, onDone = () => {}) {
      await sweepLeftovers(paths);
      if (isOfPods) mkdirSync(nsscacheDirectory, { recursive: true, mode: 0o755 });
      return applyChanges(changes, { paths, config, backend }, onDone);
    },
  };
}

/** Pods may have an sshd older than 9.1, which reads local time; their zone is UTC. */
const EXPIRY_OF_PODS = { zulu: false, timeZone: 'UTC' } as const;

/** What a kill left in the directories that this program writes. */
async function sweepLeftovers({ root, keys, offboarded }: Paths): Promise<void> {
  await sweepAccountFiles(root);
  sweepTemporaries(path.join(root, 'etc/sudoers.d'));
  sweepTemporaries(path.dirname(keys));
  sweepOffboarded(offboarded);
}

/** Uids with processes, and those whose service is about to start one again. */
async function findActive(
  accounts: ReadonlyMap<string, ActualAccount>,
  restarting: string,
): Promise<ReadonlySet<number>> {
  const uidOf = (name: string): number | null => accounts.get(name)?.entry.uid ?? null;
  return findActiveUids(uidOf).union(await readRestarting(restarting));
}

function openBackend(kind: Config['accounts']['backend'], root: string, directory: string): AccountBackend {
  if (kind === 'local') return openLocalAccounts(root);
  return kind === 'published' ? openPublished(directory) : openNssCache(root, directory);
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
