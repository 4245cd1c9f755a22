// What each Kubernetes Secret should have, against what it has: kept, written, or held with the reason; pure.
import type { Config } from '../../config/config.ts';
import { hash } from 'node:crypto';
import { sayCount } from '../../common/text/count-noun.ts';
import type { SecretMap, SecretsAnswer, SecretWrites } from '../../protocol/messages.ts';
import type { Finding } from '../../protocol/records.ts';

type Settings = NonNullable<Config['publish']['secrets']>;
type Seen = SecretsAnswer['secrets'][number];

/** Of all values of one Secret, in bytes (kubernetes.io/docs/concepts/configuration/secret, restriction on data size). */
export const MAX_BYTES = 1024 * 1024;
/** From here on an alarm: about 7,000 people, while adding one more still works. */
export const ALARM_BYTES = 0.7 * MAX_BYTES;
/** Maximum number of accounts that are named. */
const NAMED = 5;

/** The text of each map, latin1. */
export type Maps = Readonly<Record<SecretMap, string>>;

export type SecretDecision =
  | { readonly action: 'keep' }
  | { readonly action: 'write'; readonly write: SecretWrites[number] }
  | { readonly action: 'hold'; readonly problem: Finding };

/**
 * All of them, by name. While passwd is held for accounts that would be lost, nothing else is written either: their keys
 * and groups would be gone first.
 */
export function decideSecrets(
  seen: readonly Seen[],
  wanted: Maps,
  settings: Settings,
  isFilledBefore: (name: string) => boolean,
): Map<string, SecretDecision> {
  const decisions = new Map<string, SecretDecision>();
  for (const [name, maps] of groupMaps(settings)) {
    const found = seen.find((one) => one.name === name) ?? missing(name);
    // What this publisher has filled once is not held for what another program put there since.
    const losses = isFilledBefore(name) ? 'accept' : settings.losses;
    decisions.set(name, decideSecret(found, wanted, maps, losses));
  }
  const held = [...decisions.values()].find(
    (one) => one.action === 'hold' && HOLDS_ALL.has(one.problem.code),
  );
  if (held !== undefined)
    for (const [name, { action }] of decisions) if (action === 'write') decisions.set(name, held);
  return decisions;
}

const HOLDS_ALL: ReadonlySet<string> = new Set(['secret-losses', 'secret-empty']);

function missing(name: string): Seen {
  const problem = { code: 'api-answer', detail: `the reader did not answer for the Secret ${name}` };
  return { name, version: null, isUnaltered: false, bytes: 0, maps: [], problem };
}

/** The maps that each Secret has, by its name. */
export function groupMaps(settings: Settings): Map<string, SecretMap[]> {
  const names = new Map<string, SecretMap[]>();
  for (const map of ['passwd', 'group', 'shadow', 'sshkey'] as const) {
    const { secret } = settings[map];
    names.set(secret, [...(names.get(secret) ?? []), map]);
  }
  return names;
}

/** Bytes of a Secret’s values. */
export function sizeOf(wanted: Maps, maps: readonly SecretMap[]): number {
  return maps.reduce((sum, map) => sum + wanted[map].length, 0);
}

/**
 * One Secret. An empty passwd is never written, since it would refuse everyone; nor is one that takes accounts away which
 * another program published, or gives them another uid, unless `losses` is `accept`.
 */
function decideSecret(
  seen: Seen,
  wanted: Maps,
  maps: readonly SecretMap[],
  losses: Settings['losses'],
): SecretDecision {
  const { name, version } = seen;
  if (seen.problem !== null || version === null)
    return hold(seen.problem?.code ?? 'api-answer', seen.problem?.detail ?? 'it has no version');
  if (isSame(seen, wanted, maps)) return { action: 'keep' };
  if (maps.includes('passwd') && wanted.passwd === '')
    return hold('secret-empty', `there is no account to write into the Secret ${name}, which stays as it is`);
  const bytes = sizeOf(wanted, maps);
  if (bytes > MAX_BYTES)
    return hold(
      'secret-too-large',
      `the Secret ${name} would have ${bytes} bytes, and may have ${MAX_BYTES}: it stays as it is; move to followers on a volume, or give each map a Secret of its own`,
    );
  const problem = losses === 'hold' && !seen.isUnaltered ? findLosses(seen, wanted) : null;
  if (problem !== null) return { action: 'hold', problem };
  return { action: 'write', write: { name, version, maps: maps.map((map) => encode(map, wanted[map])) } };
}

function hold(code: string, detail: string): SecretDecision {
  return { action: 'hold', problem: { code, detail } };
}

function isSame(seen: Seen, wanted: Maps, maps: readonly SecretMap[]): boolean {
  const hashes = new Map(seen.maps.map((one) => [one.map, one.hash]));
  // What has the same text and was not signed by the annotation is written once, so that later changes show.
  return (
    seen.isUnaltered &&
    maps.every((map) => hashes.get(map) === hash('sha256', Buffer.from(wanted[map], 'latin1'), 'hex'))
  );
}

function encode(map: SecretMap, text: string): SecretWrites[number]['maps'][number] {
  return { map, data: Buffer.from(text, 'latin1').toString('base64') };
}

/** Accounts that another program published and that would be gone, or have another uid. */
function findLosses(seen: Seen, wanted: Maps): Finding | null {
  const data = seen.maps.find(({ map }) => map === 'passwd')?.data ?? null;
  if (data === null) return null;
  const after = readUids(wanted.passwd);
  const before = readUids(Buffer.from(data, 'base64').toString('latin1'));
  const gone = [...before.keys()].filter((account) => !after.has(account));
  const moved = [...before].filter(([account, uid]) => after.has(account) && after.get(account) !== uid);
  if (gone.length === 0 && moved.length === 0) return null;
  const say = (names: readonly string[]): string =>
    names.slice(0, NAMED).join(', ') + (names.length > NAMED ? ' and others' : '');
  const parts = [
    ...(gone.length === 0 ? [] : [`${sayCount(gone.length, 'account')} would be gone (${say(gone)})`]),
    ...(moved.length === 0
      ? []
      : [`${sayCount(moved.length, 'account')} would get another uid (${say(moved.map(([one]) => one))})`]),
  ];
  return {
    code: 'secret-losses',
    detail: `the Secret ${seen.name} is another program’s, and stays as it is: ${parts.join(', ')}; take them over with sunk-agent import, or set publish.secrets.losses: accept`,
  };
}

function readUids(passwd: string): Map<string, string> {
  const uids = new Map<string, string>();
  for (const line of passwd.split('\n')) {
    const [name = '', , uid = ''] = line.split(':');
    if (name !== '' && !uids.has(name)) uids.set(name, uid);
  }
  return uids;
}
