// The managed file in sudoers.d: visudo(8) checks it first, since a broken one disables sudo for all users.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../../common/errors.ts';
import { replaceFiles } from '../fs/atomic-file.ts';

const VISUDO = '/usr/sbin/visudo';

/** Text of the managed file; empty if it does not exist. */
export function readSudoers(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** @throws Error where sudo is not installed, or visudo does not accept the text. */
export function writeSudoers(file: string, text: string): void {
  if (!existsSync(path.dirname(file)))
    throw new AgentError('refused', `there is no ${path.dirname(file)}`, { hint: 'install sudo' });
  if (existsSync(VISUDO)) checkText(text);
  replaceFiles([{ file, data: text, encoding: 'utf8', mode: 0o440 }]);
}

/** Writes a text that only lacks rules of the present file, which visudo accepted: nothing has to be asked, and nothing waits. */
export function reduceSudoers(file: string, text: string): void {
  if (text === '') removeSudoers(file);
  else replaceFiles([{ file, data: text, encoding: 'utf8', mode: 0o440 }]);
}

export function removeSudoers(file: string): void {
  rmSync(file, { force: true });
}

function checkText(text: string): void {
  try {
    const stdio = ['pipe', 'ignore', 'pipe'] as const;
    execFileSync(VISUDO, ['-c', '-q', '-f', '-'], { input: text, stdio: [...stdio], timeout: 10_000 });
  } catch (cause) {
    throw new AgentError('refused', 'visudo does not accept the new sudoers file, so it is not installed', {
      cause,
    });
  }
}
