// What goes to the short-lived process that asks one name service, and what comes back: JSON on stdin and stdout.
import type { NameQuestions, ServiceAnswer } from '../../../policy/name-services.ts';

/** What the process writes first: from now on it waits for the service alone. */
export const READY = '\n';

export interface AskMessage extends NameQuestions {
  /** Of nsswitch.conf(5). */
  readonly service: string;
}

/** Pairs of a name and an id that the service knows; a question without an answer is not among them. */
export interface AnswerMessage {
  readonly fault: string | null;
  readonly isMissing: boolean;
  readonly names: readonly (readonly [name: string, uid: number])[];
  readonly uids: readonly (readonly [uid: number, name: string])[];
  readonly groups: readonly (readonly [name: string, gid: number])[];
  readonly gids: readonly (readonly [gid: number, name: string])[];
  /** Names that a group lists, whether or not an account has them. */
  readonly listed: readonly (readonly [name: string, gid: number])[];
  /** Names of which that could not be asked in time. */
  readonly unasked: readonly string[];
}

export function toServiceAnswer(service: string, message: AnswerMessage): ServiceAnswer {
  return {
    service,
    fault: message.fault,
    isMissing: message.isMissing,
    names: new Map(message.names),
    uids: new Map(message.uids),
    groups: new Map(message.groups),
    gids: new Map(message.gids),
    listed: new Map(message.listed),
    unasked: new Set(message.unasked),
  };
}

export function noAnswer(service: string, fault: string): ServiceAnswer {
  return toServiceAnswer(service, {
    fault,
    isMissing: false,
    names: [],
    uids: [],
    groups: [],
    gids: [],
    listed: [],
    unasked: [],
  });
}
