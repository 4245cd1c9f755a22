// The link `keys`: each key of the record, whether it is accepted and until when; or the one key of the question.
import { type KeyFileLine, readKeyFile } from '../../../policy/keys/key-file-lines.ts';
import { sayAgo, sayTime } from '../../../common/text/relative-time.ts';
import { KEY_REVOKED } from '../../../host/sshd/revoked-keys.ts';
import type { Facts, KeyFacts, PersonFacts } from '../facts.ts';
import { error, ok, unknown, warning, type Verdict } from '../verdict.ts';

const NEW_KEY = 'create a new key pair (ssh-keygen -t ed25519) and have its public key listed';

export function judgeKeys({ person, keyFile, fingerprint, now, config, status, sshd }: Facts): Verdict {
  if (!keyFile.ok) return unknown(keyFile.why);
  if (!person.ok || person.value === null) return unknown('not known without the state database');
  const { keys, record } = person.value;
  if (fingerprint !== null) {
    const verdict = judgeOne(fingerprint, keys, record.userName);
    if (verdict !== null) return verdict;
  }
  const revoked = sshd.ok ? sshd.value.findings.find(({ code }) => code === KEY_REVOKED) : undefined;
  if (revoked !== undefined)
    return error(
      'keys-revoked-by-sshd',
      revoked.detail,
      'operator',
      `take the key off that list if it is not compromised; else the user has to ${NEW_KEY}`,
    );
  const accepted = keys.filter(({ refusal }) => refusal === null);
  if (accepted.length === 0) return explainNone(keys, record.userName);
  const lines = readKeyFile(keyFile.value ?? '');
  const expiries = readExpiries(lines, person.value);
  const asked = accepted.filter((key) => fingerprint === null || key.fingerprint === fingerprint);
  return judgeFile({
    person: person.value,
    accepted: asked,
    served: new Set(lines.flatMap(({ fingerprint: served }) => served ?? [])),
    expiresAt: expiries.length === 0 ? null : Math.min(...expiries),
    hasExpiry: config.keys.max_age !== null,
    storeHint: status.ok ? (status.value.store.failure?.hint ?? null) : null,
    now,
  });
}

/** In local time a file does not tell the instant; what it was rendered from does. */
function readExpiries(lines: readonly KeyFileLine[], { desired }: PersonFacts): number[] {
  const known = new Map(desired?.credentials.map((one) => [one.fingerprint, one.expiresAt]));
  return lines.flatMap(({ fingerprint, expiresAt, isLocalExpiry }) => {
    const rendered = isLocalExpiry && fingerprint !== null ? known.get(fingerprint) : null;
    return expiresAt ?? rendered ?? [];
  });
}

interface FileFacts {
  readonly person: PersonFacts;
  /** The keys that the policy accepts. */
  readonly accepted: readonly KeyFacts[];
  /** Fingerprints in the key file. */
  readonly served: ReadonlySet<string>;
  /** When the keys of the file expire, epoch seconds; null: the file does not tell. */
  readonly expiresAt: number | null;
  /** Whether keys expire at all (keys.max_age). */
  readonly hasExpiry: boolean;
  /** What to do about a store that does not answer; null: it answers, or that is not known. */
  readonly storeHint: string | null;
  /** Epoch seconds. */
  readonly now: number;
}

function judgeFile(facts: FileFacts): Verdict {
  const { person, accepted, served, expiresAt, hasExpiry, now } = facts;
  if (expiresAt !== null && expiresAt <= now) {
    return error(
      'keys-expired',
      `the store has not confirmed the keys since ${sayTime(person.confirmedAt)}, and they expired ${sayAgo(expiresAt, now)}`,
      'operator',
      `restore contact with the store: ${facts.storeHint ?? 'sunk-agent sync'}`,
    );
  }
  const unserved = accepted.filter(({ fingerprint }) => fingerprint !== null && !served.has(fingerprint));
  if (unserved.length === accepted.length) return explainUnserved(person);
  const until =
    expiresAt === null ? (hasExpiry ? 'valid' : 'without expiry') : `valid until ${sayTime(expiresAt)}`;
  const list = accepted.map((key) => `${key.type ?? ''} ${key.fingerprint ?? ''}`).join(', ');
  if (unserved.length > 0) {
    const { code, detail, howToFix } = explainUnserved(person);
    const which = unserved.map(({ fingerprint }) => fingerprint).join(', ');
    return warning(code, `${detail}: ${which}; other keys are served, ${until}`, 'operator', howToFix ?? '');
  }
  const refusals = person.keys.flatMap(({ refusal }) => (refusal === null ? [] : [refusal.detail]));
  if (refusals.length > 0) {
    return warning(
      'keys-some-refused',
      `${list}, ${until}; ${refusals.length} refused: ${refusals.join('; ')}`,
      'person',
      'use a key that is accepted, or replace the refused one',
    );
  }
  return ok(`${list}, ${until}`);
}

/** No key of the record is accepted. */
function explainNone(keys: readonly KeyFacts[], userName: string): Verdict {
  const [first] = keys;
  if (first === undefined) {
    return error(
      'keys-none',
      `the store lists no key of ${userName}`,
      'person',
      'have the public key added to sunkSshKeys at the identity provider, or add it under SSH Keys in the Cloud Console',
    );
  }
  const more = keys.length > 1 ? ` (and ${keys.length - 1} more)` : '';
  return error(
    'keys-all-refused',
    `no key of ${userName} is accepted: ${first.refusal?.detail ?? ''}${more}`,
    'person',
    NEW_KEY,
  );
}

/** Accepted keys that the key file does not have. */
function explainUnserved({ problem, confirmedAt }: PersonFacts): Verdict {
  if (problem !== null && problem.problem !== null) {
    return error(
      'keys-write-failed',
      `the key file was not written: ${problem.problem}`,
      'operator',
      'correct that, then run sunk-agent sync',
    );
  }
  if (confirmedAt === 0) {
    return error(
      'keys-never-confirmed',
      'the store has never confirmed these keys in a sound record and with a trusted clock',
      'operator',
      'run sunk-agent doctor',
    );
  }
  return error(
    'keys-not-written',
    'keys that the store lists are not on this node yet',
    'operator',
    'run sunk-agent sync',
  );
}

/** null: the policy accepts the key, and the rest is as for all keys. */
function judgeOne(fingerprint: string, keys: readonly KeyFacts[], userName: string): Verdict | null {
  const key = keys.find((one) => one.fingerprint === fingerprint);
  if (key === undefined) {
    return error(
      'keys-not-listed',
      `the store does not list the key ${fingerprint} for ${userName}`,
      'person',
      'log in with a listed key, or have this one listed',
    );
  }
  return key.refusal === null ? null : error('keys-refused', key.refusal.detail, 'person', NEW_KEY);
}
