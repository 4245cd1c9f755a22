// The link `keys`: each key of the record, whether it counts and until when, or the one that was asked about.
import { readFingerprints } from '../../../plan/plan-keys.ts';
import { sayAgo, sayTime } from '../../../common/relative-time.ts';
import type { Facts, KeyFacts, PersonFacts } from '../facts.ts';
import { broken, ok, unknown, warning, type Verdict } from '../verdict.ts';
import { readExpiry } from './key-expiry.ts';

export function judgeKeys(facts: Facts): Verdict {
  const { person, keyFile, fingerprint, now } = facts;
  if (!keyFile.ok) return unknown(keyFile.why);
  if (!person.ok || person.value === null) return unknown('not known without the mirror');
  const { keys, record, confirmedAt } = person.value;
  if (fingerprint !== null) {
    const verdict = judgeOne(fingerprint, keys, record.userName);
    if (verdict !== null) return verdict;
  }
  const counting = keys.filter(({ refusal }) => refusal === null);
  if (keys.length === 0) {
    return broken(
      `the store lists no key of ${record.userName}`,
      'person',
      'have the public key put into sunkSshKeys at the identity provider, or add it under SSH Keys in the Cloud Console',
    );
  }
  if (counting.length === 0) {
    return broken(
      `no key of ${record.userName} counts: ${keys[0]?.refusal ?? ''}${keys.length > 1 ? ` (and ${keys.length - 1} more)` : ''}`,
      'person',
      'make a new key pair (ssh-keygen -t ed25519) and have its public half listed',
    );
  }
  return judgeFile(facts, person.value, keyFile.value ?? '', counting, confirmedAt, now);
}

function judgeFile(
  { config, status }: Facts,
  person: PersonFacts,
  text: string,
  counting: readonly KeyFacts[],
  confirmedAt: number,
  now: number,
): Verdict {
  const served = new Set(readFingerprints(text));
  const unserved = counting.filter((key) => key.fingerprint !== null && !served.has(key.fingerprint));
  const until = text === '' ? null : readExpiry(text);
  if (until !== null && until <= now) {
    const failure = status.ok ? status.value.store.failure : null;
    return broken(
      `the store has not confirmed the keys since ${sayTime(confirmedAt)}, and they expired ${sayAgo(until, now)}`,
      'operator',
      failure === null
        ? 'have the store heard again: sunk-agent sync'
        : `have the store heard again: ${failure.hint}`,
    );
  }
  if (unserved.length === counting.length) {
    const problem = person.problem?.problem ?? null;
    if (problem !== null)
      return broken(
        `the keys are not written: ${problem}`,
        'operator',
        'mend that, then run sunk-agent sync',
      );
    if (confirmedAt === 0) {
      return broken(
        'the store never vouched for these keys in a sound record and with a right clock',
        'operator',
        'run sunk-agent doctor',
      );
    }
    return broken('the keys are not on this node yet', 'operator', 'run sunk-agent sync');
  }
  const lasts =
    until === null
      ? config.keys.max_age === null
        ? 'without end'
        : 'valid'
      : `valid until ${sayTime(until)}`;
  const list = counting.map((key) => `${key.type ?? ''} ${key.fingerprint ?? ''}`).join(', ');
  const says = `${list}, ${lasts}`;
  const refused = person.keys.filter(({ refusal }) => refusal !== null);
  if (refused.length > 0) {
    return warning(
      `${says}; ${refused.length} refused: ${refused.map(({ refusal }) => refusal).join('; ')}`,
      'person',
      'use one that counts, or replace the other',
    );
  }
  return ok(says);
}

/** null: it counts, and the rest is as for all. */
function judgeOne(fingerprint: string, keys: readonly KeyFacts[], userName: string): Verdict | null {
  const key = keys.find((one) => one.fingerprint === fingerprint);
  if (key === undefined) {
    return broken(
      `the store does not list the key ${fingerprint} for ${userName}`,
      'person',
      'log in with a key that is listed, or have this one listed',
    );
  }
  if (key.refusal === null) return null;
  return broken(
    key.refusal,
    'person',
    'make a new key pair (ssh-keygen -t ed25519) and have its public half listed',
  );
}
