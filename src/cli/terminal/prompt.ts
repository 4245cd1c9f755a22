// Questions on a terminal: one line each, a token without showing it.
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { AgentError } from '../../common/errors.ts';

export interface Terminal {
  /** The answer without blanks around it; `fallback` where it is empty. */
  ask(question: string, fallback?: string): Promise<string>;
  /** The same, while nothing of what is typed appears. */
  askSecretly(question: string): Promise<string>;
  /** Answers until an empty one. */
  askList(question: string): Promise<string[]>;
  close(): void;
}

/** Asks on standard error, so that standard output has the plan alone. */
export function openTerminal(): Terminal {
  let isSecret = false;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!isSecret) process.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  // Kept, since what is pasted may come before its question.
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

  async function readLine(question: string): Promise<string> {
    lines.setPrompt(question);
    if (typed.length === 0 && !isClosed) {
      lines.prompt();
      await new Promise<void>((resolve) => (wake = resolve));
    }
    const answer = typed.shift();
    if (answer === undefined)
      throw new AgentError('refused', 'the questions were not answered: nothing was written');
    return answer;
  }

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
