// What a wrong command line or a file that is not there gets: one line with the next step.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';

const MAIN = path.resolve(import.meta.dirname, '../../../src/cli/main.ts');
const root = mkdtempSync(path.join(tmpdir(), 'command-line-'));
writeFileSync(path.join(root, 'token'), 'not-a-token\n');
afterAll(() => rmSync(root, { recursive: true }));

/** Without what it says first to a user who is not root. */
function start(args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout, stderr: stderr.replace(/^sunk-agent: not root: .*\n/, '') };
}

test.each([
  ['why', 64, 'is expected (sunk-agent why --help shows what it takes)'],
  ['why alice --tyr', 64, "Unknown option '--tyr' (sunk-agent why --help shows what it takes)"],
  ['freeze --for 2', 64, 'such as 30m, 2h or 1d (sunk-agent freeze --help shows what it takes)'],
  ['approve', 64, '(sunk-agent plan shows it)'],
  ['whi', 64, 'did you mean "why"? (sunk-agent --help lists the commands)'],
  ['config check /nonexistent.yaml', 78, 'there is no file /nonexistent.yaml (check its name)'],
  ['plan --config /nonexistent.yaml', 78, 'there is no file /nonexistent.yaml (check its name)'],
  [
    'plan',
    78,
    `${root}/etc/sunk-agent/config.yaml: ENOENT: no such file or directory (run sunk-agent init, which writes it, or`,
  ],
  [
    'init --from-values /nonexistent.yaml',
    78,
    '(give the values of the slurm chart: helm get values RELEASE',
  ],
  [
    `init --base-url example.com --group a --token-file ${root}/token`,
    78,
    '"example.com" is no SCIM Base URL (take the https:// URL',
  ],
])('sunk-agent %s', (line, expected, said) => {
  const args = [MAIN, ...line.split(' '), '--root', root];
  const { status, stdout, stderr } = start(args);
  expect({ status, stdout, lines: stderr.match(/\n/g)?.length }).toEqual({
    status: expected,
    stdout: '',
    lines: 1,
  });
  expect(stderr).toContain(said);
});

test.each(['plan', 'plan --names', 'plan --json'])(
  '%s claims nothing about a store that was not read',
  (line) => {
    const configured = mkdtempSync(path.join(root, 'unread-'));
    for (const directory of ['etc/sunk-agent', 'home'])
      mkdirSync(path.join(configured, directory), { recursive: true });
    for (const name of ['passwd', 'group', 'shadow'])
      writeFileSync(
        path.join(configured, 'etc', name),
        name === 'passwd' ? 'root:x:0:0::/root:/bin/sh\n' : '',
      );
    writeFileSync(
      path.join(configured, 'etc/sunk-agent/config.yaml'),
      'scim: { base_url: "https://store.example/x" }\naccess: { groups: [{ name: users }] }\n',
    );
    const args = [MAIN, ...line.split(' '), '--root', configured];
    const { status, stdout, stderr } = start(args);
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: '',
      stderr: 'sunk-agent: there is no plan: the store was not read yet (sunk-agent plan --fetch reads it)\n',
    });
  },
);
