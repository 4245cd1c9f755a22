// The lines of a list that an operator's command writes, one entry a line.
import { readFileSync } from 'node:fs';
import { toHostWrite } from '../../common/system-error.ts';

/** None where there is no list. @throws AgentError host_write */
export function readListLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw toHostWrite(`cannot read ${file}`, error);
  }
}
