// `install-follower` with a command line that it does not know: it changes nothing, and says what it takes.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

const PROGRAM = path.resolve(import.meta.dirname, '../../../packaging/follower/install-follower');

test.each([
  ['--help', 64, 'usage: install-follower '],
  ['--move-sudoers', 64, 'usage: install-follower '],
  ['--first', 2, '--first takes a FILE'],
])('install-follower %s', (option, expected, said) => {
  // Without a program to be found, nothing could be changed either.
  const env = { PATH: '/nonexistent' };
  const { status, stderr } = spawnSync('/bin/sh', [PROGRAM, option], { encoding: 'utf8', env });
  expect(status).toBe(expected);
  expect(stderr).toContain(said);
});
