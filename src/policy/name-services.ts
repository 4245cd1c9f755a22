// What other name services of the node say of the names and ids that are about to be granted; nothing is granted unasked.
import { compare } from '../common/text/compare.ts';
import type { Fault } from './identity/identity.ts';

/** Names and ids to ask each service for. */
export interface NameQuestions {
  readonly names: readonly string[];
  readonly uids: readonly number[];
  readonly groups: readonly string[];
  readonly gids: readonly number[];
  /** Names of which it is asked whether a group lists them. */
  readonly members: readonly string[];
}

export const NO_QUESTIONS: NameQuestions = { names: [], uids: [], groups: [], gids: [], members: [] };

/** What one service, asked alone, knows of them. */
export interface ServiceAnswer {
  readonly service: string;
  /** Why it did not answer all of them; null: it did. */
  readonly fault: string | null;
  /** Whether its module is not installed, so that to glibc it knows no one. */
  readonly isMissing: boolean;
  /** Uids by name, names by uid, gids by group name, group names by gid. */
  readonly names: ReadonlyMap<string, number>;
  readonly uids: ReadonlyMap<number, string>;
  readonly groups: ReadonlyMap<string, number>;
  readonly gids: ReadonlyMap<number, string>;
  /** The gid of a group that lists the name, which need not be an account's. */
  readonly listed: ReadonlyMap<string, number>;
  /** Names of which that was not asked yet. */
  readonly unasked: ReadonlySet<string>;
}

/** The services of nsswitch.conf(5) besides the files that the agent reads itself, and what they answered. */
export interface NameServices {
  /** In order; empty: there is none to ask. */
  readonly services: readonly string[];
  /** null: not asked yet. */
  readonly answers: {
    readonly questions: NameQuestions;
    readonly given: readonly ServiceAnswer[];
  } | null;
}

/** What is about to be granted. */
export interface Grant {
  readonly name?: string | undefined;
  readonly uid?: number | undefined;
  readonly group?: string | undefined;
  readonly gid?: number | undefined;
}

/** Asks what has been asked, by grant; built once for a decision. */
export interface ServiceCheck {
  /** Why the grant must wait or is refused; null: no service knows it. */
  findFault(grant: Grant): Fault | null;
}

/** @param mustResolve names that a service must know, or no answer is believed (`nss.must_resolve`). */
export function checkServices(
  { services, answers }: NameServices,
  mustResolve: readonly string[],
): ServiceCheck {
  if (services.length === 0 && mustResolve.length === 0) return { findFault: () => null };
  if (answers === null) return { findFault: () => UNCHECKED };
  const { questions, given } = answers;
  const common = findCommonFault(given, mustResolve);
  const asked = {
    names: new Set(questions.names),
    uids: new Set(questions.uids),
    groups: new Set(questions.groups),
    gids: new Set(questions.gids),
  };
  return {
    findFault({ name, uid, group, gid }) {
      for (const answer of given) {
        const fault = findConflict(answer, { name, uid, group, gid });
        if (fault !== null) return fault;
      }
      const isAsked =
        (name === undefined || (asked.names.has(name) && !given.some(({ unasked }) => unasked.has(name)))) &&
        (uid === undefined || asked.uids.has(uid)) &&
        (group === undefined || asked.groups.has(group)) &&
        (gid === undefined || asked.gids.has(gid));
      return common ?? (isAsked ? null : UNCHECKED);
    },
  };
}

const UNCHECKED: Fault = {
  code: 'nss-unchecked',
  detail: 'the grant waits until the name services of this node are asked for its name and id',
};

function findCommonFault(given: readonly ServiceAnswer[], mustResolve: readonly string[]): Fault | null {
  const unavailable = given.find(({ fault }) => fault !== null);
  if (unavailable !== undefined) {
    const detail = `the grant waits: the name service ${unavailable.service} of nsswitch.conf gives no answer (${unavailable.fault ?? ''}), so its name and id may be in use there`;
    return { code: 'nss-unavailable', detail };
  }
  const missing = mustResolve.find((name) => !given.some(({ names }) => names.has(name)));
  if (missing === undefined) return null;
  const detail = `the grant waits: no name service of this node knows ${missing} (nss.must_resolve), so it may not know others either`;
  return { code: 'nss-must-resolve', detail };
}

function findConflict(
  { service, names, uids, groups, gids, listed }: ServiceAnswer,
  { name, uid, group, gid }: Grant,
): Fault | null {
  const other = name === undefined ? undefined : names.get(name);
  if (other !== undefined) {
    const detail = `the name service ${service} knows ${name ?? ''} with the uid ${other}: it is not granted; if that is the same person: sunk-agent import`;
    return { code: 'name-elsewhere', detail };
  }
  const membership = name === undefined ? undefined : listed.get(name);
  if (membership !== undefined) {
    const detail = `the name service ${service} has ${name ?? ''} in the group with the gid ${membership}: it is not granted`;
    return { code: 'name-elsewhere', detail };
  }
  const owner = uid === undefined ? undefined : uids.get(uid);
  if (owner !== undefined) {
    const detail = `the name service ${service} knows the uid ${uid ?? ''} as ${owner}'s: it is not granted; if that is the same person: sunk-agent import`;
    return { code: 'uid-elsewhere', detail };
  }
  const otherGid = group === undefined ? undefined : groups.get(group);
  if (otherGid !== undefined) {
    const detail = `the name service ${service} knows the group ${group ?? ''} with the gid ${otherGid}: it is not granted`;
    return { code: 'group-elsewhere', detail };
  }
  const owningGroup = gid === undefined ? undefined : gids.get(gid);
  if (owningGroup === undefined) return null;
  const detail = `the name service ${service} knows the gid ${gid ?? ''} as the group ${owningGroup}: it is not granted`;
  return { code: 'gid-elsewhere', detail };
}

/** All that is about to be granted, as one set of questions. @param mustResolve asked as well. */
export function collectQuestions(grants: readonly Grant[], mustResolve: readonly string[]): NameQuestions {
  if (grants.length === 0) return NO_QUESTIONS;
  const collect = <T extends string | number>(
    pick: (grant: Grant) => T | undefined,
    more: readonly T[] = [],
  ): T[] => [...new Set([...grants.flatMap((grant) => pick(grant) ?? []), ...more])].sort(compare);
  return {
    names: collect(({ name }) => name, mustResolve),
    uids: collect(({ uid }) => uid),
    groups: collect(({ group }) => group),
    gids: collect(({ gid }) => gid),
    members: collect(({ name }) => name),
  };
}

/** How many there are. */
export function countQuestions({ names, uids, groups, gids, members }: NameQuestions): number {
  return names.length + uids.length + groups.length + gids.length + members.length;
}
