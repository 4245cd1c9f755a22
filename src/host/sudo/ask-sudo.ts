// Asks sudo(8) itself what it lets a user run: `sudo -l -U`, which root alone may ask.
import { runProgram } from '../probes/run-program.ts';

/** `fault`: why sudo gave no answer. An empty list of rules: it lets the user run nothing. */
export type SudoAnswer = { readonly rules: readonly string[] } | { readonly fault: string };

export async function askSudo(name: string): Promise<SudoAnswer> {
  const { status, stdout, stderr } = await runProgram('sudo', ['-n', '-l', '-U', name], {
    timeout: 5000,
    environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  });
  return (
    parseSudoList(stdout) ?? { fault: stderr.trim().split('\n')[0] || `sudo -l ended with status ${status}` }
  );
}

/** The listing of sudo.c's display_privs; null: it is none. Pure. */
export function parseSudoList(text: string): { readonly rules: readonly string[] } | null {
  if (/^User \S+ is not allowed to run sudo on /m.test(text)) return { rules: [] };
  const [, list] = /^User \S+ may run the following commands on [^\n]*:\n([^]*)$/m.exec(text) ?? [];
  if (list === undefined) return null;
  const rules = list
    .split('\n')
    .filter((line) => /^\s+\S/.test(line))
    .map((line) => line.trim());
  return rules.length === 0 ? null : { rules };
}
