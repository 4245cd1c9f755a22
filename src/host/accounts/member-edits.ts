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

/**
 * Replaces names in the lists of every group of a group(5) or gshadow(5) text, or removes them; every other byte stays.
 * @param names the new name, or null, by the former one.
 */
export function renameMembers(text: string, names: ReadonlyMap<string, string | null>): string {
  if (names.size === 0) return text;
  return text
    .split('\n')
    .map((line) => {
      // group(5) has one list, gshadow(5) two: the administrators stand in the third field.
      const fields = line.split(':');
      const renamed = fields.map((field, index) =>
        index < 2 || /^\d+$/.test(field) ? field : renameInList(field, names),
      );
      return renamed.join(':');
    })
    .join('\n');
}

function renameInList(list: string, names: ReadonlyMap<string, string | null>): string {
  const members = list.split(',');
  if (!members.some((member) => names.has(member.trim()))) return list;
  const renamed = members.flatMap((member) => {
    const next = names.get(member.trim());
    return next === undefined ? [member] : (next ?? []);
  });
  return [...new Set(renamed)].join(',');
}
