// A rebind as text: what moves, with which ids, what is written besides, and which files have to follow.
import { makePrintable } from '../../common/text/printable.ts';
import { type ConfigEdit, describeEdits } from '../../agent/overrides/edit-config.ts';
import type { Rebinding, RebindPlan } from '../../policy/ledger/rebind.ts';

export function describeRebind(
  { moves, refused }: RebindPlan,
  edits: readonly ConfigEdit[],
  configFile: string,
  isApplied: boolean,
): string {
  const is = isApplied ? 'is' : 'would be';
  const lines = [
    ...moves.map(
      ({ binding, to, id, storeId }) =>
        `  ~ ${binding.kind} ${binding.name}, ${nameIds(binding, id)}: ${is} ${to}, formerly ${binding.scimId}${
          storeId === null ? '' : ` (the store gives ${storeId}; this node keeps ${id})`
        }`,
    ),
    ...refused.map(({ from, to, detail }) => `  ! ${from} -> ${to} refused: ${detail}`),
    ...describeEdits(edits).map((line) => `  ~ ${configFile}: ${line}`),
    `${moves.length} ${isApplied ? 'moved' : 'to move'}, ${refused.length} refused${
      isApplied || moves.length === 0 ? '' : '; --apply does it'
    }`,
  ];
  return lines.map((line) => `${makePrintable(line, 400)}\n`).join('');
}

function nameIds(binding: Rebinding['binding'], id: number): string {
  const what = binding.kind === 'account' ? 'uid' : 'gid';
  return binding.id === id ? `${what} ${id}` : `${what} ${binding.id} -> ${id}`;
}

/** The commands that give files to the new uid or gid; empty where no id changed. They are for the operator to run. */
export function listFilesToFollow(moves: readonly Rebinding[], root: string): string[] {
  return moves.flatMap(({ binding, id, gid }) => {
    const { kind, home } = binding;
    const where = kind === 'account' && home !== null ? `${root === '/' ? '' : root}${home}` : null;
    const ids =
      kind === 'account'
        ? [...changed('uid', binding.id, id, 'chown'), ...changed('gid', binding.gid, gid, 'chgrp')]
        : changed('gid', binding.id, id, 'chgrp');
    return ids.flatMap(({ test, command }) => [
      `files that have to follow (to see them: find ${where ?? '/'} -xdev ${test}):`,
      `  find ${where ?? '/'} -xdev ${test} -exec ${command} {} +`,
    ]);
  });
}

function changed(
  what: 'uid' | 'gid',
  before: number | null,
  after: number | null,
  command: string,
): { readonly test: string; readonly command: string }[] {
  if (before === null || after === null || before === after) return [];
  return [{ test: `-${what} ${before}`, command: `${command} -h ${after}` }];
}
