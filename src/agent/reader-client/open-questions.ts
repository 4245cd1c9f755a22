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
  /** A reply or a line to a number that is not open is dropped. */
  takeReply(reply: Reply): void;
  takeLine(line: PageLine): void;
  /** Fails what is open with `error`, and from now on each question at once. */
  end(error: Error): void;
  isEnded(): boolean;
}

interface Question {
  readonly take: (reply: Reply) => void;
  readonly takeLine: (line: PageLine) => void;
  readonly fail: (error: Error) => void;
}

/** @param send resolves when the connection has room for more. */
export function createOpenQuestions(send: (ask: Ask) => Promise<void>): OpenQuestions {
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
        questions.set(n, {
          take(reply) {
            const answer = readAnswer(reply);
            if (answer === undefined) return;
            questions.delete(n);
            resolve(answer);
          },
          takeLine,
          fail(error) {
            questions.delete(n);
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
    },
    takeLine: (line) => questions.get(line.n)?.takeLine(line),
    end(error) {
      isEnded = true;
      for (const question of questions.values()) question.fail(error);
      questions.clear();
    },
    isEnded: () => isEnded,
  };
}

function failureOf({ code, message, hint, pause }: Extract<Say, { say: 'failed' }>): AgentError {
  if (pause !== undefined) return new StoreBusy(message, pause);
  return new AgentError(isErrorCode(code) ? code : 'reader_failed', message, { hint });
}
