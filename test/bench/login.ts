// What a login costs: the key helper against the floor of any process.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issueCredentials } from '../../src/policy/keys/credential.ts';
import { renderKeyFile } from '../../src/policy/keys/key-file.ts';
import { readKeys } from '../../src/policy/keys/ssh-key.ts';
import { makeEd25519, makeModulus, seedRandom, writeBlob } from '../support/records/key-corpus.ts';
import { makeRow, median, type Row } from './row.ts';
import { timePrograms } from './time-programs.ts';

const HELPER = join(import.meta.dirname, '../../packaging/authorized-keys');
const TURNS = 1000;

/** The helper alone; peers and whole logins need a node. */
export function benchLogin(): Row[] {
  const directory = mkdtempSync(join(tmpdir(), 'bench-login-'));
  try {
    const random = seedRandom(1);
    const oneLine = [`ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(random)).toString('base64')}`];
    const fiftyLines = Array.from({ length: 50 }, () => {
      const blob = writeBlob('ssh-rsa', Buffer.from([1, 0, 1]), makeModulus(random, 4096));
      return `ssh-rsa ${blob.toString('base64')}`;
    });
    for (const [name, lines] of Object.entries({ one: oneLine, fifty: fiftyLines })) {
      const keys = readKeys(lines).flatMap((reading) => (reading.ok ? [reading.key] : []));
      if (keys.length !== lines.length) throw new Error('the keys of the benchmark are not sound');
      const text = renderKeyFile(
        issueCredentials(keys, '2819c223-7f76-453a-919d-413861904646', 1_800_000_000),
        {
          zulu: true,
          timeZone: 'UTC',
        },
      );
      writeFileSync(join(directory, name), text);
    }
    const [floor = [], one = [], fifty = []] = timePrograms(
      [['/bin/true'], [HELPER, 'one', directory], [HELPER, 'fifty', directory]],
      TURNS,
    );
    const row = (name: string, samples: readonly number[], goal: number): Row =>
      makeRow({
        bench: 'login',
        row: name,
        unit: 'ms',
        measured: median(samples),
        samples,
        reference: median(floor),
        goal,
      });
    return [row('helper-vs-true', one, 1.3), row('helper-50-vs-true', fifty, 3.5)];
  } finally {
    rmSync(directory, { recursive: true });
  }
}
