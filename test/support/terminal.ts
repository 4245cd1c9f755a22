// A real terminal with a user before it: tmux on a socket of its own runs one program at a time and shows its screen.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Terminal {
  /** Starts a program on an empty screen; `screen` shows it at work. */
  start(command: readonly string[]): void;
  /** What stands there now, without the blanks behind each line. @param isPainted with the colours, as SGR. */
  screen(isPainted?: boolean): string;
  /** Waits for the program's end. @returns the last screen. */
  end(): Promise<string>;
  close(): void;
}

const PATIENCE_MS = 60_000;

export function openTerminal(columns: number, rows: number): Terminal {
  const directory = mkdtempSync(path.join(tmpdir(), 'terminal-'));
  const tmux = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync('tmux', ['-S', path.join(directory, 'socket'), ...args], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', TERM: 'xterm' },
    });
    if (status !== 0) throw new Error(`tmux ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  tmux(
    '-f',
    '/dev/null',
    'new-session',
    '-d',
    '-x',
    String(columns),
    '-y',
    String(rows),
    'sleep',
    'infinity',
  );
  tmux('set-option', '-g', 'remain-on-exit', 'on');
  // Nothing but the screen of the program.
  tmux('set-option', '-g', 'remain-on-exit-format', '');
  tmux('set-option', '-g', 'status', 'off');
  const screen = (isPainted = false): string =>
    tmux('capture-pane', '-p', ...(isPainted ? ['-e'] : [])).trimEnd();
  return {
    start: (command) => void tmux('respawn-pane', '-k', ...command),
    screen,
    async end() {
      for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(50))
        if (tmux('display-message', '-p', '#{pane_dead}').trim() === '1') return screen();
      throw new Error(`it did not end: ${screen()}`);
    },
    close() {
      tmux('kill-server');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
