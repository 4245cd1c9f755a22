// SSH keys as the login nodes judge them: by the agent's own code, so that the console says what will happen there.
import { readKeys, type KeyReading } from '../../policy/keys/ssh-key.ts';

export type { KeyReading } from '../../policy/keys/ssh-key.ts';

/** One key of a text, with the words behind it that people know it by. */
export interface JudgedKey {
  readonly reading: KeyReading;
  /** Empty where there is none, and for a key that is refused. */
  readonly comment: string;
}

/** Every key in the texts, in order: accepted by the login nodes, or refused with the reason. */
export function judgeKeys(texts: readonly string[]): readonly JudgedKey[] {
  return readKeys(texts).map((reading) => ({
    reading,
    comment: reading.ok ? findComment(texts, reading.key.base64) : '',
  }));
}

function findComment(texts: readonly string[], base64: string): string {
  for (const text of texts) {
    const at = text.indexOf(base64);
    if (at < 0) continue;
    const [rest = ''] = text.slice(at + base64.length).split(/[\r\n]/, 1);
    // Several keys on one line: the comment ends where the next one begins.
    const [comment = ''] = rest.replace(/^=+/, '').split(/\S+\s+AAAA/, 1);
    return comment.trim();
  }
  return '';
}

/** The blobs of what looks like public keys, in base64: quick, to compare thousands of users with each other. */
export function findBlobs(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => [...text.matchAll(/\bAAAA[A-Za-z0-9+/]{20,}/g)].map(([blob]) => blob));
}
