// What policy must know of this node: who else is here, which names have power, what its sshd understands.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Binding, NodeFacts } from '../policy/desired.ts';
import type { AccountsOnHost } from './account-backend.ts';
import { readPowerfulWords } from './power-files.ts';
import { listSshdSources, readSshdFacts } from './sshd-program.ts';

type SshdFacts = Awaited<ReturnType<typeof readSshdFacts>>;

export interface AccountsAround {
  /** Where ours are. */
  readonly own: AccountsOnHost;
  /** Elsewhere on the node; null: `own` has the node's as well. */
  readonly others: AccountsOnHost | null;
  /** What another program publishes in the place from which this node resolves names; null: nobody does. */
  readonly published: AccountsOnHost | null;
}

/** @param marker name of the marker group, which is ours and yet in no ledger. */
export async function gatherFacts(
  root: string,
  { own, others, published }: AccountsAround,
  bindings: readonly Binding[],
  marker: { readonly name: string; readonly gid: number },
): Promise<NodeFacts> {
  const accounts = new Map(
    bindings.filter(({ kind }) => kind === 'account').map(({ name, id }) => [name, id]),
  );
  const groups = new Map(bindings.filter(({ kind }) => kind === 'group').map(({ name, id }) => [name, id]));
  groups.set(marker.name, marker.gid);
  const markerMembers = new Set(own.groups.get(marker.name)?.members);
  const foreignAccounts = listAccounts(others);
  const marked = [];
  for (const { entry } of own.accounts.values()) {
    const { name, uid, gid, dir } = entry;
    if (accounts.get(name) === uid) continue;
    // Where the node's own accounts stand elsewhere, every line is one that we made.
    if (others !== null || gid === marker.gid || markerMembers.has(name))
      marked.push({ name, uid, gid, dir });
    else foreignAccounts.push({ name, uid });
  }
  const foreignGroups = [
    ...(others?.groups.values() ?? []),
    ...[...own.groups.values()].filter(({ name, gid }) => groups.get(name) !== gid),
  ].map(({ name, gid, members }) => ({ name, gid, members }));
  const words = readPowerfulWords(root);
  return {
    foreignAccounts,
    foreignGroups,
    marked,
    ...(published === null
      ? {}
      : { published: { accounts: listAccounts(published), groups: [...published.groups.values()] } }),
    shells: readShells(root),
    powerfulNames: [...words.names],
    powerfulGroups: [...words.groups],
    powerfulUids: [...words.uids],
    powerfulGids: [...words.gids],
    ...(await readSshdOnce(root)),
  };
}

function listAccounts(found: AccountsOnHost | null): { name: string; uid: number }[] {
  return [...(found?.accounts.values() ?? [])].map(({ entry: { name, uid } }) => ({ name, uid }));
}

/** Lines of /etc/shells (shells(5)); without the file, getusershell(3) knows these two. */
function readShells(root: string): string[] {
  const file = path.join(root, 'etc/shells');
  if (!existsSync(file)) return ['/bin/sh', '/bin/csh'];
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('/'));
}

let sshd: { readonly key: string; readonly facts: SshdFacts } | null = null;

/** Asking sshd costs two processes, so it is asked again only when it, or the time zone, changed. */
async function readSshdOnce(root: string): Promise<SshdFacts> {
  const stamp = (file: string): string => {
    const found = statSync(file, { throwIfNoEntry: false });
    return found === undefined ? '-' : `${found.ino} ${found.mtimeMs}`;
  };
  const key = listSshdSources(root).map(stamp).join();
  if (sshd?.key !== key) sshd = { key, facts: await readSshdFacts(root) };
  return sshd.facts;
}
