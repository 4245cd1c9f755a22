// Revokes a person, or a key, at once: keys, account, sessions; without a sync, the store or the sync lock.
import type { Config } from '../../config/config.ts';
import { AgentError } from '../../common/errors.ts';
import type { Applied, Host } from '../../host/host.ts';
import type { Change } from '../../plan/change.ts';
import { chooseId } from '../../policy/identity/ids.ts';
import { DISABLED_SHELL } from '../../policy/accounts.ts';
import { findLatestEnd } from '../../plan/plan-keys.ts';
import { listFingerprints, readKeyFile } from '../../policy/keys/key-file-lines.ts';
import type { Binding, StoredUser } from '../../policy/model.ts';
import type { StateDatabase } from '../../state/state.ts';
import { findPerson } from './find-person.ts';

/** What is known of people; null where the state database cannot be read, and the managed group has to do. */
export type Known = { users(): readonly StoredUser[]; bindings(): readonly Binding[] } | null;

export interface RevokeOutcome {
  /** Accounts that are concerned, by name; empty: no account on this node (yet). */
  readonly names: readonly string[];
  /** Each change that was tried, for the history of the sync that follows. */
  readonly applied: readonly Applied[];
  /** What could not be done, one sentence each. */
  readonly problems: readonly string[];
  /** Keys that left a key file, for `recordLostKeys`. */
  readonly lost: readonly LostKey[];
}

export interface LostKey {
  /** Name of the account. */
  readonly name: string;
  readonly fingerprint: string;
}

const BECAUSE = 'an operator blocked this person';

/**
 * Revokes the person that an entry of the block list means. What a sync under way writes after this, the next one
 * removes; the account stays disabled meanwhile.
 * @throws AgentError refused: it is a local account, which is not managed.
 */
export async function revokeNow(
  entry: string,
  config: Config,
  host: Host,
  known: Known,
): Promise<RevokeOutcome> {
  const changes = entry.startsWith('SHA256:')
    ? takeKey(entry, host)
    : closePerson(findName(entry, config, host, known), host);
  const lost = listLost(changes, host);
  const applied = await host.apply(changes);
  return {
    names: [...new Set(changes.map(({ name }) => name))],
    applied,
    problems: applied.flatMap((result) =>
      result.ok ? [] : [`${result.change.kind} ${result.change.name}: ${result.problem}`],
    ),
    lost,
  };
}

function listLost(changes: readonly Change[], host: Host): LostKey[] {
  return changes.flatMap((change) => {
    const { kind, name } = change;
    const lost =
      kind === 'keys-remove'
        ? listFingerprints(host.keyFile(name) ?? '')
        : kind === 'keys-write'
          ? change.lost
          : [];
    return lost.map((fingerprint) => ({ name, fingerprint }));
  });
}

/** Keeps for the time after the block whose keys they were: no key file tells any more. */
export function recordLostKeys(
  state: Pick<StateDatabase, 'bindings' | 'firstOwners' | 'recordFirstOwners'>,
  lost: readonly LostKey[],
): void {
  if (lost.length === 0) return;
  const accounts = state.bindings().filter(({ kind }) => kind === 'account');
  const ids = new Map(accounts.map(({ name, scimId }) => [name, scimId]));
  const owned = new Set(state.firstOwners().map(({ fingerprint }) => fingerprint));
  const remember = lost.flatMap(({ name, fingerprint }) => {
    const scimId = ids.get(name);
    return scimId === undefined || owned.has(fingerprint) ? [] : [{ fingerprint, scimId }];
  });
  state.recordFirstOwners({ remember, forget: [] });
}

/**
 * The account's name; null: no managed account on this node.
 * @throws AgentError refused
 */
export function findName(entry: string, config: Config, host: Host, known: Known): string | null {
  const person = known === null ? null : findPerson(entry, known.users(), known.bindings(), config);
  const name = person?.name ?? entry;
  const there = host.lookUp(name);
  if (there === null) return null;
  const { uid } = there.account.entry;
  const binding = known?.bindings().find((one) => one.kind === 'account' && one.name === name);
  if (binding?.id === uid) return name;
  // Without a ledger that could say so: the managed group, and what the store says where that is known.
  const isOfStore = known === null || (person !== null && hasUid(person.user, uid, config));
  if (there.isManaged && isOfStore) return name;
  throw new AgentError(
    'refused',
    `${name} is a local account of this node, which sunk-agent does not manage, so it is not blocked`,
    {
      hint: `usermod --expiredate 1 ${name} disables it; its own ~/.ssh/authorized_keys stays`,
    },
  );
}

function hasUid({ record }: StoredUser, uid: number, config: Config): boolean {
  const id = chooseId('uid', record.id, record.uid, config.accounts);
  return id.ok && id.id === uid;
}

function closePerson(name: string | null, host: Host): Change[] {
  const there = name === null ? null : host.lookUp(name);
  if (name === null || there === null) return [];
  const { entry } = there.account;
  const common = { scimId: null, name, because: BECAUSE };
  return [
    { ...common, kind: 'keys-remove' },
    { ...common, kind: 'account-close', entry: { ...entry, shell: DISABLED_SHELL }, reason: 'blocked' },
    { ...common, kind: 'sessions-end', uid: entry.uid },
  ];
}

/** Takes the key's line out of every file that has it. Sessions that it opened are the operator's to end. */
function takeKey(fingerprint: string, host: Host): Change[] {
  return [...host.keyFiles()].flatMap(([name, text]): Change[] => {
    const lines = readKeyFile(text);
    const kept = lines.filter((line) => line.fingerprint !== fingerprint);
    if (!text.includes('\n') || kept.length === lines.length) return [];
    const common = { scimId: null, name, because: 'an operator blocked this key' };
    const rest = kept.map((line) => line.text).join('\n');
    const until = findLatestEnd(kept.filter((line) => line.fingerprint !== null));
    return rest.trim() === ''
      ? [{ ...common, kind: 'keys-remove' }]
      : [{ ...common, kind: 'keys-write', text: rest, until, gained: [], lost: [fingerprint] }];
  });
}
