// Whether a systemd unit runs, and whether nologin(5) refuses all logins.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { runProgram } from './run-program.ts';

const NOLOGIN = ['etc/nologin', 'run/nologin', 'var/run/nologin'];

/** null: the node has no systemd, and its supervisor is unknown. */
export async function isUnitActive(unit: string): Promise<boolean | null> {
  if (!existsSync('/run/systemd/system')) return null;
  const { status } = await runProgram('systemctl', ['is-active', '--quiet', unit], { timeout: 3000 });
  return status === null ? null : status === 0;
}

/** The file that refuses every login except root's, by its path on the node; null: none exists. */
export function findNologin(root: string): string | null {
  const found = NOLOGIN.find((file) => existsSync(path.join(root, file)));
  return found === undefined ? null : `/${found}`;
}
