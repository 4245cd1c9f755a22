// What this node is like, whatever the ledger says: privileged names, login shells, what its sshd understands.
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import type { NodeTraits } from '../plan/host-state.ts';
import { stampFiles } from './fs/file-stamp.ts';
import { readPrivilegedNames } from './sudo/privileged-names.ts';
import { listSshdSources, readSshdFacts } from './sshd/sshd-program.ts';

type SshdFacts = Awaited<ReturnType<typeof readSshdFacts>>;

/** Privileged names, login shells, and what the installed sshd understands. */
export async function readNodeTraits(root: string): Promise<NodeTraits> {
  const { names, groups, uids, gids } = readPrivilegedNames(root, hostname());
  return {
    shells: readShells(root),
    privilegedNames: names,
    privilegedGroups: groups,
    privilegedUids: uids,
    privilegedGids: gids,
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

let sshd: { readonly stamp: string; readonly facts: SshdFacts } | null = null;

/**
 * Two processes answer for sshd, so they run again only after sshd or the time zone changed. That saves 40 ms a sync, and
 * a busy node on which one of them fails does not have every key file written in another way.
 */
async function readSshdOnce(root: string): Promise<SshdFacts> {
  const stamp = stampFiles(listSshdSources(root));
  if (sshd?.stamp === stamp) return sshd.facts;
  const facts = await readSshdFacts(root);
  // An answer that is missing is asked for again.
  if (facts.keyTypes.length > 0) sshd = { stamp, facts };
  return facts;
}
