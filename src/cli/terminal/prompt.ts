// Questions on a terminal: one line each, a token without showing it.
import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { AgentError } from '../../common/errors.ts';

export interface Terminal {
  /** The trimmed answer; `fallback` where it is empty. */
  ask(question: string, fallback?: string): Promise<string>;
  /** The same, without showing what is typed. */
  askSecretly(question: string): Promise<string>;
  /** Reads answers until an empty one. */
  askList(question: string): Promise<string[]>;
  close(): void;
}

/** Asks on standard error, so that standard output has only the plan. */
export function openTerminal(): Terminal {
  let isSecret = false;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!isSecret) process.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const readLine = openLineReader(lines);
  return {
    async ask(question, fallback) {
      const answer = await readLine(`${question}${fallback === undefined ? '' : ` [${fallback}]`}: `);
      return answer === '' ? (fallback ?? '') : answer;
    },
    async askSecretly(question) {
      process.stderr.write(`${question}: `);
      isSecret = true;
      try {
        return await readLine('');
      } finally {
        isSecret = false;
        process.stderr.write('\n');
      }
    },
    async askList(question) {
      process.stderr.write(`${question} (one a line, an empty line ends):\n`);
      const answers: string[] = [];
      for (;;) {
        const answer = await readLine('  > ');
        if (answer === '') return answers;
        answers.push(answer);
      }
    },
    close: () => lines.close(),
  };
}

/**
 * Reads the next line behind a question.
 * @throws AgentError refused: the input ended.
 */
function openLineReader(lines: Interface): (question: string) => Promise<string> {
  // Kept, since pasted lines may arrive before their question.
  const typed: string[] = [];
  let isClosed = false;
  let wake = (): void => {};
  lines.on('line', (line) => {
    typed.push(line.trim());
    wake();
  });
  lines.once('close', () => {
    isClosed = true;
    wake();
  });
  return async (question) => {
    lines.setPrompt(question);
    if (typed.length === 0 && !isClosed) {
      lines.prompt();
      await new Promise<void>((resolve) => (wake = resolve));
    }
    const answer = typed.shift();
    if (answer === undefined)
      throw new AgentError('refused', 'the questions were not answered: nothing was written');
    return answer;
  };
}
