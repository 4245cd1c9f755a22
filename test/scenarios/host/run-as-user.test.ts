// A program that runs as another user, which that user controls: it reaches no terminal and does not outlast its time.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { runProgram } from '../../../src/host/probes/run-program.ts';

const MODULE = path.resolve(import.meta.dirname, '../../../src/host/probes/run-program.ts');
const NO_ONE = { uid: 65_534, gid: 65_534 };
const isRoot = process.geteuid?.() === 0;
if (!isRoot) process.stderr.write('skipped: only root becomes another user\n');

describe.runIf(isRoot)('a program as another user', () => {
  test('has no terminal on which it could type, where the operator has one', () => {
    const ask = 'exec 3<>/dev/tty && echo has one || echo has none';
    const program = `import { runProgram } from '${MODULE}';
      for (const user of [undefined, { uid: 65534, gid: 65534 }]) {
        const options = user === undefined ? {} : { user };
        const { stdout } = await runProgram('sh', ['-c', "(${ask}) 2>/dev/null || echo has none"], options);
        console.log(user === undefined ? 'operator' : 'user', stdout.trim());
      }`;
    const { stdout } = spawnSync(
      'script',
      ['-qec', '"$NODE" --input-type=module -e "$PROGRAM"', '/dev/null'],
      { encoding: 'utf8', env: { ...process.env, NODE: process.execPath, PROGRAM: program } },
    );
    expect(stdout).toContain('operator has one');
    expect(stdout).toContain('user has none');
  });

  test('has its user, its group and no other group', async () => {
    const { status, stdout } = await runProgram('id', [], { user: NO_ONE });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^uid=65534\(\w+\) gid=65534\(\w+\) groups=65534\(\w+\)\n$/);
  });

  test.each([
    ['that waits', 'sleep 600'],
    ['whose child waits in a session of its own and holds the pipe', 'setsid sleep 20 & exit 0'],
    ['that says too much', 'yes'],
  ])('%s ends, without a status', async (_, script) => {
    const answer = await runProgram('sh', ['-c', script], { user: NO_ONE, timeout: 1000 });
    expect(answer.status).toBe(null);
    expect(answer.stderr).toMatch(/no answer within 1 s|more than is read/);
    expect(answer.stdout.length).toBeLessThan(8 * 1024 * 1024);
  });

  test('that fails or is missing is told as any other', async () => {
    expect(await runProgram('sh', ['-c', 'echo no >&2; exit 3'], { user: NO_ONE })).toEqual({
      status: 3,
      stdout: '',
      stderr: 'no\n',
    });
    const missing = await runProgram('there-is-none', [], {
      user: NO_ONE,
      environment: { PATH: '/usr/bin:/bin' },
    });
    expect(missing).toMatchObject({ status: null, stderr: expect.stringContaining('ENOENT') });
  });
});
