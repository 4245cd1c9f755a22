// When the ledger was lost: bindings worked out anew from accounts and groups that bear our mark and agree with the store.
import { readOperatorOverrides, resolveAccess } from '../access.ts';
import { readIdentity, resolveClashes, collectAllocations, type Candidate } from './allocations.ts';
import type { DesiredStateInput } from '../desired-state.ts';
import type { Binding, NodeFacts } from '../model.ts';
import { findWanted } from '../groups.ts';
import { chooseId } from './ids.ts';
import { isReservedId, isReservedName } from './reserved.ts';
import { foldDomains, readGroupName } from './username.ts';

/**
 * The bindings that the ledger should have: of people whose name and uid a line of the marker group bears, whatever
 * the store says of them now (who is inactive there must be closed here), and of groups whose name and gid agree and
 * in which nobody is but people of ours. The account keeps its primary gid and home.
 */
export function adoptLost(question: DesiredStateInput): Binding[] {
  const { marked = [] } = question.facts;
  const accounts = marked.length === 0 ? [] : adoptAccounts(question, marked);
  return [...accounts, ...adoptGroups(question, accounts)];
}

function adoptAccounts(question: DesiredStateInput, marked: NonNullable<NodeFacts['marked']>): Binding[] {
  const { users, bindings, facts, config, now, blocked } = question;
  const words = readOperatorOverrides(config, blocked);
  const known = new Map(
    bindings.flatMap((one) => (one.kind === 'account' ? [[one.scimId, one] as const] : [])),
  );
  const ground = collectAllocations(config, facts, known, foldDomains(config.accounts.domains));
  const lines = new Map(marked.map((line) => [line.name, line]));
  const candidates: Candidate[] = [];
  for (const { record } of users) {
    if (known.has(record.id)) continue;
    const reading = readIdentity(record, words.rulesFor(record, null).uid, ground, new Set());
    if (reading.ok && lines.get(reading.identity.name)?.uid === reading.identity.uid)
      candidates.push({ record, identity: reading.identity });
  }
  const clashes = resolveClashes(candidates, config.accounts.home);
  return candidates.flatMap(({ record, identity: { name, uid, gid, home } }) => {
    const line = lines.get(name);
    if (clashes.has(record.id) || line === undefined) return [];
    const kept = { gid: line.gid ?? gid, home: line.dir ?? home };
    return [{ scimId: record.id, kind: 'account', name, id: uid, ...kept, boundAt: now, disabledAt: null }];
  });
}

/** @param adopted accounts that were lost and are ours again. */
function adoptGroups(question: DesiredStateInput, adopted: readonly Binding[]): Binding[] {
  const { groups, bindings, facts, config, now } = question;
  const bound = bindings.filter(({ kind }) => kind === 'group');
  const known = new Set(bound.map(({ scimId }) => scimId));
  const taken = new Set(bound.map(({ name }) => name));
  const local = new Map(facts.foreignGroups.map((group) => [group.name, group]));
  const wanted = findWanted({ groups, access: resolveAccess(config.access, groups), config });
  const found = new Map<string, Binding | null>();
  let ours: ReadonlySet<string> | null = null;
  for (const record of wanted.keys()) {
    const reading = readGroupName(record.name);
    if (known.has(record.id) || !reading.ok || taken.has(reading.name)) continue;
    const { name } = reading;
    const line = local.get(name);
    const id = chooseId('gid', record.id, record.gid, config.accounts);
    if (line === undefined || !id.ok || id.id !== line.gid || isReservedName(name) || isReservedId(id.id))
      continue;
    ours ??= listOurs(question, adopted);
    if (!(line.members ?? []).every((member) => ours?.has(member))) continue;
    const binding = {
      kind: 'group',
      name,
      id: id.id,
      gid: null,
      home: null,
      boundAt: now,
      disabledAt: null,
    } as const;
    // Two that come out with one name: whose it was cannot be told any more.
    found.set(name, found.has(name) ? null : { scimId: record.id, ...binding });
  }
  return [...found.values()].flatMap((binding) => binding ?? []);
}

function listOurs({ bindings, facts }: DesiredStateInput, adopted: readonly Binding[]): Set<string> {
  const ours = new Set((facts.marked ?? []).map(({ name }) => name));
  for (const { kind, name } of [...bindings, ...adopted]) if (kind === 'account') ours.add(name);
  return ours;
}
