// From records, ledger, configuration and time to the host as it should be; the order of input never matters.
import type { Config } from '../config/config.ts';
import { findDisabledBecause, readOperatorOverrides, resolveAccess } from './access.ts';
import { buildAccounts } from './accounts.ts';
import { collectAllocations } from './identity/allocations.ts';
import type {
  Binding,
  DesiredAccount,
  DesiredState,
  Leftover,
  StoredGroup,
  StoredUser,
  NodeFacts,
  Refusal,
} from './model.ts';
import type { Extension } from './extension.ts';
import { memoizeLast } from './memo.ts';
import { chooseGroups } from './groups.ts';
import { resolveIdentities } from './identity/identities.ts';
import type { Person } from './person.ts';
import { NO_KEYS, resolveKeys } from './keys/person-keys.ts';
import { findMembers, listEnabled } from './group-members.ts';
import { readKeys, type KeyReading } from './keys/ssh-key.ts';
import { renderSudoers } from './sudoers.ts';
import { findNotInStore } from './unknown.ts';
import { foldDomains, readUsername } from './identity/username.ts';
import { compareText } from './identity/precedence.ts';

/** A store not heard for longer grants no sudo, in seconds. */
const SUDO_AGE = 86_400;

export interface DesiredStateInput {
  readonly users: readonly StoredUser[];
  readonly groups: readonly StoredGroup[];
  readonly bindings: readonly Binding[];
  readonly facts: NodeFacts;
  readonly config: Config;
  /** Epoch seconds. */
  readonly now: number;
  /** Names, userNames, SCIM ids and fingerprints that operators blocked. */
  readonly blocked: readonly string[];
  /** The last complete pass, epoch seconds, null if there was none; more than a day ago: nobody has sudo. */
  readonly completeAt?: number | null;
  /** What operators extended in an emergency, by SCIM id. */
  readonly extensions?: ReadonlyMap<string, Extension>;
  /**
   * Whether the records are all that the store has: it was read from end to end just now, and once before. Otherwise
   * nothing follows from what is not among them.
   */
  readonly isComplete?: boolean;
  /** Reads the keys of whoever brings no readings; must answer as `readKeys` of ssh-key.ts would. */
  readonly readKeys?: (texts: readonly string[]) => KeyReading[];
}

/** The host as it should be. Pure: equal arguments, in any order, give an equal answer. */
export function computeDesiredState(input: DesiredStateInput): DesiredState {
  const { users, groups, config, facts, now } = input;
  const access = resolveAccess(config.access, groups);
  const domains = foldOnce(config.accounts.domains);
  const ledger = indexLedger(input.bindings);
  const choice = chooseGroups({
    groups,
    access,
    bindings: ledger.groups,
    primaryGids: ledger.primaryGids,
    facts,
    config,
    now,
  });
  const sudoGids = choice.chosen.filter(({ sudo }) => sudo).map(({ gid }) => gid);

  const words = readOperatorOverrides(config, input.blocked);
  const people: Person[] = [];
  const others: StoredUser[] = [];
  for (const user of users) {
    const { record, absent } = user;
    const binding = ledger.accounts.get(record.id) ?? null;
    const member = access.members.has(record.id);
    if (binding === null && (!member || absent)) {
      if (!absent) others.push(user);
      continue;
    }
    const rules = words.rulesFor(record, binding?.name ?? null);
    const listed = words.isListed(record.userName);
    const closed = findDisabledBecause({ block: rules.block, active: record.active, absent, member, listed });
    people.push({ user, rules, binding, closed, identity: null, keys: NO_KEYS });
  }
  const ground = surveyOnce(config, facts, ledger.accounts, domains);
  const refusedPeople = resolveIdentities(people, ground, new Set(sudoGids), input.blocked);
  resolveKeys(people, others, {
    policy: config.keys,
    blocked: words.fingerprints,
    facts,
    readKeys: input.readKeys ?? readKeys,
  });
  const built = buildAccounts(people, input);
  const refusals = [
    ...access.refusals,
    ...choice.refusals,
    ...refusedPeople,
    ...built.refusals,
    ...findStrangers(facts.published?.accounts ?? [], people, domains),
  ];
  const isMarkerTaken = facts.foreignGroups.some(
    ({ name, gid }) => name === config.accounts.primary_group || gid === config.accounts.primary_gid,
  );
  if (isMarkerTaken) refusals.push(MARKER_TAKEN);
  // With a marker that is somebody else's nobody new comes in, nothing is altered; only closing goes on.
  const accounts = isMarkerTaken
    ? built.accounts.filter(({ disabled: closed }) => closed !== null)
    : built.accounts;
  const roster = listEnabled(accounts);
  // A clock that was set back makes nothing younger.
  const isHeard =
    input.completeAt === undefined ||
    (input.completeAt !== null && Math.abs(now - input.completeAt) <= SUDO_AGE);
  return {
    managedGroup: {
      name: config.accounts.primary_group,
      gid: config.accounts.primary_gid,
      members: accounts.filter(({ needsManagedGroup }) => needsManagedGroup).map(({ entry }) => entry.name),
    },
    accounts,
    groups: choice.chosen
      .map(({ record, name, gid, sudo }) => ({
        scimId: record.id,
        name,
        gid,
        members: findMembers(record, roster),
        ...(sudo ? { sudo } : {}),
      }))
      .sort((a, b) => compareText(a.name, b.name)),
    sudoers: isHeard && !isMarkerTaken ? renderSudoers(sudoGids) : '',
    bindings: [...built.bindings, ...choice.bindings].sort(
      (a, b) => compareText(a.kind, b.kind) || compareText(a.scimId, b.scimId),
    ),
    leftovers: [
      ...choice.leftovers,
      ...built.leftovers,
      ...findSilent(ledger.accounts, people, config, now),
      ...findNotInStore(facts, built.accounts, input.isComplete === true),
      ...(isMarkerTaken ? leaveOpen(built.accounts) : []),
    ].sort(
      (a, b) => compareText(a.kind, b.kind) || compareText(a.name, b.name) || compareText(a.fate, b.fate),
    ),
    makesHomes: config.accounts.homes === 'create',
    hasHook: config.offboarding.hook !== null,
    refusals: refusals.sort(compareRefusals),
  };
}

const foldOnce = memoizeLast(foldDomains);
const surveyOnce = memoizeLast(collectAllocations);

/** Bindings by SCIM id, and all gids that are somebody's primary one. */
const indexLedger = memoizeLast((bindings: readonly Binding[]) => {
  const accounts = new Map<string, Binding>();
  const groups = new Map<string, Binding>();
  const primaryGids = new Set<number>();
  for (const binding of bindings) {
    if (binding.kind === 'account' && binding.gid !== null) primaryGids.add(binding.gid);
    (binding.kind === 'account' ? accounts : groups).set(binding.scimId, binding);
  }
  return { accounts, groups, primaryGids };
});

const MARKER_TAKEN: Refusal = {
  scimId: '',
  kind: 'Group',
  code: 'marker-taken',
  detail:
    'a local group has the name or gid of accounts.primary_group: nobody is let in until one of them changes',
};

/** What another program publishes on this node, and nobody whom the store lets in has the name. */
function findStrangers(
  published: readonly { readonly name: string; readonly uid: number }[],
  people: readonly Person[],
  domains: ReadonlySet<string>,
): Refusal[] {
  if (published.length === 0) return [];
  const names = new Set<string>();
  for (const { user, identity } of people) {
    if (identity !== null) names.add(identity.name);
    const reading = readUsername(user.record.username, domains);
    if (reading.ok) names.add(reading.name);
  }
  return published
    .filter(({ name }) => !names.has(name))
    .map(({ name, uid }) => ({
      scimId: '',
      kind: 'User',
      code: 'published-unknown',
      detail: `this node resolves ${name} with the uid ${uid}, and nobody whom the store lets in has that name`,
    }));
}

/** Bound accounts of which the mirror has no record: left alone, but for a closed one whose time is over. */
function findSilent(
  bindings: ReadonlyMap<string, Binding>,
  people: readonly Person[],
  config: Config,
  now: number,
): Leftover[] {
  const known = people.filter(({ binding }) => binding !== null);
  if (known.length === bindings.size) return [];
  const heard = new Set(known.map(({ user }) => user.record.id));
  const silent: Leftover[] = [];
  for (const [scimId, binding] of bindings) {
    if (heard.has(scimId)) continue;
    const isOver = binding.disabledAt !== null && now >= binding.disabledAt + config.accounts.retention;
    silent.push({ scimId, kind: 'account', name: binding.name, fate: isOver ? 'remove' : 'leave' });
  }
  return silent;
}

function leaveOpen(accounts: readonly DesiredAccount[]): Leftover[] {
  return accounts
    .filter(({ disabled: closed }) => closed === null)
    .map(({ scimId, entry }) => ({ scimId, kind: 'account', name: entry.name, fate: 'leave' }));
}

function compareRefusals(a: Refusal, b: Refusal): number {
  return (
    compareText(a.kind, b.kind) ||
    compareText(a.scimId, b.scimId) ||
    compareText(a.code, b.code) ||
    compareText(a.detail, b.detail)
  );
}
