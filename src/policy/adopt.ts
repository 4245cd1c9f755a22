// When the ledger was lost: bindings worked out anew from accounts and groups that bear our mark and agree with the store.
import type { Config } from '../config.ts';
import { resolveAccess } from './access.ts';
import { readIdentity, settleClashes, surveyGround, type Candidate } from './claims.ts';
import type { Binding, MirroredGroup, MirroredUser, NodeFacts } from './desired.ts';
import { findWanted } from './groups.ts';
import { chooseId } from './ids.ts';
import { isReservedId, isReservedName } from './reserved.ts';
import { foldDomains, readGroupName } from './username.ts';

export interface AdoptQuestion {
  readonly users: readonly MirroredUser[];
  readonly groups: readonly MirroredGroup[];
  /** What the ledger still knows. */
  readonly bindings: readonly Binding[];
  /** Gathered with these bindings. */
  readonly facts: NodeFacts;
  readonly config: Config;
  /** Epoch seconds. */
  readonly now: number;
}

/**
 * The bindings that the ledger should have: of people whose name and uid a line of the marker group bears, whatever
 * the store says of them now (who is inactive there must be closed here), and of groups whose name and gid agree and
 * in which nobody is but people of ours. The account keeps its primary gid and home.
 */
export function adoptLost(question: AdoptQuestion): Binding[] {
  const { marked = [] } = question.facts;
  const accounts = marked.length === 0 ? [] : adoptAccounts(question, marked);
  const ours = new Set(
    [...question.bindings, ...accounts].filter(({ kind }) => kind === 'account').map(({ name }) => name),
  );
  for (const { name } of marked) ours.add(name);
  return [...accounts, ...adoptGroups(question, ours)];
}

function adoptAccounts(question: AdoptQuestion, marked: NonNullable<NodeFacts['marked']>): Binding[] {
  const { users, bindings, facts, config, now } = question;
  const known = new Map(
    bindings.flatMap((one) => (one.kind === 'account' ? [[one.scimId, one] as const] : [])),
  );
  const ground = surveyGround(config, facts, known, foldDomains(config.accounts.domains), new Set());
  const lines = new Map(marked.map((line) => [line.name, line]));
  const candidates: Candidate[] = [];
  for (const { record } of users) {
    if (known.has(record.id)) continue;
    const pinned = config.overrides.find(
      ({ id, name, uid }) =>
        uid !== undefined && (id === record.id || name?.toLowerCase() === record.userName.toLowerCase()),
    );
    const reading = readIdentity(record, pinned?.uid ?? null, ground);
    if (reading.ok && lines.get(reading.identity.name)?.uid === reading.identity.uid)
      candidates.push({ record, identity: reading.identity });
  }
  const clashes = settleClashes(candidates, config.accounts.home);
  return candidates.flatMap(({ record, identity: { name, uid, gid, home } }) => {
    const line = lines.get(name);
    if (clashes.has(record.id) || line === undefined) return [];
    const kept = { gid: line.gid ?? gid, home: line.dir ?? home };
    return [{ scimId: record.id, kind: 'account', name, id: uid, ...kept, boundAt: now, closedAt: null }];
  });
}

function adoptGroups(question: AdoptQuestion, ours: ReadonlySet<string>): Binding[] {
  const { groups, bindings, facts, config, now } = question;
  const bound = bindings.filter(({ kind }) => kind === 'group');
  const known = new Set(bound.map(({ scimId }) => scimId));
  const taken = new Set(bound.map(({ name }) => name));
  const local = new Map(facts.foreignGroups.map((group) => [group.name, group]));
  const wanted = findWanted({ groups, access: resolveAccess(config.access, groups), config });
  const found = new Map<string, Binding | null>();
  for (const record of wanted.keys()) {
    const reading = readGroupName(record.name);
    if (known.has(record.id) || !reading.ok || taken.has(reading.name)) continue;
    const { name } = reading;
    const line = local.get(name);
    const id = chooseId('gid', record.id, record.gid, config.accounts);
    if (line === undefined || !id.ok || id.id !== line.gid || isReservedName(name) || isReservedId(id.id))
      continue;
    if (!(line.members ?? []).every((member) => ours.has(member))) continue;
    const binding = {
      kind: 'group',
      name,
      id: id.id,
      gid: null,
      home: null,
      boundAt: now,
      closedAt: null,
    } as const;
    // Two that come out with one name: whose it was cannot be told any more.
    found.set(name, found.has(name) ? null : { scimId: record.id, ...binding });
  }
  return [...found.values()].flatMap((binding) => binding ?? []);
}
