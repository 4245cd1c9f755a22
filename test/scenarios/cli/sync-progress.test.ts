// What `sync` shows while it runs, on a pseudo-terminal and in a pipe.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SYNC_STEPS } from '../../../src/agent/progress.ts';
import { renderBar } from '../../../src/cli/terminal/progress-bar.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

const CLI = path.resolve(import.meta.dirname, '../../../src/cli/main.ts');
const WIPE = '\r\u001b[K';
const GREEN = '\u001b[32m';

let node: ThrowawayRoot;

beforeEach(async () => {
  node = await makeThrowawayRoot();
  const members = await Promise.all(['alice', 'bob'].map((name) => node.pushUser(`${name}@example.com`, '')));
  await node.pushGroup('slurm-users', members);
});

afterEach(() => node.close());

/** What one command sends to a terminal of that width, and its exit status (script(1)). */
async function onTerminal(columns: number, env: Record<string, string>, ...args: string[]) {
  const quoted = [process.execPath, CLI, ...args, '--root', node.root].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', `stty cols ${columns}; exec ${quoted}`, '/dev/null'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], TERM: 'xterm', ...env },
  });
  const [sent] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { status: child.exitCode, sent };
}

/** The bars in order, and the text at the end. */
function readBars(sent: string): { bars: string[]; rest: string } {
  const [before = '', ...drawn] = sent.split(WIPE);
  return { bars: drawn.slice(0, -1), rest: before + (drawn.at(-1) ?? '') };
}

describe('sync on a terminal', () => {
  test('redraws one line for each step, with counts, within the width, and leaves only the report', async () => {
    const { status, sent } = await onTerminal(60, { NO_COLOR: '1' }, 'sync');
    const { bars, rest } = readBars(sent);
    expect(status).toBe(0);
    for (const [index, step] of ['fetch', 'ingest', 'plan', 'apply'].entries())
      expect(bars.join('\n')).toContain(`[${index + 1}/4] ${step}`);
    expect(bars.findLast((bar) => bar.includes('3 records') && bar.includes('fetch'))).toMatch(
      /\[=+\] 3 records$/,
    );
    expect(bars.at(-1)).toMatch(/^\[4\/4\] apply +\[=+\] \d+ changes$/);
    for (const bar of bars) expect(bar).toMatch(/^[ -~]{1,59}$/);
    expect(rest).toMatch(/sync 1 \(full\): 2 users and 1 group/);
    expect(rest).not.toMatch(/\[\d\/4\]/);
  });

  test('shows in a second sync how many records to expect', async () => {
    await node.run('sync');
    const { bars } = readBars((await onTerminal(80, {}, 'sync', '--full')).sent);
    expect(bars[0]).toMatch(/fetch .* 0 of 3 records$/);
  });

  test('is coloured unless NO_COLOR is set', async () => {
    expect((await onTerminal(80, {}, 'sync')).sent).toContain(GREEN);
    expect((await onTerminal(80, { NO_COLOR: '1' }, 'sync', '--full')).sent).not.toContain(GREEN);
  });

  test('removes the bar when the store is not reached, and reports the failure', async () => {
    await node.testbed.close();
    const { status, sent } = await onTerminal(80, {}, 'sync');
    expect(status).toBe(2);
    expect(sent.split(WIPE).at(-1)).toMatch(/^sync 1 .*\r\n0 changes made[^]*sunk-agent: /);
  });

  test('prints lines instead of a bar where the cursor cannot be moved', async () => {
    const { sent } = await onTerminal(80, { TERM: 'dumb' }, 'sync');
    expect(sent).not.toContain('\u001b');
    expect(sent).toMatch(/^fetch +3 records\r$/m);
  });
});

describe('sync in a pipe', () => {
  test('prints a line for each step, and no bar', async () => {
    const { stdout } = await node.run('sync');
    expect(stdout).toMatch(
      /^fetch +3 records\ningest +3 records new or changed\nplan +(\d+) changes\napply +\1 changes\nsync 1 /,
    );
    expect(stdout).not.toContain('\r');
  });

  test('prints nothing but the report with --json, on a terminal too', async () => {
    const { stdout } = await node.run('sync', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ n: 1, changes: { failed: 0 } });
    const { sent } = await onTerminal(80, {}, 'sync', '--json');
    expect(JSON.parse(sent.slice(sent.indexOf('{'), sent.lastIndexOf('}') + 1))).toMatchObject({ n: 2 });
    expect(sent).not.toContain(WIPE);
  });
});

test('a bar is narrower than its terminal, for any counts', () => {
  const count = fc.nat({ max: 10_000_000 });
  fc.assert(
    fc.property(
      fc.constantFrom(...SYNC_STEPS),
      count,
      fc.option(count),
      fc.integer({ min: 1, max: 300 }),
      fc.boolean(),
      (step, done, total, columns, isColoured) => {
        const bar = stripVTControlCharacters(renderBar(step, done, total, columns, isColoured));
        expect(bar.length).toBeLessThan(columns);
      },
    ),
  );
});
