// Probes the host's load for the status at most every few minutes: in each sync it would cost more than the sync.
import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { type HostLoad, probeLoad } from './host-load.ts';
import type { Binding } from '../../policy/model.ts';
import type { Paths } from '../../common/paths.ts';

/** Seconds; the load is an average over a minute, and disks fill slowly. */
const MIN_INTERVAL = 300;

interface Ledger {
  readonly bindings: () => readonly Binding[];
}

/** The load, at most five minutes old. @param now epoch seconds. */
export type HostLoadWatch = (now: number) => Promise<HostLoad>;

/** The daemon keeps one as long as it runs. */
export function watchHostLoad(
  paths: Paths,
  { accounts }: Pick<Config, 'accounts'>,
  ledger: Ledger,
): HostLoadWatch {
  const directories = [paths.state, homesDirectory(paths.root, accounts.home)];
  let last: HostLoad | null = null;
  return async (now) => {
    if (last !== null && now >= last.at && now - last.at < MIN_INTERVAL) return last;
    last = await probeLoad(directories, findPeople(paths.root, ledger), now);
    return last;
  };
}

/** Name by uid of each bound account; null below another root, whose processes are not those of this machine. */
export function findPeople(root: string, ledger: Ledger): Map<number, string> | null {
  if (root !== '/') return null;
  return new Map(
    ledger.bindings().flatMap(({ kind, id, name }) => (kind === 'account' ? [[id, name] as const] : [])),
  );
}

/** The directory above the homes of `accounts.home`. */
export function homesDirectory(root: string, template: string): string {
  const [before = ''] = template.split('%u');
  return path.dirname(path.join(root, `${before}name`));
}
