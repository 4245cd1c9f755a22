// Local accounts that can still log in if no managed account can.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { matchesPattern } from '../sshd/sshd-findings.ts';
import { findShellFault } from './shell-probe.ts';

export interface BreakGlassAccount {
  readonly name: string;
  /** Why it cannot log in; null: it can. */
  readonly fault: string | null;
  /** Whether it has a key of its own, so that someone counts on it. */
  readonly hasKey: boolean;
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
  const groups = read('etc/group');
  const groupsOf = (name: string): string[] =>
    groups.filter((fields) => (fields[3] ?? '').split(',').includes(name)).map(([group = '']) => group);
  const members = new Set(
    groups
      .filter(([name = '']) => PRIVILEGED_GROUPS.has(name))
      .flatMap((fields) => (fields[3] ?? '').split(',')),
  );
  return read('etc/passwd')
    .filter(([name = '', , uid]) => name !== '' && (uid === '0' || (members.has(name) && !managed.has(name))))
    .map(([name = '', , uid, , , home = '', shell = '']) => {
      const hasKey = findKeyFile(root, home) !== null;
      const account = {
        root,
        name,
        uid,
        home,
        shell,
        shadow: shadow.get(name),
        groups: groupsOf(name),
        sshd,
        now,
      };
      return { name, hasKey, fault: findFault(account) };
    })
    .reverse();
}

interface Account {
  readonly root: string;
  readonly name: string;
  readonly uid: string | undefined;
  readonly home: string;
  readonly shell: string;
  readonly shadow: readonly string[] | undefined;
  /** Supplementary ones. */
  readonly groups: readonly string[];
  readonly sshd: ReadonlyMap<string, readonly string[]> | null;
  readonly now: number;
}

function findFault(account: Account): string | null {
  const { root, shell, shadow, now } = account;
  if (/(?:nologin|false)$/.test(shell)) return `its shell is ${shell}`;
  const shellFault = findShellFault(root, shell);
  if (shellFault !== null) return `its shell ${shell} ${shellFault}`;
  const expiry = Number(shadow?.[7] ?? '');
  if (expiry > 0 && expiry * DAY <= now) return 'the account has expired';
  return findRefusal(account) ?? findMissingKey(account);
}

/** A list of sshd that leaves it out. */
function findRefusal({ name, uid, groups, sshd }: Account): string | null {
  if (uid === '0' && sshd?.get('permitrootlogin')?.[0] === 'no')
    return 'sshd refuses root (PermitRootLogin no)';
  const list = (keyword: string): readonly string[] => sshd?.get(keyword) ?? [];
  const names = (keyword: string): boolean =>
    list(keyword).some((pattern) => matchesPattern(pattern.split('@')[0] ?? '', name));
  if (list('denyusers').some((pattern) => !pattern.includes('@') && matchesPattern(pattern, name)))
    return `DenyUsers of sshd names ${name}`;
  if (list('allowusers').length > 0 && !names('allowusers'))
    return `AllowUsers of sshd does not name ${name}`;
  const own = uid === '0' ? ['root', ...groups] : groups;
  const allowed = list('allowgroups');
  // The primary group of another than root is not known by name here, and often has the name of its user.
  const isAllowed = [...own, name].some((group) => allowed.some((pattern) => matchesPattern(pattern, group)));
  return allowed.length > 0 && !isAllowed ? `AllowGroups of sshd lists no group of ${name}` : null;
}

function findMissingKey({ root, uid, home, shadow, sshd }: Account): string | null {
  const key = findKeyFile(root, home);
  const isStrict = sshd?.get('strictmodes')?.[0] !== 'no';
  const unsafe = key === null || !isStrict ? null : findWritable(root, home, key, Number(uid));
  if (unsafe !== null)
    return `sshd does not read its key file, since others own or may write ${unsafe} (StrictModes)`;
  const permit = uid === '0' ? (sshd?.get('permitrootlogin')?.[0] ?? 'prohibit-password') : 'yes';
  const hasPassword = /^[$_./A-Za-z0-9]/.test(shadow?.[1] ?? '') && (shadow?.[1] ?? '').length > 2;
  const acceptsPasswords = sshd?.get('passwordauthentication')?.[0] === 'yes' && permit === 'yes';
  return key !== null || (hasPassword && acceptsPasswords)
    ? null
    : 'it has neither a key nor a password that sshd takes';
}

function findKeyFile(root: string, home: string): string | null {
  const found = ['.ssh/authorized_keys', '.ssh/authorized_keys2'].find((file) => {
    const stat = statSync(path.join(root, home, file), { throwIfNoEntry: false });
    return stat !== undefined && stat.size > 0;
  });
  return found ?? null;
}

/** As sshd(8) judges the file, its directory and the home. */
function findWritable(root: string, home: string, file: string, uid: number): string | null {
  const steps = [file, path.dirname(file), '.'].map((step) => path.join(home, step));
  return (
    steps.find((step) => {
      const stat = statSync(path.join(root, step), { throwIfNoEntry: false });
      return stat === undefined || (stat.uid !== 0 && stat.uid !== uid) || (stat.mode & 0o022) !== 0;
    }) ?? null
  );
}
