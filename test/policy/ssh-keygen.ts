// ssh-keygen(1) as the oracle: what it says about many lines at once.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Fingerprints by the number of the line; a line that ssh-keygen skips has none.
 * It prints a line's comment last, so each line gets its number as one.
 * @param run how to run `ssh-keygen -l -f FILE`, where it is not this machine's own.
 */
export function askSshKeygen(
  lines: readonly string[],
  run: (text: string) => string = runHere,
): Map<number, string> {
  const answer = run(lines.map((line, index) => `${line} n${index}\n`).join(''));
  const fingerprints = new Map<number, string>();
  for (const line of answer.split('\n')) {
    const [, fingerprint, number] = /^\d+ (SHA256:\S+) (?:.* )?n(\d+) \([A-Z0-9-]+\)$/.exec(line) ?? [];
    if (fingerprint !== undefined) fingerprints.set(Number(number), fingerprint);
  }
  return fingerprints;
}

function runHere(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'keys-'));
  try {
    const file = join(folder, 'keys');
    writeFileSync(file, text);
    return execFileSync('ssh-keygen', ['-l', '-f', file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 64 * 1024 * 1024,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
