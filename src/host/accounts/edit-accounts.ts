// Changes to accounts and groups as edits of the four texts passwd, group, shadow and gshadow; touches no file.
import { DISABLED_DAY as DAY_THAT_CLOSES } from '../../plan/actual.ts';
import type { AccountChange } from '../../plan/change.ts';
import type { PasswdEntry } from '../../policy/posix.ts';
import { findMisfit, type Ground, type Misfit, collectIds } from './account-misfit.ts';
import { editLines, encodeField, type LineEdit, splitMembers } from './passwd-format.ts';

/**
 * In the order in which a grant is written: an account appears when its groups and its shadow line are there. What is
 * planned is read off group and passwd, so each is written after its shadow, or a kill in between would go unseen.
 */
export const FILES = ['gshadow', 'group', 'shadow', 'passwd'] as const;
export type AccountFile = (typeof FILES)[number];
export type Texts = Record<AccountFile, string>;

/** shadow(5): day 1 of the epoch closes an account, also for sshd with UsePAM no. */
const DISABLED_DAY = String(DAY_THAT_CLOSES);
/** Index of the day of expiry in shadow(5). */
export const EXPIRY = 7;

/**
 * The texts as they are after the changes, and the changes that did not fit.
 * @param today days since the epoch, for shadow(5).
 * @param others texts of accounts and groups that stand elsewhere on the node and are in the way all the same.
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
  const ground = collectIds({
    passwd: `${others.passwd}\n${before.passwd}`,
    group: `${others.group}\n${before.group}`,
  });
  /** Edits of one name follow each other. */
  const edit = (file: AccountFile, name: string, next: LineEdit): void => {
    const row = edits[file].get(name);
    if (row === undefined) edits[file].set(name, [next]);
    else row.push(next);
  };
  const moves = new Map<string, Moves>();
  for (const change of changes) {
    const problem = findMisfit(change, ground);
    if (problem !== null) misfits.push({ change, problem });
    else editFor(change, edit, today, ground, moves);
  }
  const texts = { ...before };
  for (const file of FILES) {
    // A node without gshadow has none afterwards either.
    if (file === 'gshadow' && before.gshadow === '') continue;
    texts[file] = editLines(before[file], joinEdits(edits[file]));
  }
  return { texts, misfits };
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

type Edit = (file: AccountFile, name: string, next: LineEdit) => void;

/** Who comes to a group and who leaves it, in one edit: a group may have 100,000 members. */
interface Moves {
  readonly added: Set<string>;
  readonly removed: Set<string>;
}

function editFor(
  change: AccountChange,
  edit: Edit,
  today: number,
  ground: Ground,
  moves: Map<string, Moves>,
): void {
  const { name } = change;
  switch (change.kind) {
    case 'account-close':
      edit('shadow', name, (fields) => withExpiry(fields ?? newShadow(name, today), DISABLED_DAY));
      edit('passwd', name, (fields) => fields?.with(6, change.entry.shell) ?? null);
      return;
    case 'account-remove':
      edit('passwd', name, () => null);
      edit('shadow', name, () => null);
      ground.uids.delete(change.entry.uid);
      ground.accounts.delete(name);
      return;
    case 'account-create':
      edit('passwd', name, () => renderPasswd(change.entry));
      // Without a line in passwd, one in shadow is an old owner's: its password must not come back with the name.
      if (ground.accounts.has(name)) edit('shadow', name, (fields) => fields ?? newShadow(name, today));
      else edit('shadow', name, () => newShadow(name, today));
      ground.accounts.set(name, change.entry.uid);
      ground.uids.set(change.entry.uid, name);
      return;
    case 'account-alter':
      // A rename edits the line where it stands; the hash and the dates of shadow stay.
      edit('passwd', change.before.name, () => renderPasswd(change.entry));
      if (change.before.name !== name)
        edit('shadow', change.before.name, (fields) => fields?.with(0, name) ?? null);
      return;
    case 'account-reopen':
      edit('passwd', name, () => renderPasswd(change.entry));
      edit('shadow', name, (fields) => withExpiry(fields ?? newShadow(name, today), ''));
      return;
    case 'group-create':
      edit('group', name, () => [name, 'x', String(change.gid), '']);
      edit('gshadow', name, () => [name, '!', '', '']);
      moves.delete(name);
      ground.groups.set(name, change.gid);
      ground.gids.set(change.gid, name);
      return;
    case 'group-remove':
      edit('group', name, () => null);
      edit('gshadow', name, () => null);
      return;
    case 'member-add':
    case 'member-remove':
      moveMember(change, edit, moves);
      return;
  }
}

function renderPasswd({ name, uid, gid, gecos, dir, shell }: PasswdEntry): string[] {
  return [name, 'x', String(uid), String(gid), encodeField(gecos), encodeField(dir), shell];
}

/** `*`: no password ever matches, and keys work; a leading `!` would lock them out of sshd without PAM. */
function newShadow(name: string, today: number): string[] {
  return [name, '*', String(today), '0', '99999', '7', '', '', ''];
}

/** A line that is too short, which the shadow tools would call malformed, is filled up. */
function withExpiry(fields: readonly string[], day: string): string[] {
  return Array.from({ length: Math.max(9, fields.length) }, (_, index) =>
    index === EXPIRY ? day : (fields[index] ?? ''),
  );
}

function moveMember(
  { kind, name, member }: Extract<AccountChange, { kind: 'member-add' | 'member-remove' }>,
  edit: Edit,
  moves: Map<string, Moves>,
): void {
  let move = moves.get(name);
  if (move === undefined) {
    const begun: Moves = { added: new Set(), removed: new Set() };
    moves.set(name, begun);
    for (const file of ['group', 'gshadow'] as const)
      edit(file, name, (fields) => withMembers(fields, begun));
    move = begun;
  }
  const [to, from] = kind === 'member-add' ? [move.added, move.removed] : [move.removed, move.added];
  to.add(member);
  from.delete(member);
}

function withMembers(fields: readonly string[] | null, { added, removed }: Moves) {
  if (fields === null) return null;
  const kept = splitMembers(fields[3]).filter((member) => !removed.has(member));
  const members = new Set(added.size === 0 ? kept : [...kept, ...added].sort());
  return [...fields.slice(0, 3), [...members].join(',')];
}
