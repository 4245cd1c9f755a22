// What policy must know of this node: who else is here, which names have power, what its sshd understands.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { NodeFacts } from '../policy/model.ts';
import type { AccountsOnHost } from './accounts/account-backend.ts';
import { listAccounts, type Others } from './accounts/managed.ts';
import { readPrivilegedNames } from './sudo/privileged-names.ts';
import { listSshdSources, readSshdFacts } from './sshd/sshd-program.ts';

type SshdFacts = Awaited<ReturnType<typeof readSshdFacts>>;

/** @param published what another program publishes in the place from which this node resolves names; null: nobody does. */
export async function gatherFacts(
  root: string,
  others: Others,
  published: AccountsOnHost | null,
): Promise<NodeFacts> {
  const words = readPrivilegedNames(root);
  return {
    ...others,
    ...(published === null
      ? {}
      : { published: { accounts: listAccounts(published), groups: [...published.groups.values()] } }),
    shells: readShells(root),
    privilegedNames: [...words.names],
    privilegedGroups: [...words.groups],
    privilegedUids: [...words.uids],
    privilegedGids: [...words.gids],
    ...(await readSshdOnce(root)),
  };
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
