// Generated account files, judged by the real glibc in a mount namespace: what it resolves is in use, and nothing else resolves.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAccountLines } from '../../../src/host/accounts/read-lines.ts';
import { readLocalAccounts, readLocalTexts } from '../../../src/host/accounts/local-accounts.ts';
import { findInUse, listOddAccounts, listOddGroups, type Managed } from '../../../src/plan/account-lines.ts';
import { makeRng, type Rng } from '../../faults/rng.ts';
import { hasRoot } from '../../support/requirements.ts';
import { propertyRuns } from '../../support/property-runs.ts';

const isRoot = hasRoot(import.meta.filename);

const CASES = propertyRuns(100, 10_000);
const NAMES = ['dave', 'ops', 'bob', 'alice', 'Dave', 'x-y', 'zed'];
const IDS = ['0', '1201', '10001', '10009', '4294967295', '100'];
/** No id on earth, and what strtoul(3) makes an id of. */
const ODD_IDS = [
  '',
  ' 10001',
  '+10009',
  '-1',
  '010001',
  '99999999999',
  '0x10',
  '10001x',
  '10009 ',
  '\t1201',
  'x',
];
const MANAGED: Managed = {
  accounts: new Map(),
  groups: new Map(),
  unbound: new Map(),
  published: new Set(),
};

/** What of passwd and group is answered to a question by name and by id; and the groups of a name. */
interface Answers {
  readonly uids: ReadonlyMap<string, number>;
  /** By id(1). */
  readonly byId: ReadonlyMap<string, number>;
  readonly askedUids: ReadonlySet<number>;
  readonly gids: ReadonlyMap<string, number>;
  readonly askedGids: ReadonlySet<number>;
  /** Names that a group lists. */
  readonly listed: ReadonlySet<string>;
  /** Members without an account, by grpck(8). */
  readonly ghosts: ReadonlySet<string>;
}

function makeLine(rng: Rng, rest: (rng: Rng) => string[]): string {
  const id = rng.chance(0.75) ? rng.pick(IDS) : rng.pick(ODD_IDS);
  const fields = [rng.pick(NAMES), 'x', id, ...rest(rng)];
  const prefix = rng.chance(0.7) ? '' : rng.pick([' ', '\t', '\v', '\r', '#', ' #', '+', '-', '+@', '  ']);
  const tail = rng.chance(0.85) ? '' : rng.pick(['\r', '\0', '\0:more', ' ', ':', ':more:more', '\xe9']);
  const whole = fields.slice(0, rng.chance(0.8) ? fields.length : 1 + rng.below(fields.length));
  return `${prefix}${whole.join(':')}${tail}`;
}

function makeText(rng: Rng, line: () => string): string {
  const lines = Array.from({ length: rng.below(6) }, () =>
    rng.chance(0.1) ? rng.pick(['', '  ', '#', ':', 'x', '+', '::::']) : line(),
  );
  return lines.join('\n') + (rng.chance(0.85) ? '\n' : '');
}

const makePasswd = (rng: Rng): string =>
  makeText(rng, () =>
    makeLine(rng, () => [
      rng.chance(0.8) ? rng.pick(IDS) : rng.pick(ODD_IDS),
      rng.pick(['', 'Some One', 'caf\xe9']),
      '/home/x',
      '/bin/sh',
      ...(rng.chance(0.1) ? ['eighth'] : []),
    ]),
  );

const makeMembers = (rng: Rng): string =>
  rng
    .some(NAMES, 4)
    .map((name) => (rng.chance(0.85) ? name : rng.pick([` ${name}`, `${name} `, '', `${name}:`])))
    .join(',');

const makeGroup = (rng: Rng): string => makeText(rng, () => makeLine(rng, () => [makeMembers(rng)]));

const makeShadow = (rng: Rng): string => makeText(rng, () => `${rng.pick(NAMES)}:*:20000:0:99999:7:::`);

const makeGshadow = (rng: Rng): string =>
  makeText(rng, () => `${rng.pick(NAMES)}:!:${makeMembers(rng)}:${makeMembers(rng)}`);

/**
 * Runs in a mount namespace: the files of each case become /etc/passwd and /etc/group, and glibc is asked by perl
 * (getent(1) cannot print what it found where a field has a colon), as in a login by id(1); the lists are judged by grpck(8).
 * Perl joins the members by blanks: a member that has one itself is made with \xe9 after it alone.
 */
const ASK = `
set -u
for file in passwd group shadow gshadow nsswitch.conf; do : >"$1/$file"; mount --bind "$1/$file" "/etc/$file"; done
printf 'passwd: files\ngroup: files\n' >/etc/nsswitch.conf
exec perl -e '
  $ENV{LC_ALL} = "C";
  for my $case (glob("$ARGV[0]/cases/*")) {
    for my $file (qw(passwd group shadow gshadow)) {
      open(my $from, "<:raw", "$case/etc/$file"); open(my $to, ">:raw", "/etc/$file");
      print $to do { local $/; <$from> };
    }
    open(my $answers, ">:raw", "$case/answers");
    for (qw(${NAMES.join(' ')})) {
      my @account = getpwnam($_); print $answers "account $_ $account[2]\n" if @account;
      my @group = getgrnam($_); print $answers "group $_ $group[2]\n" if @group;
    }
    for (qw(${IDS.join(' ')})) {
      my @account = getpwuid($_); print $answers "uid $_ $account[0]\n" if @account;
      my @group = getgrgid($_); print $answers "gid $_ $group[0]\n" if @group;
      print $answers map { "listed " . (tr/ /_/r) . " $group[2]\n" } split / (?!\\xe9)/, $group[3] if @group;
    }
    print $answers "id dave ", qx(id -u -- dave 2>/dev/null), "\n";
    print $answers map { "grpck $_" } qx(grpck -r 2>&1);
  }
' "$1"
`;

const files = ['passwd', 'group', 'shadow', 'gshadow'] as const;
type Texts = Record<(typeof files)[number], string>;

let work: string;
let cases: { readonly directory: string; readonly answers: Answers }[];

/** Found in one of some thousand roots: a last line that begins with blanks, has no line end and so is read with a tail. */
const SEEN: readonly Partial<Texts>[] = [
  { passwd: '\tzed:x:0:', group: '  alice:x:10001' },
  { passwd: ' dave:x:1201:100', group: ' dave:x:4294967295\0\n' },
];

function writeCase(directory: string, texts: Texts): void {
  mkdirSync(path.join(directory, 'etc'), { recursive: true });
  for (const file of files) {
    writeFileSync(path.join(directory, 'etc', file), texts[file], 'latin1');
  }
}

function readAnswers(directory: string): Answers {
  const lines = readFileSync(path.join(directory, 'answers'), 'latin1').split('\n');
  const answers = lines.map((line) => line.split(' '));
  const about = (what: string) => answers.filter(([kind]) => kind === what);
  const byName = (what: string) => new Map(about(what).map(([, name = '', id]) => [name, Number(id)]));
  return {
    uids: byName('account'),
    byId: new Map([...byName('id')].filter(([, uid]) => uid > 0)),
    askedUids: new Set(about('uid').map(([, id]) => Number(id))),
    gids: byName('group'),
    askedGids: new Set(about('gid').map(([, id]) => Number(id))),
    listed: new Set(about('listed').flatMap(([, name = '']) => (NAMES.includes(name) ? [name] : []))),
    ghosts: new Set(
      lines.flatMap((line) => {
        // Of a line with a NUL or too large a number grpck prints the middle.
        const name = /: no user '?([^'\s]+)'?$/.exec(line)?.[1] ?? '';
        return NAMES.includes(name) ? [name] : [];
      }),
    ),
  };
}

beforeAll(() => {
  work = mkdtempSync(path.join(tmpdir(), 'glibc-agrees-'));
  const rng = makeRng(Number(process.env['SEED'] ?? 18));
  const directories = Array.from({ length: CASES }, (_, n) => path.join(work, 'cases', String(n)));
  for (const [n, directory] of directories.entries())
    writeCase(directory, {
      passwd: makePasswd(rng),
      group: makeGroup(rng),
      shadow: makeShadow(rng),
      gshadow: makeGshadow(rng),
      ...SEEN[n],
    });
  execFileSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', ASK, 'sh', work], {
    stdio: 'pipe',
  });
  cases = directories.map((directory) => ({ directory, answers: readAnswers(directory) }));
}, 7_200_000);

afterAll(() => rmSync(work, { recursive: true }), 600_000);

const readLines = (root: string) => readAccountLines(root, readLocalTexts(root));
type Read = typeof readLines;

/** Where a reader of account files and glibc are of two minds, a line each. */
function compareWith(read: Read): string[] {
  return cases.flatMap(({ directory, answers }) => {
    const lines = read(directory);
    const inUse = findInUse(lines, MANAGED);
    const said: string[] = [];
    const first = <T extends { readonly name: string }>(list: readonly T[]) =>
      new Map(list.toReversed().map((item) => [item.name, item]));
    const accounts = first(listOddAccounts(lines, MANAGED));
    const groups = first(listOddGroups(lines, MANAGED));
    const demand = (isTrue: boolean, what: string): void => {
      if (!isTrue) said.push(`${path.basename(directory)}: ${what}`);
    };
    for (const [name, uid] of answers.uids) {
      demand(inUse.names.has(name), `${name} resolves and is not in use`);
      demand(inUse.uids.has(uid), `uid ${uid} of ${name} resolves and is not in use`);
    }
    demand(
      [...answers.byId].every(([name, uid]) => accounts.get(name)?.uid === uid),
      'id(1) differs',
    );
    for (const uid of answers.askedUids) demand(inUse.uids.has(uid), `uid ${uid} resolves and is not in use`);
    for (const [name, gid] of answers.gids) {
      demand(inUse.groups.has(name), `group ${name} resolves and is not in use`);
      demand(inUse.gids.has(gid), `gid ${gid} of ${name} resolves and is not in use`);
    }
    for (const gid of answers.askedGids) demand(inUse.gids.has(gid), `gid ${gid} resolves and is not in use`);
    for (const name of answers.listed) demand(inUse.names.has(name), `${name} is listed and is not in use`);
    for (const name of answers.ghosts) demand(inUse.names.has(name), `${name} is a ghost and is not in use`);
    // What is said to resolve is what getpwnam and getgrnam answer, no more and no less.
    for (const name of NAMES) {
      for (const [what, found, theirs] of [
        ['account', accounts.get(name)?.uid, answers.uids.get(name)],
        ['group', groups.get(name)?.gid, answers.gids.get(name)],
      ] as const) {
        // What more than 32 bits are depends on glibc's version.
        demand(found === theirs || theirs === 4_294_967_295, `${what} ${name}: ${found}, to glibc ${theirs}`);
      }
    }
    return said;
  });
}

describe.runIf(isRoot)('glibc', () => {
  test(`resolves nothing that is not in use, and what we say that it resolves, in ${CASES} generated roots`, () => {
    expect(compareWith(readLines).slice(0, 10)).toEqual([]);
    // The generator reaches what it is there for.
    const all = cases.map(({ answers }) => answers);
    expect(all.some(({ uids }) => uids.size > 2)).toBe(true);
    expect(all.filter(({ ghosts }) => ghosts.size > 0).length).toBeGreaterThan(CASES / 10);
    expect(all.filter(({ listed }) => listed.size > 0).length).toBeGreaterThan(CASES / 10);
  });

  test('and parsers that read less than glibc are found out', () => {
    const strict: Read = (root) => {
      const { accounts, groups } = readLocalAccounts(root);
      return {
        ...readLines(root),
        passwd: [...accounts.values()].map(({ entry: { name, uid, gid } }) => ({
          name,
          id: uid,
          gid,
          location: '',
          resolves: true,
        })),
        group: [...groups.values()].map(({ name, gid, members }) => ({
          name,
          id: gid,
          members,
          location: '',
          resolves: true,
        })),
      };
    };
    expect(compareWith(strict)).not.toEqual([]);
    expect(compareWith((root) => ({ ...readLines(root), listed: [] }))).not.toEqual([]);
    const without =
      (isLeftOut: (line: { resolves: boolean; name: string }) => boolean): Read =>
      (root) => {
        const lines = readLines(root);
        return { ...lines, passwd: lines.passwd.filter((line) => !isLeftOut(line)) };
      };
    const seen = new Set<string>();
    expect(compareWith(without(({ name }) => seen.has(name) || (seen.add(name), false)))).not.toEqual([]);
    expect(
      compareWith((root) => {
        const lines = readLines(root);
        return { ...lines, passwd: lines.passwd.map((line) => ({ ...line, resolves: true })) };
      }),
    ).not.toEqual([]);
  });
});
