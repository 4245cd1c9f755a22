// Applies changes of the sudo rules, and ends the root shells of people who lose theirs.
import { existsSync } from 'node:fs';
import type { Paths } from '../../common/paths.ts';
import type { ChangeOf } from '../../plan/change.ts';
import { readSudoersUids } from '../../policy/sudoers.ts';
import { endRootShells, hasLogind } from '../sessions/end-root-shells.ts';
import { forgetPending, forgetRoot, noteFormerRoot, notePending, readSince } from './had-root.ts';
import { reduceSudoers, removeSudoers, writeSudoers } from './sudoers.ts';

export function grantSudo({ text }: ChangeOf<'sudoers-write'>, { sudoers, rootShells }: Paths): void {
  writeSudoers(sudoers, text);
  forgetRoot(rootShells, readSudoersUids(text));
}

/** Whose shells are to end is on record before the rule goes, so that a kill in between forgets no one. */
export function revokeSudo(
  change: ChangeOf<'sudoers-remove' | 'sudoers-revoke'>,
  { root, sudoers, rootShells }: Paths,
): void {
  notePending(
    rootShells,
    change.leavers.filter(({ keepsAccount }) => keepsAccount),
  );
  if (root === '/' && !hasLogind()) {
    const until = Math.floor(Date.now() / 1000);
    for (const { uid, name, keepsAccount } of change.leavers)
      if (!keepsAccount) noteFormerRoot(rootShells, { uid, name, until });
  }
  if (change.kind === 'sudoers-remove') removeSudoers(sudoers);
  else reduceSudoers(sudoers, change.text);
}

/**
 * A throwaway root has no processes of its own. Without logind it stays known that the person was root here.
 * @returns by uid what failed, as a sentence.
 */
export async function applyRootShellsEnd(
  people: readonly ChangeOf<'root-shells-end'>[],
  { root, rootShells }: Paths,
): Promise<Map<number, string>> {
  const isReal = root === '/' && existsSync('/proc/1/status');
  const formerSudoers = people.map(({ uid, name }) => ({ uid, name, since: readSince(rootShells, uid) }));
  const outcome = isReal ? await endRootShells(formerSudoers) : new Map<number, string | null>();
  const problems = new Map<number, string>();
  for (const { uid, name } of people) {
    const problem = outcome.get(uid) ?? null;
    if (problem !== null) problems.set(uid, problem);
    else if (isReal && !hasLogind())
      noteFormerRoot(rootShells, { uid, name, until: Math.floor(Date.now() / 1000) });
    else forgetPending(rootShells, uid);
  }
  return problems;
}
