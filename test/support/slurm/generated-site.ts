// Sites by chance, with names that read like sacctmgr's own words: rules, groups and people, and what others make meanwhile.
import type { Rng } from '../../faults/rng.ts';
import type { Company } from '../nodes/in-process-root.ts';

/** Of people: each is a Unix name, and most mean something in a command of sacctmgr. */
const PERSON_NAMES = [
  ...`set where account accounts cluster name names user partition parent qos defaultaccount adminlevel format delete
  withassoc wopl normal quit exit yes null a x- x_ p-1 p_1 n0 l${'o'.repeat(29)}g`.split(/\s+/),
  ...Array.from({ length: 30 }, (_, n) => `u${n}`),
];
export const PEOPLE = PERSON_NAMES.map((name, index) => ({ name, uid: 20_000 + index }));

/** As the store calls groups; some can be no account. */
const GROUP_NAMES = [
  ...'set where account quit normal all cluster 0 team-1 team.2 team_3 bio account=x taken root Upper'.split(
    ' ',
  ),
  'a,b',
  "a'b",
  'a b',
  'x|y',
  '-dash',
  'é',
  '$(id)',
  '../x',
  'x'.repeat(40),
  'y'.repeat(41),
];

/** What others made before: two accounts, and a person of the store whose user in Slurm is theirs. */
export const FOREIGN = (cluster: string): string => `
  sacctmgr -iQ add qos high >/dev/null
  sacctmgr -iQ add account name=legacy cluster=${cluster} GrpJobs=7 MaxJobs=3 qos=high,normal fairshare=9 >/dev/null
  sacctmgr -iQ add account name=taken cluster=${cluster} parent=legacy >/dev/null
  sacctmgr -iQ add account name='odd|name' cluster=${cluster} >/dev/null
  useradd -u 9001 -M zed
  sacctmgr -iQ add user name=zed,u0 account=legacy cluster=${cluster} MaxJobs=2 >/dev/null
  sacctmgr -iQ add user name=u0 account=taken partition=main cluster=${cluster} >/dev/null`;
/** People of the store with such a user. */
export const FOREIGN_PEOPLE: ReadonlySet<string> = new Set(['u0']);
export const FOREIGN_ACCOUNTS: ReadonlySet<string> = new Set(['root', 'legacy', 'taken']);

/** A limit as a rule has it, and as sacctmgr prints it. */
type Spelled = readonly [rule: string, printed: string];
export const LIMITS: Readonly<Record<string, readonly Spelled[]>> = {
  GrpJobs: [
    ['4', '4'],
    ['0', '0'],
    ['-1', ''],
  ],
  MaxJobs: [
    ['10', '10'],
    ['-1', ''],
  ],
  MaxSubmitJobs: [['100', '100']],
  GrpTRES: [
    ['node=1,cpu=2', 'cpu=2,node=1'],
    ['cpu=9', 'cpu=9'],
    ['mem=10G', 'mem=10G'],
    ['-1', ''],
  ],
  MaxTRESPerJob: [['cpu=3', 'cpu=3']],
  GrpTRESMins: [['cpu=1000', 'cpu=1000']],
  MaxWallDurationPerJob: [
    ['90', '01:30:00'],
    ['1-2', '1-02:00:00'],
  ],
  GrpWall: [['60', '01:00:00']],
};

export interface GeneratedRule {
  readonly group: string;
  readonly account: string | null;
  parent: string;
  readonly default: boolean;
  readonly qos: readonly string[] | null;
  readonly default_qos: string | null;
  readonly fairshare: number | null;
  /** By limit. */
  readonly limits: Readonly<Record<string, string>>;
}

export interface GeneratedState {
  readonly rules: readonly GeneratedRule[];
  readonly company: Company;
}

export function generateState(rng: Rng): GeneratedState {
  const names = PEOPLE.map(({ name }) => name);
  const groups = GROUP_NAMES.map((name) => ({ name, members: rng.some(names, rng.below(25)) }));
  return {
    rules: Array.from({ length: 1 + rng.below(8) }, () => generateRule(rng)),
    company: {
      people: PEOPLE.map((person) => ({ ...person, active: !rng.chance(0.15), keys: [] })),
      users: names.filter(() => !rng.chance(0.1)),
      admins: [],
      groups,
    },
  };
}

function generateRule(rng: Rng): GeneratedRule {
  const qos = rng.pick([null, ['normal'], ['high', 'normal']]);
  const limits = rng.some(Object.keys(LIMITS), 3);
  return {
    group: rng.pick(['*', 'team*', ...GROUP_NAMES]),
    account: rng.chance(0.3) ? rng.pick(['ml', 'bio', 'set', 'where', 'taken', 'normal']) : null,
    parent: rng.pick(['root', 'root', 'legacy', 'ml', 'bio', 'set', 'team-1']),
    default: rng.chance(0.4),
    qos,
    // Slurm refuses rules that take a default QOS out of the list of an account, or of one below it.
    default_qos: qos === null ? null : rng.pick([null, 'normal']),
    fairshare: rng.chance(0.5) ? rng.below(50) : null,
    limits: Object.fromEntries(limits.map((limit) => [limit, rng.pick(LIMITS[limit] ?? [])[0]])),
  };
}

/** Something that another administrator adds between two rounds; it may fail. */
export function generateForeign(rng: Rng, cluster: string): string {
  const person = rng.pick(PEOPLE).name;
  const account = rng.pick(['bio', 'set', 'team-1', 'ml', 'all']);
  return rng.pick([
    `sacctmgr -iQ add user name=${person} account=legacy cluster=${cluster} MaxJobs=1`,
    `sacctmgr -iQ add user name=${person} account=${account} partition=main cluster=${cluster} fairshare=3`,
    `sacctmgr -iQ add user name=zed account=${account} cluster=${cluster} MaxSubmitJobs=5`,
    `sacctmgr -iQ add account name=other${rng.below(9)} parent=${account} cluster=${cluster} GrpJobs=2`,
  ]);
}
