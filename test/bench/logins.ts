// Real logins through one sshd on nodes of 100 to 100,000 users: keys from the helper against keys read by sshd itself.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '../../src/config/config.ts';
import { HELPER_USER, chooseKeySettings } from '../../src/host/sshd/sshd-drop-in.ts';
import { issueCredentials } from '../../src/policy/keys/credential.ts';
import { renderKeyFile } from '../../src/policy/keys/key-file.ts';
import { readKeys } from '../../src/policy/keys/ssh-key.ts';
import { findFreePort } from '../../src/demo/free-port.ts';
import { logInMany, openPrivateNode, type PrivateNode } from '../support/nodes/private-node.ts';
import { showProgress } from './progress.ts';
import { makeRow, type Row } from './row.ts';

/** The goal holds for the largest, which has the most logins; the others show how cost grows. */
const SIZES = [100, 1000, 10_000, 100_000] as const;
const LOGINS = 500;
const LOGINS_OF_SMALL = 200;
const AT_ONCE = 32;
/** The two ways take turns of so many logins, so that a noisy minute hits both. */
const TURN = 50;

/** Needs root. */
export async function benchLogins(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of SIZES) {
    const isLargest = size === SIZES.at(-1);
    const { helper, file } = await timeLogins(size, isLargest ? LOGINS : LOGINS_OF_SMALL);
    const row = (name: string, logins: number, goal: number | null): Row =>
      makeRow({
        bench: 'login',
        row: name,
        unit: 'ms',
        measured: mean(helper) * logins,
        samples: helper.map((ms) => ms * logins),
        reference: mean(file) * logins,
        goal,
      });
    rows.push(row(`logins-ms-${size}`, 1, null));
    if (isLargest) rows.push(row('logins-file-vs-helper', LOGINS, 1.11));
  }
  return rows;
}

/** Milliseconds that a login took of a turn, of many at once; the last of `users` logs in. */
async function timeLogins(users: number, logins: number): Promise<{ helper: number[]; file: number[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-logins-'));
  const node = await openPrivateNode();
  try {
    const keyFile = join(directory, 'key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyFile]);
    const filePort = await findFreePort();
    fillNode(node, users, readFileSync(`${keyFile}.pub`, 'utf8'));
    configureSshd(node, filePort);
    await node.startSshd();
    const spent = { helper: [] as number[], file: [] as number[] };
    for (let done = 0; done < logins; done += TURN) {
      showProgress(`login/logins: ${done} of ${logins} logins each way, ${users} users`);
      // Who begins alternates as well.
      const turns = [
        ['helper', node.port],
        ['file', filePort],
      ] as const;
      for (const [way, port] of done % (2 * TURN) === 0 ? turns : turns.toReversed()) {
        const start = performance.now();
        const failed = await logInMany({ port, name: `u${users - 1}`, keyFile }, TURN, AT_ONCE);
        if (failed > 0) throw new Error(`${failed} logins of ${TURN} failed: ${node.log().slice(-1000)}`);
        spent[way].push((performance.now() - start) / TURN);
      }
    }
    return spent;
  } finally {
    await node.close();
    rmSync(directory, { recursive: true });
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

/** Accounts in flat files, a key file each; the last line is the one that logs in. */
function fillNode(node: PrivateNode, users: number, publicLine: string): void {
  const keys = readKeys([publicLine]).flatMap((reading) => (reading.ok ? [reading.key] : []));
  const text = renderKeyFile(issueCredentials(keys, '2819c223-7f76-453a-919d-413861904646', 4_000_000_000), {
    zulu: true,
    timeZone: 'UTC',
  });
  node.sh(`
    cat >/home/key <<'END'
${text}END
    awk 'BEGIN {
      getline key <"/home/key"
      for (n = 0; n < ${users}; n++) {
        printf "u%d:x:%d:9999::/home/u:/bin/sh\\n", n, 100000 + n >>"/etc/passwd"
        printf "u%d:*:20000::::::\\n", n >>"/etc/shadow"
        file = "/var/lib/sunk-agent/authorized_keys/u" n
        print key >file
        close(file)
      }
    }'
    mkdir -p /home/u`);
}

/** One sshd, two ports: what the drop-in says for each way, where the port decides in place of the configuration. */
function configureSshd(node: PrivateNode, filePort: number): void {
  const block = (port: number, serve: string): string => {
    const { keys } = parseConfig(
      `scim: { base_url: "https://store.example.com" }\nkeys: { serve: ${serve} }`,
      'bench',
    );
    const settings = chooseKeySettings(keys, '/', HELPER_USER);
    const user = serve === 'file' ? '' : `AuthorizedKeysCommandUser ${settings.authorizedkeyscommanduser}\n`;
    return `Match Group sunk-users LocalPort ${port}
AuthorizedKeysFile ${settings.authorizedkeysfile}
AuthorizedKeysCommand ${settings.authorizedkeyscommand}
${user}`;
  };
  const config = `ListenAddress 127.0.0.1:${node.port}
ListenAddress 127.0.0.1:${filePort}
UsePAM no
MaxStartups 1000
LogLevel INFO
${block(node.port, 'command')}${block(filePort, 'file')}`;
  node.sh(`cat >/etc/ssh/sshd_config <<'END'\n${config}END\n`);
}
