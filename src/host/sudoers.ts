// Our file in sudoers.d: checked by visudo(8) before it is put in place, since a broken one disables sudo for all.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { replaceFiles } from './atomic-file.ts';

const FILE = 'etc/sudoers.d/sunk-agent';
const VISUDO = '/usr/sbin/visudo';

/** Text of our file; empty if there is none. */
export function readSudoers(root: string): string {
  const file = path.join(root, FILE);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** @throws Error where sudo is not installed, or visudo does not accept the text. */
export function writeSudoers(root: string, text: string): void {
  const file = path.join(root, FILE);
  if (!existsSync(path.dirname(file)))
    throw new Error(`there is no ${path.dirname(file)}: is sudo installed?`);
  if (existsSync(VISUDO)) checkText(text);
  replaceFiles([{ file, data: text, encoding: 'utf8', mode: 0o440 }]);
}

export function removeSudoers(root: string): void {
  rmSync(path.join(root, FILE), { force: true });
}

function checkText(text: string): void {
  const folder = mkdtempSync('/tmp/sunk-agent-sudoers-');
  try {
    const file = path.join(folder, 'sudoers');
    writeFileSync(file, text, { mode: 0o440 });
    execFileSync(VISUDO, ['-c', '-q', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'], timeout: 10_000 });
  } catch (cause) {
    throw new Error('visudo does not accept our sudoers file', { cause });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
