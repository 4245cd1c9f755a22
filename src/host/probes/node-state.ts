// Two questions about the node as a whole: does a unit run, and does nologin(5) keep everybody out?
import { existsSync } from 'node:fs';
import path from 'node:path';
import { runProgram } from './run-program.ts';

const NOLOGIN = ['etc/nologin', 'run/nologin', 'var/run/nologin'];

/** null: no systemd here, and who supervises is not known. */
export async function isUnitActive(unit: string): Promise<boolean | null> {
  if (!existsSync('/run/systemd/system')) return null;
  const { status } = await runProgram('systemctl', ['is-active', '--quiet', unit], { timeout: 3000 });
  return status === null ? null : status === 0;
}

/** The file that keeps everybody but root out, as the node has it; null: there is none. */
export function findNologin(root: string): string | null {
  const found = NOLOGIN.find((file) => existsSync(path.join(root, file)));
  return found === undefined ? null : `/${found}`;
}
