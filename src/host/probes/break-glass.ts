// Local accounts that can still log in if no managed account can.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { findShellFault } from './shell-probe.ts';

export interface BreakGlassAccount {
  readonly name: string;
  /** Why it cannot log in; null: it can. */
  readonly fault: string | null;
}

/** Their members may become root by sudo(8) as distributions configure it. */
const PRIVILEGED_GROUPS = new Set(['sudo', 'admin', 'wheel']);
const DAY = 86_400;

/**
 * Unmanaged members of a sudo group, then root: a login to a personal account shows who it was.
 * @param managed names that the ledger binds.
 * @param sshd `sshd -T` for root: whether root may log in.
 */
export function findBreakGlass(
  root: string,
  managed: ReadonlySet<string>,
  sshd: ReadonlyMap<string, readonly string[]> | null,
  now: number,
): BreakGlassAccount[] {
  const read = (file: string): string[][] =>
    existsSync(path.join(root, file))
      ? readFileSync(path.join(root, file), 'latin1')
          .split('\n')
          .map((line) => line.split(':'))
      : [];
  const shadow = new Map(read('etc/shadow').map((fields) => [fields[0] ?? '', fields]));
  const members = new Set(
    read('etc/group')
      .filter(([name = '']) => PRIVILEGED_GROUPS.has(name))
      .flatMap((fields) => (fields[3] ?? '').split(',')),
  );
  return read('etc/passwd')
    .filter(([name = '', , uid]) => name !== '' && (uid === '0' || (members.has(name) && !managed.has(name))))
    .map(([name = '', , uid, , , home = '', shell = '']) => ({
      name,
      fault: findFault({ root, name, uid, home, shell, shadow: shadow.get(name), sshd, now }),
    }))
    .reverse();
}

function findFault(account: {
  root: string;
  name: string;
  uid: string | undefined;
  home: string;
  shell: string;
  shadow: readonly string[] | undefined;
  sshd: ReadonlyMap<string, readonly string[]> | null;
  now: number;
}): string | null {
  const { root, name, uid, home, shell, shadow, sshd, now } = account;
  if (/(?:nologin|false)$/.test(shell)) return `its shell is ${shell}`;
  const shellFault = findShellFault(root, shell);
  if (shellFault !== null) return `its shell ${shell} ${shellFault}`;
  const expiry = Number(shadow?.[7] ?? '');
  if (expiry > 0 && expiry * DAY <= now) return 'the account has expired';
  const permit = uid === '0' ? (sshd?.get('permitrootlogin')?.[0] ?? 'prohibit-password') : 'yes';
  if (permit === 'no') return 'sshd refuses root (PermitRootLogin no)';
  const allowed = sshd?.get('allowusers') ?? [];
  if (allowed.length > 0 && !allowed.includes(name)) return `AllowUsers of sshd does not name ${name}`;
  const hasKey = ['.ssh/authorized_keys', '.ssh/authorized_keys2'].some((file) => {
    const found = statSync(path.join(root, home, file), { throwIfNoEntry: false });
    return found !== undefined && found.size > 0;
  });
  const hasPassword = /^[$_./A-Za-z0-9]/.test(shadow?.[1] ?? '') && (shadow?.[1] ?? '').length > 2;
  const acceptsPasswords = sshd?.get('passwordauthentication')?.[0] === 'yes' && permit === 'yes';
  return hasKey || (hasPassword && acceptsPasswords)
    ? null
    : 'it has neither a key nor a password that sshd takes';
}
