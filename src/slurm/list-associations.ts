// Asks sacctmgr(1) for the associations of a cluster, so that no name can write rows about others: a coordinator of one
// account may give users and accounts any name, with newlines and separators.
import { LIST_MS, MOST_NAMES, runSlurm } from './run-slurm.ts';
import { type Restored, shuffleColumns } from './shuffled-columns.ts';

/** Names that sacctmgr takes as they are, and prints on one line. */
const PLAIN = /^[^\p{Cc}\p{Zl}\p{Zp}|,='"\\]{1,255}$/u;

export type AskAssociations = (format: readonly string[], filters: readonly string[]) => Promise<string>;

const askSlurm: AskAssociations = (format, filters) =>
  runSlurm('sacctmgr', ['-nP', 'list', 'assoc', 'wopl', ...filters, `format=${format.join()}`], LIST_MS);

/** Those of default accounts alone, as slurmdbd has them. */
export const askDefaults: AskAssociations = (format, filters) =>
  askSlurm(format, ['onlydefaults', ...filters]);

/**
 * Rows of fields as `columns` says, `id`, `account` and `user` among them. Where a line does not fit, or an id comes twice,
 * the rows of plain names are asked for by name: then no other name is in the answer.
 * @param cluster null: all. @throws AgentError slurm_failed, or slurm_unreachable
 */
export async function listAssociations(
  columns: readonly string[],
  cluster: string | null,
  ask: AskAssociations = askSlurm,
): Promise<readonly (readonly string[])[]> {
  const of = cluster === null ? [] : [`cluster=${cluster}`];
  const list = async (filters: readonly string[]): Promise<Restored> => {
    const shuffled = shuffleColumns(columns);
    return shuffled.restore(await ask(shuffled.order, [...of, ...filters]));
  };
  const all = await list([]);
  const ids = all.rows.map((row) => row[columns.indexOf('id')]);
  if (all.isWhole && new Set(ids).size === ids.length) return all.rows;
  const namesIn = (column: string): string[] => {
    const at = columns.indexOf(column);
    return [...new Set(all.rows.map((row) => row[at] ?? ''))].filter((name) => PLAIN.test(name));
  };
  const rows: (readonly string[])[] = [];
  const users = toChunks(namesIn('user'));
  for (const accounts of toChunks(namesIn('account')))
    for (const some of [[], ...users]) {
      // Without a user: the row of the account itself.
      const found = await list([`account=${accounts.join()}`, `user=${some.join()}`]);
      rows.push(...found.rows);
    }
  return rows;
}

function toChunks(names: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(names.length / MOST_NAMES) }, (_, index) =>
    names.slice(index * MOST_NAMES, (index + 1) * MOST_NAMES),
  );
}
