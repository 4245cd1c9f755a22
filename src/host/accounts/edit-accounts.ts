// Changes to accounts and groups as edits of the texts passwd, group, shadow and gshadow; pure.
import type { PasswdEntry } from '../../policy/posix.ts';
import {
  type AccountChange,
  type ChangeOf,
  describeKind,
  EARLIER_FAILED,
  restsOn,
} from '../../plan/change.ts';
import {
  DISABLED_FIELD,
  editLines,
  type LineEdit,
  newShadow,
  renderPasswd,
  withExpiry,
} from './passwd-format.ts';
import { findMisfit, type Allocations, type Misfit, collectIds } from './account-misfit.ts';
import { inheritLine } from './inherit-line.ts';
import { type Moves, moveMember, renameMembers } from './member-edits.ts';

/**
 * In the order in which a grant is written: an account appears after its groups and its shadow line. The plan reads
 * group and passwd, so each is written after its shadow file, or a kill in between would go unnoticed.
 */
export const FILES = ['gshadow', 'group', 'shadow', 'passwd'] as const;
export type AccountFile = (typeof FILES)[number];
export type Texts = Record<AccountFile, string>;

/**
 * The texts as they are after the changes, and the changes that did not fit.
 * @param today days since the epoch, for shadow(5).
 * @param others texts of accounts and groups elsewhere on the node, whose names and ids are taken as well.
 */
export function editTexts(
  before: Readonly<Texts>,
  changes: readonly AccountChange[],
  today: number,
  others: { readonly passwd: string; readonly group: string } = { passwd: '', group: '' },
): { texts: Texts; misfits: Misfit[] } {
  const edits: Record<AccountFile, Map<string, LineEdit[]>> = {
    group: new Map(),
    gshadow: new Map(),
    passwd: new Map(),
    shadow: new Map(),
  };
  const misfits: Misfit[] = [];
  const allocations = collectIds({
    passwd: `${others.passwd}\n${before.passwd}`,
    group: `${others.group}\n${before.group}`,
  });
  /** Edits of one name run in their order. */
  const edit = (file: AccountFile, name: string, next: LineEdit): void => {
    const row = edits[file].get(name);
    if (row === undefined) edits[file].set(name, [next]);
    else row.push(next);
  };
  const moves = new Map<string, Moves>();
  const spoiled = new Set<string>();
  for (const change of changes) {
    const problem = restsOn(change, spoiled) ? EARLIER_FAILED : findMisfit(change, allocations);
    const isInherited = change.kind === 'account-inherit' || change.kind === 'group-inherit';
    if (problem === null && isInherited) inheritLine(change, edit, today, allocations);
    else if (problem === null && !isInherited) editFor(change, edit, today, allocations, moves);
    else if (problem !== null) {
      misfits.push({ change, problem });
      for (const subject of describeKind(change).spoils(change)) spoiled.add(subject);
    }
  }
  const former = listFormerNames(changes, misfits);
  const texts = { ...before };
  for (const file of FILES) {
    // A node without gshadow gets none.
    if (file === 'gshadow' && before.gshadow === '') continue;
    texts[file] = editLines(before[file], joinEdits(edits[file]));
    if (file === 'group' || file === 'gshadow') texts[file] = renameMembers(texts[file], former);
  }
  return { texts, misfits };
}

/**
 * Names that no account has any more, with the new name of a renamed one. A group that went on listing them would make the
 * next account of that name a member; usermod(8) and userdel(8) edit these lists alike.
 */
export function listFormerNames(
  changes: readonly AccountChange[],
  misfits: readonly Misfit[],
): Map<string, string | null> {
  const former = new Map<string, string | null>();
  const failed = new Set(misfits.map(({ change }) => change));
  for (const change of changes) {
    if (failed.has(change)) continue;
    if (change.kind === 'account-remove') former.set(change.name, null);
    if (change.kind === 'account-alter' && change.before.name !== change.name)
      former.set(change.before.name, change.name);
  }
  // The name may be another account's by now, which is then meant.
  for (const change of changes)
    if (change.kind === 'account-create' && !failed.has(change)) former.delete(change.name);
  return former;
}

/** One edit a name. */
function joinEdits(edits: ReadonlyMap<string, readonly LineEdit[]>): Map<string, LineEdit> {
  const joined = new Map<string, LineEdit>();
  for (const [name, row] of edits) {
    joined.set(name, (fields) => {
      let edited = fields;
      for (const edit of row) edited = edit(edited);
      return edited;
    });
  }
  return joined;
}

/** A line that is not of seven fields is written anew: glibc may take it for an account with /bin/sh. */
function closeLine(fields: readonly string[] | null, entry: PasswdEntry): readonly string[] | null {
  if (fields === null) return null;
  return fields.length === 7 ? fields.with(6, entry.shell) : renderPasswd(entry);
}

export type Edit = (file: AccountFile, name: string, next: LineEdit) => void;

function editFor(
  change: Exclude<AccountChange, ChangeOf<'account-inherit' | 'group-inherit'>>,
  edit: Edit,
  today: number,
  allocations: Allocations,
  moves: Map<string, Moves>,
): void {
  const { name } = change;
  switch (change.kind) {
    case 'account-close':
      edit('shadow', name, (fields) => withExpiry(fields ?? newShadow(name, today), DISABLED_FIELD));
      edit('passwd', name, (fields) => closeLine(fields, change.entry));
      return;
    case 'account-remove':
      edit('passwd', name, () => null);
      edit('shadow', name, () => null);
      allocations.uids.delete(change.entry.uid);
      allocations.accounts.delete(name);
      return;
    case 'account-create':
      edit('passwd', name, () => renderPasswd(change.entry));
      // Without a line in passwd, one in shadow is of an earlier account: its password must not come back.
      if (allocations.accounts.has(name)) edit('shadow', name, (fields) => fields ?? newShadow(name, today));
      else edit('shadow', name, () => newShadow(name, today));
      allocations.accounts.set(name, change.entry.uid);
      allocations.uids.set(change.entry.uid, name);
      return;
    case 'account-alter':
      // A rename edits the line where it stands; the hash and the dates of shadow stay.
      edit('passwd', change.before.name, () => renderPasswd(change.entry));
      if (change.before.name !== name) {
        edit('shadow', change.before.name, (fields) => fields?.with(0, name) ?? null);
        allocations.accounts.delete(change.before.name);
      }
      allocations.accounts.set(name, change.entry.uid);
      allocations.uids.delete(change.before.uid);
      allocations.uids.set(change.entry.uid, name);
      return;
    case 'account-reopen':
      edit('passwd', name, () => renderPasswd(change.entry));
      edit('shadow', name, (fields) => withExpiry(fields ?? newShadow(name, today), ''));
      return;
    case 'group-create':
    case 'group-alter':
    case 'group-remove':
      editGroup(change, edit, allocations, moves);
      return;
    case 'member-add':
    case 'member-remove':
      moveMember(change, edit, moves);
      return;
  }
}

function editGroup(
  change: ChangeOf<'group-create' | 'group-alter' | 'group-remove'>,
  edit: Edit,
  allocations: Allocations,
  moves: Map<string, Moves>,
): void {
  const { name } = change;
  switch (change.kind) {
    case 'group-create':
      edit('group', name, () => [name, 'x', String(change.gid), '']);
      edit('gshadow', name, () => [name, '!', '', '']);
      moves.delete(name);
      allocations.groups.set(name, change.gid);
      allocations.gids.set(change.gid, name);
      return;
    case 'group-alter':
      edit('group', name, (fields) => fields?.with(2, String(change.gid)) ?? null);
      allocations.groups.set(name, change.gid);
      allocations.gids.delete(change.before);
      allocations.gids.set(change.gid, name);
      return;
    case 'group-remove':
      edit('group', name, () => null);
      edit('gshadow', name, () => null);
      return;
  }
}
