// What Slurm should print once the rules are in force: written a second time, in the simplest way, to compare with.
import { compare } from '../../../src/common/text/compare.ts';
import {
  FOREIGN_ACCOUNTS,
  FOREIGN_PEOPLE,
  type GeneratedRule,
  type GeneratedState,
  LIMITS,
} from './generated-site.ts';

/** As `list assoc wopl` prints it, by column. */
export type Printed = Readonly<Record<string, string>>;

/** The limits of the generated rules, as columns of `list assoc`. */
const COLUMN_OF: Readonly<Record<string, string>> = {
  GrpJobs: 'grpjobs',
  MaxJobs: 'maxjobs',
  MaxSubmitJobs: 'maxsubmitjobs',
  GrpTRES: 'grptres',
  MaxTRESPerJob: 'maxtres',
  GrpTRESMins: 'grptresmins',
  MaxWallDurationPerJob: 'maxwall',
  GrpWall: 'grpwall',
};
export const COLUMNS = 'id account user partition parentname share qos defaultqos'
  .split(' ')
  .concat(Object.values(COLUMN_OF));

const NAME = /^[a-z0-9][a-z0-9_.-]{0,39}$/;
const FRESH: Printed = { parentname: 'root', share: '1', qos: '', defaultqos: '' };

/** Managed accounts as they should be printed; kept from one state to the next, since no rule takes away what it does not name. */
export type Accounts = Map<string, Printed>;

/** Which rule decides each account, and who is in it. */
interface Wanted {
  readonly rule: GeneratedRule;
  readonly members: Set<string>;
}

/** Gives each rule a parent that there is; what is left of circles is among accounts that there are. */
export function repairParents(state: GeneratedState, known: Accounts): void {
  for (;;) {
    const wanted = listWanted(state);
    const circles = listCircles(wanted, known);
    const missing = [...wanted].find(([name, { rule }]) => {
      if (circles.has(name) && !known.has(name)) return true;
      return (
        rule.parent !== 'root' &&
        !known.has(rule.parent) &&
        !wanted.has(rule.parent) &&
        rule.parent !== 'legacy'
      );
    });
    if (missing === undefined) return;
    missing[1].rule.parent = 'root';
  }
}

/** @param known brought to what the rules say. @returns of each person who may have any, the accounts, and the rule's default. */
export function expectRows(
  state: GeneratedState,
  known: Accounts,
): Map<string, { readonly accounts: readonly string[]; readonly byRule: string | null }> {
  const wanted = listWanted(state);
  const circles = listCircles(wanted, known);
  const sound = [...wanted].filter(([name]) => !circles.has(name));
  for (const [name, { rule }] of sound) known.set(name, printRule(rule, known.get(name) ?? FRESH));
  const { people, users } = state.company;
  const found = new Map<string, { accounts: string[]; byRule: string | null }>();
  for (const { name, active } of people) {
    const hasAccess = active === true && users.includes(name) && !FOREIGN_PEOPLE.has(name);
    const accounts = [...wanted].flatMap(([account, { members }]) =>
      hasAccess && members.has(name) && known.has(account) ? [account] : [],
    );
    found.set(name, { accounts: accounts.sort(compare), byRule: findDefault(state, name) });
  }
  return found;
}

function listGroups({ company }: GeneratedState): { name: string; members: readonly string[] }[] {
  const groups = [
    { name: 'slurm-users', members: company.users },
    { name: 'slurm-admins', members: company.admins },
    ...(company.groups ?? []),
  ];
  return groups.sort((a, b) => compare(a.name, b.name));
}

function* listMatches(
  state: GeneratedState,
): Generator<[name: string, rule: GeneratedRule, members: readonly string[]]> {
  for (const rule of state.rules)
    for (const { name, members } of listGroups(state)) {
      const isNamed =
        rule.group === '*' || (rule.group === 'team*' ? name.startsWith('team') : name === rule.group);
      const account = rule.account ?? name;
      if (isNamed && NAME.test(account) && account !== 'root') yield [account, rule, members];
    }
}

function listWanted(state: GeneratedState): Map<string, Wanted> {
  const found = new Map<string, Wanted>();
  for (const [account, rule, members] of listMatches(state)) {
    if (FOREIGN_ACCOUNTS.has(account)) continue;
    const one = found.get(account) ?? { rule, members: new Set() };
    for (const member of members) one.members.add(member);
    found.set(account, one);
  }
  return found;
}

function findDefault(state: GeneratedState, person: string): string | null {
  for (const [account, rule, members] of listMatches(state))
    if (rule.default && members.includes(person)) return account;
  return null;
}

/** Accounts that no rule names any more keep their parent, and so do those of circles, which can make further ones. */
function listCircles(wanted: ReadonlyMap<string, Wanted>, known: Accounts): Set<string> {
  const found = new Set<string>();
  const parentOf = (one: string): string | undefined =>
    (found.has(one) ? undefined : wanted.get(one)?.rule.parent) ?? known.get(one)?.['parentname'];
  const isAbove = (name: string, one: string | undefined, left: number): boolean =>
    one !== undefined && left > 0 && (one === name || isAbove(name, parentOf(one), left - 1));
  for (let before = -1; before < found.size;) {
    before = found.size;
    const more = [...wanted.keys()].filter((name) => !found.has(name) && isAbove(name, parentOf(name), 100));
    for (const name of more) found.add(name);
  }
  return found;
}

function printRule(
  { parent, qos, default_qos: defaultQos, fairshare, limits }: GeneratedRule,
  before: Printed,
): Printed {
  const printed = Object.entries(limits).map(([limit, value]) => [
    COLUMN_OF[limit] ?? '',
    LIMITS[limit]?.find(([rule]) => rule === value)?.[1] ?? '',
  ]);
  return {
    ...before,
    parentname: parent,
    ...(qos === null ? {} : { qos: qos.join() }),
    ...(defaultQos === null ? {} : { defaultqos: defaultQos }),
    ...(fairshare === null ? {} : { share: String(fairshare) }),
    ...(Object.fromEntries(printed) as Record<string, string>),
  };
}
