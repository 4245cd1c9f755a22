// Reads a file that may be missing.
import { readFile } from 'node:fs/promises';
import { toHostWrite } from '../../common/system-error.ts';

/**
 * The text of a file; null: it is missing.
 * @throws AgentError host_write
 */
export async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return null;
    throw toHostWrite(`cannot read ${file}`, cause);
  }
}

/** Whether an error comes from the system with that code (errno(3)). */
export function hasCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code;
}
