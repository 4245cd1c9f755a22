// What sshd would say of its settings if it had a host key: without one, `sshd -T` prints nothing but that.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runProgram } from '../probes/run-program.ts';
import type { SshdSettings } from './sshd-findings.ts';
import { askSshd, SSHD } from './sshd-program.ts';

export const hasNoHostKeys = (fault: string): boolean => /no hostkeys available/i.test(fault);

/** With a key that is made for this question and thrown away. null: sshd does not say it either. */
export async function askWithoutHostKeys(
  file: string,
  user: string,
  program = SSHD,
  from?: string,
): Promise<SshdSettings | null> {
  const directory = mkdtempSync(path.join(tmpdir(), 'sunk-agent-host-key-'));
  try {
    const key = path.join(directory, 'key');
    await runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const answer = await askSshd(file, user, program, from, ['-h', key]);
    return 'settings' in answer ? answer.settings : null;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
