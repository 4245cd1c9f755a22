// The host's own facts for the status, taken by a pass every few minutes: at each poll they would cost more than the poll.
import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { type HostLoad, probeLoad } from './host-load.ts';
import type { Binding } from '../../policy/model.ts';
import type { Paths } from '../../common/paths.ts';

/** Seconds; what they say is an average over a minute, and disks fill slowly. */
const LOOK_AT_MOST_EVERY = 300;

interface Ledger {
  readonly bindings: () => readonly Binding[];
}

/** The facts, at most five minutes old. @param now epoch seconds. */
export type HostLoadWatch = (now: number) => Promise<HostLoad>;

/** A daemon keeps one for its life. */
export function watchHostLoad(
  paths: Paths,
  { accounts }: Pick<Config, 'accounts'>,
  mirror: Ledger,
): HostLoadWatch {
  const directories = [paths.state, homesDirectory(paths.root, accounts.home)];
  let last: HostLoad | null = null;
  return async (now) => {
    if (last !== null && now >= last.at && now - last.at < LOOK_AT_MOST_EVERY) return last;
    last = await probeLoad(directories, findPeople(paths.root, mirror), now);
    return last;
  };
}

/** Name by uid of everybody who is bound; null below another root, where the processes are not those of that node. */
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
