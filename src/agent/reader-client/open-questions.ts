// The questions to a reader that have no answer yet, by number.
import { AgentError, isErrorCode } from '../../common/errors.ts';
import type { Ask, Say } from '../../protocol/messages.ts';
import { StoreBusy } from '../../protocol/store-busy.ts';
import type { PageLine } from '../../protocol/page-lines.ts';

/** What the reader says to a question, not on its own account. */
export type Reply = Extract<Say, { readonly n: number }>;

export interface OpenQuestions {
  /**
   * Sends a question, and resolves with its answer.
   * @param build the question with the number that it gets.
   * @param readAnswer gets each reply to it; undefined: more follows.
   * @param takeLine gets the lines of the pages that belong to it.
   * @throws AgentError with the code of a `failed`, or with that of `end`.
   */
  ask<T>(
    build: (n: number) => Ask,
    readAnswer: (reply: Reply) => T | undefined,
    takeLine?: (line: PageLine) => void,
  ): Promise<T>;
  /** A reply or a line to a number that is not open is dropped. @returns whether it was open. */
  takeReply(reply: Reply): boolean;
  takeLine(line: PageLine): boolean;
  /** Fails what is open with `error`, and from now on each question at once. */
  end(error: Error): void;
  isEnded(): boolean;
}

interface Question {
  readonly take: (reply: Reply) => void;
  readonly takeLine: (line: PageLine) => void;
  readonly fail: (error: Error) => void;
}

/**
 * @param send resolves when the connection has room for more.
 * @param patience milliseconds until an answer must be complete.
 * @param giveUp ends the connection of a reader that does not answer.
 */
export function createOpenQuestions(
  send: (ask: Ask) => Promise<void>,
  patience: number,
  giveUp: (error: Error) => void,
): OpenQuestions {
  const questions = new Map<number, Question>();
  let next = 1;
  let isEnded = false;

  return {
    ask<T>(
      build: (n: number) => Ask,
      readAnswer: (reply: Reply) => T | undefined,
      takeLine: (line: PageLine) => void = () => {},
    ): Promise<T> {
      if (isEnded) return Promise.reject(new AgentError('reader_failed', 'the reader went away'));
      const n = next;
      next += 1;
      return new Promise<T>((resolve, reject) => {
        const timer = setTimeout(() => giveUp(describeLateness(patience)), patience).unref();
        const close = (): void => {
          clearTimeout(timer);
          questions.delete(n);
        };
        questions.set(n, {
          take(reply) {
            const answer = readAnswer(reply);
            if (answer === undefined) return;
            close();
            resolve(answer);
          },
          takeLine,
          fail(error) {
            close();
            reject(error);
          },
        });
        send(build(n)).catch(reject);
      });
    },
    takeReply(reply) {
      const question = questions.get(reply.n);
      if (reply.say === 'failed') question?.fail(failureOf(reply));
      else question?.take(reply);
      return question !== undefined;
    },
    takeLine(line) {
      const question = questions.get(line.n);
      question?.takeLine(line);
      return question !== undefined;
    },
    end(error) {
      isEnded = true;
      for (const question of questions.values()) question.fail(error);
      questions.clear();
    },
    isEnded: () => isEnded,
  };
}

function describeLateness(patience: number): AgentError {
  return new AgentError('reader_failed', `the reader gave no answer within ${patience / 1000} s`);
}

function failureOf({ code, message, hint, pause }: Extract<Say, { say: 'failed' }>): AgentError {
  if (pause !== undefined) return new StoreBusy(message, pause);
  return new AgentError(isErrorCode(code) ? code : 'reader_failed', message, { hint });
}
