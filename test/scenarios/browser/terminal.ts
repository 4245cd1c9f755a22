// A terminal in which a person types: one bash, whose programs read the same lines and print to the same place.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Terminal {
  /** Types commands and waits until they have ended: what was printed, and the status of the first that failed, or 0. */
  type(commands: string): Promise<{ readonly output: string; readonly status: number }>;
  /** Types a command that goes on, and waits until it has printed enough. @returns what it printed. */
  start(command: string, isEnough: (output: string) => boolean): Promise<string>;
  /** SIGTERM to everything in it, and waits. */
  close(): Promise<void>;
}

const PATIENCE_MS = 120_000;

export function openTerminal(cwd: string, env: NodeJS.ProcessEnv): Terminal {
  const bash = spawn('bash', ['--norc', '--noprofile'], { cwd, env, stdio: 'pipe', detached: true });
  let said = '';
  for (const stream of [bash.stdout, bash.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  let turns = 0;

  /** Sends lines, and looks at what is printed until `read` finds something in it. */
  async function send<T>(lines: string, read: (output: string) => T | null): Promise<T> {
    said = '';
    bash.stdin.write(lines);
    for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(50)) {
      const found = read(said);
      if (found !== null) return found;
      if (bash.exitCode !== null) break;
    }
    throw new Error(`the shell ended, or nothing came of it in ${PATIENCE_MS / 1000} s: ${lines}\n${said}`);
  }

  return {
    type(commands) {
      turns += 1;
      const mark = new RegExp(`^status of turn ${turns}: (\\d+)\n`, 'm');
      const joined = commands.split('\n').join(' && ');
      // What reads its input, such as ssh, must not get the lines that come after.
      return send(`{ ${joined}; } </dev/null\necho "status of turn ${turns}: $?"\n`, (output) => {
        const status = mark.exec(output)?.[1];
        return status === undefined ? null : { output: output.replace(mark, ''), status: Number(status) };
      });
    },
    start: (command, isEnough) => send(`${command}\n`, (output) => (isEnough(output) ? output : null)),
    async close() {
      if (bash.exitCode !== null || bash.signalCode !== null) return;
      const gone = once(bash, 'close');
      process.kill(-(bash.pid ?? 0), 'SIGTERM');
      await gone;
    },
  };
}
