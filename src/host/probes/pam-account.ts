// Asks PAM whether sshd may let a user in: the account step, with every module that this node has configured.
import { openLibrary } from '../../common/libc.ts';

/** pam_acct_mgmt(3) as Linux-PAM numbers its answers. */
const MEANINGS: Readonly<Record<number, string>> = {
  4: 'a system error',
  6: 'permission denied',
  7: 'access denied',
  9: 'the account information cannot be had',
  10: 'the user is not known',
  12: 'a new password is required, and the account has none',
  13: 'the account has expired',
};

const SYSTEM_ERROR = 4;
const PAM_TTY = 3;
const PAM_RHOST = 4;
const TIMEOUT_MS = 3000;

/** `refusal`: PAM's reason, null: access is granted; `unasked`: why PAM did not answer. */
export type PamAnswer = { readonly refusal: string | null } | { readonly unasked: string };

type Handle = unknown;

/**
 * Runs the account step of the service `sshd` for a user who connects from this machine, as sshd does after the key.
 * Needs root. Messages of modules are discarded.
 */
export async function askPamAccount(name: string): Promise<PamAnswer> {
  const pam = openLibrary('libpam.so.0');
  if (pam === null) return { unasked: 'this node has no libpam' };
  const start = pam.func('int pam_start(const char *, const char *, const void *, _Out_ void **)');
  const setItem = pam.func('int pam_set_item(void *, int, const char *)');
  const manage = pam.func('int pam_acct_mgmt(void *, int)');
  const end = pam.func('int pam_end(void *, int)');
  const handle: [Handle] = [null];
  // struct pam_conv: a null function, a null argument.
  const conversation = Buffer.alloc(16);
  const started = Number(start('sshd', name, conversation, handle));
  if (started !== 0) return { unasked: `PAM does not start (${started})` };
  setItem(handle[0], PAM_RHOST, '127.0.0.1');
  setItem(handle[0], PAM_TTY, 'ssh');
  const asked = new Promise<number>((resolve) => {
    // On another thread, since a module may ask a server that does not answer.
    manage.async(handle[0], 0, (error: unknown, status: number) =>
      resolve(error === null ? status : SYSTEM_ERROR),
    );
  });
  const late = new Promise<null>((resolve) => void setTimeout(() => resolve(null), TIMEOUT_MS).unref());
  const answer = await Promise.race([asked, late]);
  if (answer === null) return { unasked: `PAM does not answer within ${TIMEOUT_MS / 1000} s` };
  end(handle[0], answer);
  return { refusal: answer === 0 ? null : (MEANINGS[answer] ?? `PAM answers ${answer}`) };
}
