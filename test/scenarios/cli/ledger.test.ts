// ledger export, diff and import on a throwaway root, with a state directory that is lost between them; and plan --names.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { syncFromState } from '../../../src/agent/operator/sync-now.ts';
import * as planning from '../../../src/cli/inspect/plan.ts';
import * as importing from '../../../src/cli/operate/import.ts';
import * as ledger from '../../../src/cli/operate/ledger.ts';
import { makeGroup, makeUser } from '../../support/records/organisation.ts';
import { rememberRecords } from '../../support/records/remember.ts';
import { runCommand } from '../../support/run-command.ts';

const CONFIG =
  'scim: { base_url: "https://store.example/x" }\naccess: { groups: [{ name: slurm-users }] }\naccounts: { domains: [example.com], homes: never }\n';

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'ledger-'));
  for (const directory of ['etc/sunk-agent', 'home', 'etc/nsscache'])
    mkdirSync(path.join(root, directory), { recursive: true });
  resetAccounts();
  write('etc/shells', '/bin/bash\n');
  write('etc/sunk-agent/config.yaml', CONFIG);
});
afterEach(() => rmSync(root, { recursive: true }));

function resetAccounts(): void {
  write('etc/passwd', 'root:x:0:0:root:/root:/bin/bash\n');
  write('etc/group', 'root:x:0:\n');
  write('etc/shadow', 'root:*:1::::::\n');
}

function write(file: string, text: string): string {
  writeFileSync(path.join(root, file), text);
  return path.join(root, file);
}

const users = [makeUser('alice', 10100), makeUser('bob', 10200), makeUser('carol', 10300)];
const remember = (people = users): void =>
  rememberRecords(root, people, [
    makeGroup(
      'users',
      31_000,
      people.map(({ record }) => record.id),
      { name: 'slurm-users' },
    ),
  ]);
const sync = () => syncFromState(openNodeContext({ root, config: undefined }), () => {});
const run = (...args: string[]) => runCommand(ledger, root, args);
const passwd = (): string => readFileSync(path.join(root, 'etc/passwd'), 'utf8');

describe('sunk-agent ledger', () => {
  test('gives every person the uid of before, after state volume and accounts are lost', async () => {
    // Bound otherwise than the store has it by now, so that only the ledger knows.
    write('etc/nsscache/passwd.cache', 'carol:x:12345:12345::/srv/carol:/bin/bash\n');
    remember();
    const file = path.join(root, 'etc/nsscache/passwd.cache');
    expect((await runCommand(importing, root, [file, '--keep-uids', '--apply'])).status).toBe(0);
    await sync();
    const before = passwd();
    expect(before).toContain('carol:x:12345:12345:');
    const exported = write('ledger.json', (await run('export')).stdout);

    rmSync(path.join(root, 'var/lib/sunk-agent'), { recursive: true });
    resetAccounts();
    write('etc/sunk-agent/config.yaml', CONFIG);
    remember();
    const shown = await run('import', exported);
    expect(shown.status).toBe(2);
    expect(shown.stdout).toContain('+ account carol: 12345, /srv/carol  (u-carol)');
    expect((await run('import', exported, '--apply')).status).toBe(0);
    await sync();
    expect(passwd()).toBe(before);
    expect(await run('import', exported)).toMatchObject({ status: 0 });
    expect(await run('diff', exported)).toMatchObject({ status: 0 });
  });

  test('refuses what contradicts the ledger that is there, and moves nothing', async () => {
    remember();
    await sync();
    const text = (await run('export')).stdout;
    const other = write(
      'other.json',
      text.replace('"id": 10200', '"id": 10999').replace('"alice"', '"alicia"'),
    );
    const { status, stdout } = await run('diff', other);
    expect(status).toBe(2);
    expect(stdout).toContain('account id differs: here bob is 10200 (u-bob), there bob is 10999 (u-bob)');
    expect(stdout).toContain('account name differs: here alice is 10100');
    const imported = await run('import', other, '--apply');
    expect(imported.status).toBe(1);
    expect(imported.stdout).toContain('0 bound, 2 refused');
    expect((await run('export')).stdout.replace(/"exported_at": \d+/, '')).toBe(
      text.replace(/"exported_at": \d+/, ''),
    );
  });

  test.each([
    ['no JSON', 'alice:x:10100:10100::/home/alice:/bin/bash', /it is not JSON/],
    ['another file', '{"bindings": []}', /no export of a ledger of this version/],
  ])('refuses %s', async (_, text, message) => {
    remember();
    await expect(run('import', write('ledger.json', text))).rejects.toThrow(message);
  });

  test.each([[[]], [['export', 'x']], [['diff']], [['import']], [['diff', 'x', '--apply']], [['undo', 'x']]])(
    'explains itself at %j',
    async (args) => {
      await expect(run(...args)).rejects.toThrow(/expected/);
    },
  );
});

test('plan --names shows for each person the name and why, and changes nothing', async () => {
  const guest = 'anna_contoso.com#EXT#@tenant.onmicrosoft.com';
  const more = makeUser('guest', 10400, { userName: guest, username: guest });
  remember([...users, more]);
  const { status, stdout } = await runCommand(planning, root, ['--names']);
  expect(status).toBe(2);
  expect(stdout).toContain('+ alice  uid 10100  alice@example.com: from alice@example.com');
  const [fix = ''] = /\{ id: "u-guest", account: .* \}/.exec(stdout) ?? [];
  write('etc/sunk-agent/config.yaml', `${CONFIG}overrides: [${fix}]\n`);
  const followed = await runCommand(planning, root, ['--names', '--json']);
  expect(followed.status).toBe(0);
  expect(JSON.parse(followed.stdout)).toMatchObject({
    names: [{}, { name: 'anna_contoso_com', status: 'granted', uid: 10400 }, {}, {}],
  });
  expect(passwd()).not.toContain('alice');
});
