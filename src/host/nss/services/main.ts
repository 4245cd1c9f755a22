// The process that asks one name service: a module of glibc may hang, or bring this process down, and nothing else.
import { readFileSync, writeSync } from 'node:fs';
import { openLibrary } from '../../../common/libc.ts';
import {
  findGid,
  findGroup,
  findMembership,
  findUid,
  findUser,
  loadLookup,
  LookupError,
  useService,
} from './lookup.ts';
import { type AnswerMessage, type AskMessage, READY } from './messages.ts';

function answer({ service, names, uids, groups, gids, members }: AskMessage): AnswerMessage {
  const found = { names: [], uids: [], groups: [], gids: [], listed: [] } as {
    names: [string, number][];
    uids: [number, string][];
    groups: [string, number][];
    gids: [number, string][];
    listed: [string, number][];
  };
  // What glibc cannot load either knows no one.
  const isMissing = service !== 'files' && openLibrary(`libnss_${service}.so.2`) === null;
  let unasked: readonly string[] = [];
  if (isMissing) return { fault: null, isMissing, ...found, unasked };
  try {
    useService(service);
    collect(names, findUid, found.names);
    collect(uids, findUser, found.uids);
    collect(groups, findGid, found.groups);
    collect(gids, findGroup, found.gids);
    unasked = collectMemberships(members, found.names, found.listed);
  } catch (error) {
    if (!(error instanceof LookupError)) throw error;
    return { fault: error.message, isMissing, ...found, unasked };
  }
  return { fault: null, isMissing, ...found, unasked };
}

function collect<Q, A>(questions: readonly Q[], find: (question: Q) => A | null, found: [Q, A][]): void {
  for (const question of questions) {
    const known = find(question);
    if (known !== null) found.push([question, known]);
  }
}

/** A service without a function of its own for this reads all of its groups for each name: well below the caller's deadline. */
const MEMBERSHIP_MS = 1000;
const MEMBERSHIP_MS_EACH = 1;

/** @returns names of which there was no time to ask. */
function collectMemberships(
  names: readonly string[],
  known: readonly (readonly [string, number])[],
  found: [string, number][],
): readonly string[] {
  const users = new Set(known.map(([name]) => name));
  const strangers = names.filter((name) => !users.has(name));
  const until = performance.now() + MEMBERSHIP_MS + MEMBERSHIP_MS_EACH * strangers.length;
  const late = strangers.findIndex((name) => {
    const gid = findMembership(name);
    if (gid !== null) found.push([name, gid]);
    return performance.now() > until;
  });
  return late < 0 ? [] : strangers.slice(late + 1);
}

const message = JSON.parse(readFileSync(0, 'utf8')) as AskMessage;
loadLookup();
// Synchronously, since a module that hangs leaves no time for anything else.
writeSync(1, READY);
process.stdout.write(JSON.stringify(answer(message)));
