// Sudoers files from a seed: every rule has a command of its own number, so that `sudo -l` tells which one grants.
import type { Rng } from '../../faults/rng.ts';

/** An account that has one name, uid, group or gid of those that the files speak of. */
export interface Subject {
  readonly account: string;
  readonly what: 'name' | 'uid' | 'group' | 'gid';
  readonly uid: number;
  readonly group: string | null;
  readonly gid: number | null;
}

const NAMES = ['dave', 'bob', 'carl', 'ops'];
const GROUPS = ['admins', 'linux-admins'];
const UIDS = [20_100];
const GIDS = [30_100];

export const SUBJECTS: readonly Subject[] = [
  ...NAMES.map((account, n) => ({ account, what: 'name' as const, uid: 8100 + n, group: null, gid: null })),
  ...UIDS.map((uid, n) => ({ account: `has-uid${n}`, what: 'uid' as const, uid, group: null, gid: null })),
  ...GROUPS.map((group, n) => ({
    account: `of-group${n}`,
    what: 'group' as const,
    uid: 8200 + n,
    group,
    gid: 8300 + n,
  })),
  ...GIDS.map((gid, n) => ({
    account: `of-gid${n}`,
    what: 'gid' as const,
    uid: 8400 + n,
    group: `plain${n}`,
    gid,
  })),
];

export interface MadeFile {
  /** Below the root. */
  readonly name: string;
  readonly text: string;
  /** First line of each entry. */
  readonly starts: readonly number[];
  /** Of these, entries whose hosts only the network, or a name server, can tell. */
  readonly open: readonly number[];
}

const ALIASES = ['OPS', 'BOTH', 'A1', 'SELF'];
const HOST_ALIASES = ['HERE', 'THERE', 'NET'];

function spell(rng: Rng, name: string): string {
  switch (rng.below(10)) {
    case 0:
      return name.toUpperCase() === name ? name : `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`;
    case 1:
      return name.toUpperCase();
    case 2:
      return `"${name}"`;
    case 3:
      return `\\x${name.charCodeAt(0).toString(16)}${name.slice(1)}`;
    case 4:
      return `${name.slice(0, 1)}\\${name.slice(1)}`;
    default:
      return name;
  }
}

function makeUser(rng: Rng): string {
  const group = (name: string): string =>
    rng.chance(0.2) ? `"%${name}"` : `%${rng.chance(0.3) ? name.toUpperCase() : name}`;
  const kinds: readonly (() => string)[] = [
    () => spell(rng, rng.pick(NAMES)),
    () => spell(rng, rng.pick(NAMES)),
    () => group(rng.pick(GROUPS)),
    () => rng.pick(ALIASES),
    () => `${rng.pick(['#', '#0', '\\#'])}${rng.pick(UIDS)}`,
    () => `%#${rng.pick(GIDS)}`,
    () =>
      rng.pick([
        'ALL',
        'ALL',
        '+net',
        '%:plugged',
        'root',
        'UNKNOWN',
        '"ALL"',
        '"OPS"',
        '"#20100"',
        rng.pick(['10.1.2.3', '%', '""']),
      ]),
  ];
  return `${rng.pick(['', '', '', '', '', '', '!', '!!', '!!!'])}${rng.pick(kinds)()}`;
}

function makeHost(rng: Rng): string {
  const host = rng.pick([
    ...Array.from({ length: 12 }, () => 'ALL'),
    'login1',
    'login1',
    'LOGIN1',
    'login1.example.com',
    'login2',
    'login2.example.com',
    'login?',
    'l*1',
    ...HOST_ALIASES,
    '10.0.0.0/8',
    '192.0.2.1',
    'fe80::1',
  ]);
  return `${rng.pick(['', '', '', '', '', '!'])}${host}`;
}

const makeList = (rng: Rng, make: (rng: Rng) => string): string => {
  const members = Array.from({ length: 1 + (rng.chance(0.4) ? 1 + rng.below(3) : 0) }, () => make(rng));
  return members.join(rng.pick([',', ', ', ' , ', ', \\\n', ',\\\n\t', ' \\ \n ,']));
};

/** With names of others in it, which it does not give power. */
function makeCommand(rng: Rng, number: number): string {
  const runas = rng.pick([
    '',
    '',
    '(root) ',
    '(bob) ',
    '(ALL:ALL) ',
    '(bob, dave : admins) ',
    '(:wide)',
    '(%wide)',
  ]);
  const tag = rng.pick(['', '', 'NOPASSWD: ', 'NOPASSWD:SETENV : ', 'TIMEOUT=5 ', 'CWD=/tmp NOEXEC: ']);
  const args = rng.pick([
    '',
    '',
    '',
    ' bob\\, carl',
    ' ""',
    ' "dave # x',
    ' dave\\:bob',
    ' \\\n dave',
    ' -x\\=1',
    ' *',
  ]);
  return `${runas}${tag}${rng.pick(['', '', '', '!'])}/c/${number}${args}`;
}

function makeRule(rng: Rng, next: () => number): string {
  const privileges = Array.from({ length: rng.chance(0.8) ? 1 : 2 }, () => {
    const commands = Array.from({ length: rng.chance(0.8) ? 1 : 2 }, () => makeCommand(rng, next()));
    return `${makeList(rng, makeHost)}${rng.pick([' = ', '=', '= \\\n'])}${commands.join(', ')}`;
  });
  const comment = rng.pick(['', '', '', ' # for bob', ' # dave \\', '#x']);
  return `${rng.pick(['', '', '', ' ', '\t'])}${makeList(rng, makeUser)} ${privileges.join(' : ')}${comment}`;
}

function makeBad(rng: Rng, next: () => number): string {
  return rng.pick([
    `bob carl ALL=/c/${next()}`,
    `= ALL`,
    `dave = /c/${next()}`,
    `"open ALL=/c/${next()}`,
    `dave, ALL=/c/${next()}`,
    `bob ALL /c/${next()}`,
    'dave',
    'User_Alias ops = bob',
    `! !bob ALL=/c/${next()}`,
    `carl ALL=(bob /c/${next()}`,
    `carl ALL=x/c/${next()}`,
    `/bob ALL=/c/${next()}`,
    'Defaults',
    '@include',
  ]);
}

function makeEntry(rng: Rng, next: () => number, includes: readonly string[]): string {
  const kinds: readonly (() => string)[] = [
    () => makeRule(rng, next),
    () => makeRule(rng, next),
    () => makeRule(rng, next),
    () => makeRule(rng, next),
    () => `User_Alias ${rng.pick(ALIASES)} = ${makeList(rng, makeUser)}`,
    () =>
      `\tUser_Alias ${rng.pick(ALIASES)}=${makeList(rng, makeUser)} : ${rng.pick(ALIASES)} = ${makeList(rng, makeUser)}`,
    () =>
      `Host_Alias ${rng.pick(['HERE', 'THERE'])} = ${rng.pick(['login1', 'login2', '!login1', 'ALL', 'login?'])}`,
    () =>
      rng.pick([
        '# a comment about bob',
        '# dave \\',
        '#',
        '',
        '   ',
        '#include',
        ' #include /etc/more/a',
        '#-x',
      ]),
    () =>
      rng.pick([
        'Defaults env_reset',
        'Defaults:dave !requiretty',
        'Defaults badpass_message="no # way, bob" \\\n',
        'Defaults !lecture, \\\n  passwd_tries=3',
        'Defaults@login1 !lecture # x',
      ]),
    () => (rng.chance(0.5) ? makeBad(rng, next) : 'Cmnd_Alias LS = /bin/ls, /bin/bob : DF = /bin/df'),
    () => (includes.length === 0 ? '' : rng.pick(includes)),
  ];
  return rng.pick(kinds)();
}

function makeFile(rng: Rng, name: string, next: () => number, includes: readonly string[]): MadeFile {
  const [starts, open]: [number[], number[]] = [[], []];
  let text = '';
  for (let entries = 2 + rng.below(8); entries > 0; entries -= 1) {
    const entry = makeEntry(rng, next, includes);
    const line = text.split('\n').length;
    starts.push(line);
    if (/\bNET\b|10\.0|192\.0|fe80|login1\.example/.test(entry)) open.push(line);
    text += `${entry}${entries === 1 && rng.chance(0.2) ? '' : rng.pick(['\n', '\n', '\n', '\r\n'])}`;
  }
  return { name, text, starts, open };
}

/** Seldom, and once: sudo follows it 128 times, and twice in a file would be for ever. */
function includeItself(rng: Rng, made: MadeFile): MadeFile {
  if (!rng.chance(0.05)) return made;
  const text = `${made.text}\n`;
  return { ...made, text: `${text}@include a\n`, starts: [...made.starts, text.split('\n').length] };
}

/** /etc/sudoers, and what it may include. */
export function makeSudoers(rng: Rng): MadeFile[] {
  let number = 0;
  const next = (): number => (number += 1);
  const includes = [
    '@include /etc/more/a',
    '@include more/a # with a comment',
    '#include more/a',
    '@include "/etc/more/two words"',
    '@include /etc/more/two\\ words',
    '@include /etc/more/by-%h',
    '@includedir /etc/sudoers.d # dave',
    '#includedir sudoers.d',
    '@include /etc/none',
    '@includedir /etc/none',
  ];
  const file = (name: string, more: readonly string[] = []): MadeFile => makeFile(rng, name, next, more);
  return [
    file('etc/sudoers', includes),
    includeItself(rng, file('etc/more/a', ['@include two\\ words', '@include ../sudoers.d/10-x'])),
    file('etc/more/two words'),
    file('etc/more/by-login1'),
    file('etc/sudoers.d/10-x'),
    file('etc/sudoers.d/20-y.bak'),
    file('etc/sudoers.d/30-z~'),
  ];
}
