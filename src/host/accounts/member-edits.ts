// Changes of the members of groups, as one edit for each group.
import type { AccountChange } from '../../plan/change.ts';
import { type LineEdit, splitMembers } from './passwd-format.ts';

/** Members added to and removed from a group, in one edit: a group may have 100,000 members. */
export interface Moves {
  readonly added: Set<string>;
  readonly removed: Set<string>;
}

/** Adds an edit of the line of a group. */
type EditGroup = (file: 'group' | 'gshadow', name: string, next: LineEdit) => void;

/** @param moves by group; extended. */
export function moveMember(
  { kind, name, member }: Extract<AccountChange, { kind: 'member-add' | 'member-remove' }>,
  edit: EditGroup,
  moves: Map<string, Moves>,
): void {
  let move = moves.get(name);
  if (move === undefined) {
    const started: Moves = { added: new Set(), removed: new Set() };
    moves.set(name, started);
    for (const file of ['group', 'gshadow'] as const)
      edit(file, name, (fields) => withMembers(fields, started));
    move = started;
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
