// The real `sudo -l -U` in a mount namespace, asked about generated sudoers(5), and where a reader of `src/` differs.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { readPrivilegedNames } from '../../src/host/sudo/privileged-names.ts';
import { type MadeFile, SUBJECTS } from './records/made-sudoers.ts';

export const HOSTNAME = 'login1';
/** No rule names this user: what sudo grants it, it grants everyone. */
const OTHER = 'other';

/**
 * Runs in a mount namespace of its own: each case becomes /etc/sudoers and what it includes, and sudo is asked for each
 * subject, who is an account with that name, uid or group alone. The fully qualified name comes from /etc/hosts.
 */
const ASK = `
set -eu
mkdir "$1/upper" "$1/work"
if [ -n "$3" ]; then
  mkdir "$1/root"
  mount -t overlay -o "lowerdir=$3,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
  mkdir "$1/root/asked"
  mount --bind "$1" "$1/root/asked"
  mount -t proc proc "$1/root/proc"
  [ -e "$1/root/dev/null" ] || mknod -m 666 "$1/root/dev/null" c 1 3
  exec chroot "$1/root" sh -c "$4" sh /asked "$2"
fi
mount -t overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" overlay /etc
exec sh -c "$4" sh "$1" "$2"
`;

/** The same in the root that has the sudo: \`$1\` is the directory, \`$2\` the accounts. */
const ASK_HERE = `
set -eu
hostname ${HOSTNAME}
printf '127.0.0.1 localhost\\n127.0.1.1 ${HOSTNAME}.example.com ${HOSTNAME}\\n' >/etc/hosts
printf 'passwd: files\\ngroup: files\\nshadow: files\\nhosts: files\\n' >/etc/nsswitch.conf
printf 'root:x:0:0::/root:/bin/sh\\n' >/etc/passwd
printf 'root:x:0:\\nshared:x:9999:\\n' >/etc/group
cat "$1/passwd" >>/etc/passwd
cat "$1/group" >>/etc/group
exec perl -e '
  my @users = split / /, shift; my $base = shift;
  for my $case (glob("$base/cases/*")) {
    system("rm -rf /etc/sudoers /etc/sudoers.d /etc/more && cp -r $case/etc/. /etc/ && chown -R 0:0 /etc/sudoers* /etc/more && chmod 440 /etc/sudoers") == 0 or die;
    open(my $answers, ">:raw", "$case/answers");
    for my $user (@users) {
      print $answers "user $user\\n", qx(sudo -l -U $user 2>&1), "\\n";
    }
  }
' "$2" "$1"
`;

export interface JudgedSudoers {
  /** With `etc/sudoers` and what it includes. */
  readonly directory: string;
  readonly files: readonly MadeFile[];
  /** Numbers of the commands that each subject may run, but not everyone. */
  readonly granted: ReadonlyMap<string, readonly number[]>;
  /** First lines of entries that sudo complained about. */
  readonly bad: ReadonlySet<string>;
  /** Whether sudo reports a problem with the files. */
  readonly hasProblem: boolean;
  /** Whether sudo refuses all of it, as where a file ends within an entry. */
  readonly isRefused: boolean;
}

/**
 * @param work an empty directory, which the caller removes. Needs root.
 * @param base the root directory of another system, whose sudo is asked instead of this machine's.
 */
export function judgeBySudo(
  work: string,
  made: readonly (readonly MadeFile[])[],
  base: string | null = null,
): JudgedSudoers[] {
  const directories = made.map((files, n) => {
    const directory = path.join(work, 'cases', String(n));
    for (const { name, text } of files) {
      mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
      writeFileSync(path.join(directory, name), text, 'latin1');
    }
    return directory;
  });
  const accounts = [{ account: OTHER, uid: 8000 }, ...SUBJECTS];
  writeFileSync(
    path.join(work, 'passwd'),
    accounts.map(({ account, uid }) => `${account}:x:${uid}:9999::/:/bin/sh\n`).join(''),
  );
  writeFileSync(
    path.join(work, 'group'),
    SUBJECTS.map(({ account, group, gid }) => (group === null ? '' : `${group}:x:${gid}:${account}\n`)).join(
      '',
    ),
  );
  const names = accounts.map(({ account }) => account).join(' ');
  const isolated = ['--mount', '--uts', '--net', '--propagation', 'private'];
  execFileSync('unshare', [...isolated, 'sh', '-c', ASK, 'sh', work, names, base ?? '', ASK_HERE], {
    stdio: 'pipe',
  });
  return directories.map((directory, n) => readCase(directory, made[n] ?? []));
}

function readCase(directory: string, files: readonly MadeFile[]): JudgedSudoers {
  const text = readFileSync(path.join(directory, 'answers'), 'latin1');
  const answers = new Map<string, string>();
  for (const part of text.split(/^user /m)) {
    const end = part.indexOf('\n');
    answers.set(part.slice(0, end), part.slice(end));
  }
  const commands = (user: string): number[] =>
    [...(answers.get(user) ?? '').matchAll(/\/c\/(\d+)/g)].map(([, number]) => Number(number));
  const everyone = new Set(commands(OTHER));
  const bad = new Set<string>();
  for (const [, file = '', line] of (answers.get(OTHER) ?? '').matchAll(
    /(\/etc\/[^:\n]+):(\d+)(?::\d+)?:/g,
  )) {
    const normal = path.normalize(file);
    const starts = files.find(({ name }) => `/${name}` === normal)?.starts ?? [];
    bad.add(`${normal}:${starts.findLast((start) => start <= Number(line)) ?? 0}`);
  }
  return {
    directory,
    files,
    bad,
    hasProblem: /^(?:sudo: |\/etc\/)/m.test(answers.get(OTHER) ?? ''),
    isRefused: text.includes('no valid sudoers sources'),
    granted: new Map(
      SUBJECTS.map(({ account }) => [account, commands(account).filter((number) => !everyone.has(number))]),
    ),
  };
}

export type ReadSudoers = (root: string) => ReturnType<typeof readPrivilegedNames>;

/** Where a reader and sudo are of two minds, with the files. */
export function findDisagreements(read: ReadSudoers, cases: readonly JudgedSudoers[]): string[] {
  return cases.flatMap(({ directory, files, granted, bad, isRefused }) => {
    const { names, groups, uids, gids } = read(directory);
    const texts = files.map(({ name, text }) => `--- ${name}\n${text}`).join('\n');
    return SUBJECTS.flatMap(({ account, what, uid, group, gid }) => {
      const location = {
        name: names.get(account),
        uid: uids.get(uid),
        group: groups.get(group ?? ''),
        gid: gids.get(gid ?? 0),
      }[what];
      const isGranted = (granted.get(account) ?? []).length > 0;
      if (isGranted && location === undefined) return [`${account} is root and is not reserved:\n${texts}`];
      if (isGranted || location === undefined || isRefused || bad.has(location)) return [];
      // Addresses are not resolved: their rules may be of this host.
      const isOpen = files.some(({ name, open }) => open.some((line) => `/${name}:${line}` === location));
      return isOpen ? [] : [`${account} has nothing and is reserved (${location}):\n${texts}`];
    });
  });
}
