// ssh-keygen(1) as the oracle: what it says about many lines at once.
import { spawnSync } from 'node:child_process';
import { readKeys } from '../../../src/policy/keys/ssh-key.ts';
import type { CorpusLine } from './key-corpus.ts';

/**
 * Fingerprints by the number of the line; a line that ssh-keygen skips has none.
 * It prints a line's comment last, so each line gets its number as one.
 * @param before a command in front of ssh-keygen, where it is not this machine's own: `chroot DIRECTORY`.
 */
export function askSshKeygen(lines: readonly string[], before: readonly string[] = []): Map<number, string> {
  // env(1) only carries the command in front, or none.
  const answer = spawnSync('env', [...before, 'ssh-keygen', '-l', '-f', '-'], {
    input: lines.map((line, index) => `${line} n${index}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  // 255: not a single key among the lines.
  if (answer.status !== 0 && answer.status !== 255)
    throw new Error(`ssh-keygen: ${answer.stderr}`, { cause: answer.error });
  const fingerprints = new Map<number, string>();
  for (const line of answer.stdout.split('\n')) {
    const [, fingerprint, number] = /^\d+ (SHA256:\S+) (?:.* )?n(\d+) \([A-Z0-9-]+\)$/.exec(line) ?? [];
    if (fingerprint !== undefined) fingerprints.set(Number(number), fingerprint);
  }
  return fingerprints;
}

/** Where we refuse what OpenSSH takes, on purpose. */
const ON_PURPOSE = new Set(['key-options', 'key-number', 'key-application', 'key-certificate', 'key-dsa']);

export interface Comparison {
  readonly accepted: number;
  /** What we accept and ssh-keygen does not, or with another fingerprint: a defect. */
  readonly lax: readonly unknown[];
  /** What ssh-keygen accepts and we refuse without having meant to. */
  readonly strict: readonly unknown[];
}

/** Compares our reading of a corpus with ssh-keygen's. */
export function compareReadings(corpus: readonly CorpusLine[], before: readonly string[] = []): Comparison {
  const oracle = askSshKeygen(
    corpus.map((line) => line.text),
    before,
  );
  let accepted = 0;
  const lax: unknown[] = [];
  const strict: unknown[] = [];
  for (const [index, { how, text }] of corpus.entries()) {
    const theirs = oracle.get(index);
    for (const reading of readKeys([text])) {
      if (reading.ok) {
        accepted += 1;
        if (reading.key.fingerprint !== theirs) lax.push({ how, text, theirs });
      } else if (theirs !== undefined && !ON_PURPOSE.has(reading.code)) {
        // A point off the curve of Ed25519, and aliases such as `RSA` for a type.
        const isMeant =
          (reading.code === 'key-point' && text.includes('ed25519')) ||
          (reading.code === 'key-format' && /^(?:RSA|ED25519|rsa-sha2-256) /.test(text));
        if (!isMeant) strict.push({ how, text, code: reading.code });
      }
    }
  }
  return { accepted, lax, strict };
}
