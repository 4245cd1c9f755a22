// Runs the key helper as sshd does: as its own user, with sshd's environment.
import { readText } from '../fs/read-text.ts';
import { runProgram } from '../probes/run-program.ts';
import path from 'node:path';
import { HELPER_USER, helperUnder } from '../sshd/sshd-drop-in.ts';

export type HelperOutput = { readonly text: string } | { readonly fault: string };

/** As root, runs it as the helper's user (`nobody` where the node lacks it); other users run it as themselves. */
export async function runKeyHelper(root: string, name: string): Promise<HelperOutput> {
  const passwd = (await readText(path.join(root, 'etc/passwd'))) ?? '';
  const find = (user: string) => passwd.split('\n').find((text) => text.startsWith(`${user}:`));
  const [userName = '', , uid, gid] = (find(HELPER_USER) ?? find('nobody'))?.split(':') ?? [];
  if (uid === undefined || gid === undefined) return { fault: `there is no user ${HELPER_USER}` };
  const { status, stdout, stderr } = await runProgram(helperUnder(root), [name], {
    timeout: 3000,
    environment: { PATH: '/usr/bin:/bin', USER: userName, LOGNAME: userName, HOME: '/nonexistent' },
    ...(process.geteuid?.() === 0 ? { user: { uid: Number(uid), gid: Number(gid) } } : {}),
  });
  if (status === 0) return { text: stdout };
  const message = stderr.trim().split('\n')[0] ?? '';
  return {
    fault: status === null ? message : `it ends with status ${status}${message === '' ? '' : `: ${message}`}`,
  };
}
