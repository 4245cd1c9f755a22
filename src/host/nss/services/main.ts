// The process that asks one name service: a module of glibc may hang, or bring this process down, and nothing else.
import { readFileSync, writeSync } from 'node:fs';
import { openLibrary } from '../../../common/libc.ts';
import { findGid, findGroup, findUid, findUser, loadLookup, LookupError, useService } from './lookup.ts';
import { type AnswerMessage, type AskMessage, READY } from './messages.ts';

function answer({ service, names, uids, groups, gids }: AskMessage): AnswerMessage {
  const found = { names: [], uids: [], groups: [], gids: [] } as {
    names: [string, number][];
    uids: [number, string][];
    groups: [string, number][];
    gids: [number, string][];
  };
  // What glibc cannot load either knows no one.
  const isMissing = service !== 'files' && openLibrary(`libnss_${service}.so.2`) === null;
  if (isMissing) return { fault: null, isMissing, ...found };
  try {
    useService(service);
    collect(names, findUid, found.names);
    collect(uids, findUser, found.uids);
    collect(groups, findGid, found.groups);
    collect(gids, findGroup, found.gids);
  } catch (error) {
    if (!(error instanceof LookupError)) throw error;
    return { fault: error.message, isMissing, ...found };
  }
  return { fault: null, isMissing, ...found };
}

function collect<Q, A>(questions: readonly Q[], find: (question: Q) => A | null, found: [Q, A][]): void {
  for (const question of questions) {
    const known = find(question);
    if (known !== null) found.push([question, known]);
  }
}

const message = JSON.parse(readFileSync(0, 'utf8')) as AskMessage;
loadLookup();
// Synchronously, since a module that hangs leaves no time for anything else.
writeSync(1, READY);
process.stdout.write(JSON.stringify(answer(message)));
