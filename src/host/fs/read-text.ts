// Reads files that may be missing.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
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

/** The text, latin1; empty where there is none, or where only root may read it. */
export function readLatin1(root: string, file: string): string {
  try {
    return readFileSync(path.join(root, file), 'latin1');
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].some((code) => hasCode(cause, code))) return '';
    if (hasCode(cause, 'EACCES') && process.geteuid?.() !== 0) return '';
    throw cause;
  }
}

/** Whether an error comes from the system with that code (errno(3)). */
export function hasCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code;
}
