// What the rules of sudoers(5) give to some and not to everyone: names, groups and ids, by the comparisons of sudo.
import { compileGlob } from '../../common/text/glob.ts';
import type { Location } from '../../policy/in-use.ts';
import type { SudoRule } from './parse-sudoers.ts';
import type { SudoMember } from './sudoers-members.ts';

/** All files together. */
export interface Sudoers {
  readonly rules: readonly SudoRule[];
  readonly userAliases: ReadonlyMap<string, readonly SudoMember[]>;
  readonly hostAliases: ReadonlyMap<string, readonly SudoMember[]>;
  /** Aliases that sudo may not know, since their line may be part of an entry before it: they are taken both ways. */
  readonly doubtfulAliases: ReadonlySet<string>;
  /** Whether names count with their case (`Defaults !case_insensitive_user`); else all are in small letters here. */
  readonly isCaseSensitive: { readonly user: boolean; readonly group: boolean };
}

/** Each with where it stands. */
export interface Privileged {
  readonly names: Map<string, Location>;
  readonly groups: Map<string, Location>;
  readonly uids: Map<number, Location>;
  readonly gids: Map<number, Location>;
  /** What can name users and is not resolved here: a netgroup, a group of a plugin. */
  readonly unchecked: { readonly what: string; readonly location: Location }[];
}

export const nothingPrivileged = (): Privileged => ({
  names: new Map(),
  groups: new Map(),
  uids: new Map(),
  gids: new Map(),
  unchecked: [],
});

/** One who has this name, group or id alone. */
interface Subject {
  readonly what: 'user' | 'group';
  readonly text: string;
}

/** @param hostname of this node, as uname(2) has it. */
export function findSudoGrants(sudoers: Sudoers, hostname: string): Privileged {
  const found = nothingPrivileged();
  for (const { users, hosts, location } of sudoers.rules) {
    if (!isOfHost(hosts, sudoers, hostname)) continue;
    const mentioned = listMentioned(users, sudoers);
    for (const { kind, text } of mentioned.members) {
      if (kind === 'netgroup') found.unchecked.push({ what: `the netgroup +${text}`, location });
      if (kind === 'group' && text.startsWith(':'))
        found.unchecked.push({ what: `the group %${text} of a plugin`, location });
    }
    // What everyone is given reserves no name.
    if (mentioned.hasAll && matchUsers(users, null, sudoers)) continue;
    for (const subject of mentioned.subjects.values())
      if (mentioned.isPlain || matchUsers(users, subject, sudoers)) addGrant(found, subject, location);
  }
  return found;
}

function addGrant(found: Privileged, { what, text }: Subject, location: Location): void {
  const id = /^#(\d+)$/.exec(text)?.[1];
  const isUser = what === 'user';
  if (id === undefined) addOnce(isUser ? found.names : found.groups, text, location);
  else addOnce(isUser ? found.uids : found.gids, Number(id), location);
}

/** The first location stays. */
export function addOnce<K>(map: Map<K, Location>, key: K, location: Location): void {
  if (!map.has(key)) map.set(key, location);
}

interface Mentioned {
  readonly members: SudoMember[];
  readonly subjects: Map<string, Subject>;
  /** Whether all of them are granted: no negation, no circle. */
  isPlain: boolean;
  hasAll: boolean;
}

/** Everything that a list of users names, aliases followed. */
function listMentioned(users: readonly SudoMember[], sudoers: Sudoers): Mentioned {
  const found: Mentioned = { members: [], subjects: new Map(), isPlain: true, hasAll: false };
  const followed = new Set<string>();
  let isCircular = false;
  const visit = (list: readonly SudoMember[], within: ReadonlySet<string>): void => {
    for (const member of list) {
      found.members.push(member);
      if (member.isNegated) found.isPlain = false;
      if (member.kind === 'all') found.hasAll = true;
      const alias = member.kind === 'alias' ? sudoers.userAliases.get(member.text) : undefined;
      if (alias === undefined) addSubject(found, member, sudoers);
      else if (within.has(member.text)) isCircular = true;
      else if (!followed.has(member.text)) {
        followed.add(member.text);
        visit(alias, new Set([...within, member.text]));
      }
    }
  };
  visit(users, new Set());
  if (isCircular) {
    // Within itself an alias is a name to sudo.
    found.isPlain = false;
    for (const text of followed) addSubject(found, { kind: 'name', text, isNegated: false }, sudoers);
  }
  return found;
}

function addSubject({ subjects }: Mentioned, { kind, text }: SudoMember, { isCaseSensitive }: Sudoers): void {
  if (kind === 'all' || kind === 'netgroup' || (kind === 'group' && text.startsWith(':'))) return;
  const what = kind === 'group' ? 'group' : 'user';
  const folded = fold(text, isCaseSensitive[what]);
  subjects.set(`${what} ${folded}`, { what, text: folded });
}

/** An id without leading zeros, a name in small letters unless its case counts. */
function fold(text: string, isCaseSensitive: boolean): string {
  const id = /^#0*(\d+)$/.exec(text)?.[1];
  return id === undefined ? (isCaseSensitive ? text : text.toLowerCase()) : `#${id}`;
}

type Verdict = boolean | null;

/**
 * As sudo judges a list: the last member that matches decides; null: none does. Each member of which `isMatch` cannot tell (null)
 * is taken both ways by itself, so that several verdicts are possible.
 */
function listVerdicts(
  list: readonly SudoMember[],
  aliases: ReadonlyMap<string, readonly SudoMember[]>,
  doubtful: ReadonlySet<string>,
  isMatch: (member: SudoMember) => boolean | null,
  within: ReadonlySet<string> = new Set(),
): ReadonlySet<Verdict> {
  const verdicts = new Set<Verdict>();
  for (const member of list.toReversed()) {
    const alias = member.kind === 'alias' && !within.has(member.text) ? aliases.get(member.text) : undefined;
    const own =
      alias === undefined
        ? verdictsOf(isMatch(member))
        : listVerdicts(alias, aliases, doubtful, isMatch, new Set([...within, member.text]));
    for (const verdict of own) if (verdict !== null) verdicts.add(member.isNegated ? !verdict : verdict);
    const mayMiss = own.has(null) || (alias !== undefined && doubtful.has(member.text));
    if (!mayMiss) return verdicts;
  }
  return verdicts.add(null);
}

const MATCHES: ReadonlySet<Verdict> = new Set([true]);
const MATCHES_NOT: ReadonlySet<Verdict> = new Set([null]);
const MAY_MATCH: ReadonlySet<Verdict> = new Set([true, null]);

function verdictsOf(isMatch: boolean | null): ReadonlySet<Verdict> {
  if (isMatch === null) return MAY_MATCH;
  return isMatch ? MATCHES : MATCHES_NOT;
}

/** @param subject null: a user that no rule names. */
function matchUsers(users: readonly SudoMember[], subject: Subject | null, sudoers: Sudoers): boolean {
  const verdicts = listVerdicts(users, sudoers.userAliases, sudoers.doubtfulAliases, ({ kind, text }) => {
    if (kind === 'all') return true;
    if (subject === null || kind === 'netgroup') return false;
    const what = kind === 'group' ? 'group' : 'user';
    return what === subject.what && fold(text, sudoers.isCaseSensitive[what]) === subject.text;
  });
  return verdicts.has(true);
}

/** Addresses, netgroups and longer names of this host are not resolved here: a rule is of this host if it can be. */
function isOfHost(
  hosts: readonly SudoMember[],
  { hostAliases, doubtfulAliases }: Sudoers,
  hostname: string,
): boolean {
  return listVerdicts(hosts, hostAliases, doubtfulAliases, (host) => matchHost(host, hostname)).has(true);
}

/** null: it cannot be told. */
function matchHost({ kind, text }: SudoMember, hostname: string): boolean | null {
  if (kind === 'all') return true;
  if (kind === 'network' || kind === 'netgroup') return null;
  const [pattern, full] = [text.toLowerCase(), hostname.toLowerCase()];
  const [short = ''] = full.split('.');
  if (!pattern.includes('.')) return matchName(pattern, short);
  if (matchName(pattern, full) === true) return true;
  // sudo may know this host by a longer name, of its own domain.
  return matchName(pattern.split('.')[0] ?? '', short) === false && !/[*[]/.test(pattern) ? false : null;
}

/** fnmatch(3), but for ranges, of which nothing can be told. */
function matchName(pattern: string, name: string): boolean | null {
  return /[[\\]/.test(pattern) ? null : compileGlob(pattern).test(name);
}
