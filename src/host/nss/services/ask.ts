// Asks each foreign name service in a process of its own, with a deadline; one that does not answer is not asked for a while.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { countQuestions, type NameQuestions, type ServiceAnswer } from '../../../policy/name-services.ts';
import { listNssServices } from '../nsswitch.ts';
import { type AnswerMessage, type AskMessage, noAnswer, toServiceAnswer } from './messages.ts';

/** glibc's own, which read the files that the agent reads itself. */
const OWN = new Set(['files', 'compat']);
/** In the package this file is part of a bundle, and the process is another entry of it. */
const IS_BUNDLED = import.meta.filename.endsWith('.js');
const ENTRY = path.join(import.meta.dirname, IS_BUNDLED ? 'ask-name-service.js' : 'main.ts');

/** Until the process has started, on a machine that is busy. */
const START_MS = 30_000;
/** For the service itself. */
const DEADLINE_MS = 3000;
const DEADLINE_MS_EACH = 2;
/** A sync waits for such a service once in this time. */
const REST_MS = 60_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export interface NameServiceAsker {
  /** The services to ask; none below a root that is not this system's own. */
  list(): string[];
  /** One answer for each service of `list`, in its order. */
  ask(questions: NameQuestions): Promise<ServiceAnswer[]>;
}

/** @param unasked services that are not asked: those of `nss.unasked`, and 'cache' where that has our own accounts. */
export function openNameServices(root: string, unasked: readonly string[]): NameServiceAsker {
  const resting = new Map<string, { readonly until: number; readonly fault: string }>();
  const left = new Set([...OWN, ...unasked]);
  const list = (): string[] =>
    root === '/' ? listNssServices(root, ['passwd', 'group']).filter((service) => !left.has(service)) : [];
  return {
    list,
    ask: (questions) =>
      Promise.all(
        list().map(async (service) => {
          const rest = resting.get(service);
          if (rest !== undefined && performance.now() < rest.until) return noAnswer(service, rest.fault);
          const answer = await askService(service, questions);
          if (answer.fault === null) resting.delete(service);
          else resting.set(service, { until: performance.now() + REST_MS, fault: answer.fault });
          return answer;
        }),
      ),
  };
}

/** Never rejects. */
function askService(service: string, questions: NameQuestions): Promise<ServiceAnswer> {
  const message: AskMessage = { service, ...questions };
  const deadline = DEADLINE_MS + DEADLINE_MS_EACH * countQuestions(questions);
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [ENTRY], { stdio: ['pipe', 'pipe', 'ignore'], env: {} });
    let text = '';
    let isLate = false;
    const giveUpAfter = (milliseconds: number) =>
      setTimeout(() => {
        isLate = true;
        child.kill('SIGKILL');
        resolve(noAnswer(service, `no answer within ${milliseconds / 1000} s`));
      }, milliseconds);
    let timer = giveUpAfter(START_MS);
    const end = (answer: ServiceAnswer): void => {
      clearTimeout(timer);
      if (!isLate) resolve(answer);
    };
    child.stdin.on('error', () => {});
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (text === '') {
        clearTimeout(timer);
        timer = giveUpAfter(deadline);
      }
      if (text.length < MAX_ANSWER_BYTES) text += chunk;
    });
    child.on('error', (error) => end(noAnswer(service, error.message)));
    child.on('close', (status, signal) => {
      if (status === 0) end(toServiceAnswer(service, JSON.parse(text) as AnswerMessage));
      else end(noAnswer(service, `its module ended the process (${signal ?? status ?? ''})`));
    });
    child.stdin.end(JSON.stringify(message));
  });
}
