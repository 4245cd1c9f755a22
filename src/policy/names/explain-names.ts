// For each person of the store: which account name they have or get, and why; or why none, and what makes it work.
import type { Config } from '../../config/config.ts';
import { compare } from '../../common/text/compare.ts';
import { collectAllocations } from '../identity/allocations.ts';
import { findNameFault } from '../identity/faults.ts';
import { foldDomains, readUsername } from '../identity/username.ts';
import type { Binding, DesiredState, NodeFacts, Refusal, StoredUser } from '../model.ts';
import { suggestName } from './suggest-name.ts';

export interface NameFact {
  readonly scimId: string;
  readonly userName: string;
  /** null: the person gets none. */
  readonly name: string | null;
  readonly uid: number | null;
  /**
   * `bound`: the ledger has it. `granted`: the next sync grants it. `no-access`: what it would be, were the person in an
   * access group. `refused`: the person gets no account.
   */
  readonly status: 'bound' | 'granted' | 'no-access' | 'refused';
  /** Where the name comes from, or why there is none. */
  readonly why: string;
  /** Of a refusal; else null. */
  readonly code: string | null;
  /** What makes it work; null: nothing to do, or it does not depend on the name. */
  readonly fix: string | null;
}

export interface NameQuestion {
  readonly users: readonly StoredUser[];
  readonly bindings: readonly Binding[];
  readonly desired: DesiredState;
  readonly facts: NodeFacts;
  readonly config: Config;
}

/** Refusals that leave a person without an account. */
const HARMLESS = /^(?:key-|shell-refused|uid-kept|gid-kept|home-kept|rename-kept)/;

/** Sorted by userName. */
export function explainNames(question: NameQuestion): NameFact[] {
  const { users, bindings, desired } = question;
  const accounts = bindings.filter(({ kind }) => kind === 'account');
  const bound = new Map(accounts.map((binding) => [binding.scimId, binding]));
  const granted = new Map(desired.accounts.map((account) => [account.scimId, account]));
  const refused = Map.groupBy(desired.refusals, ({ scimId }) => scimId);
  const advise = createAdvice(question, accounts);
  return users
    .filter(({ absent }) => !absent)
    .map((user): NameFact => {
      const { id: scimId, userName, username } = user.record;
      const common = { scimId, userName, code: null, fix: null };
      const account = granted.get(scimId)?.entry;
      const refusal = refused.get(scimId)?.find(({ kind, code }) => kind === 'User' && !HARMLESS.test(code));
      const binding = bound.get(scimId);
      if (binding !== undefined) {
        const { name, id: uid } = binding;
        return { ...common, name, uid, status: 'bound', why: 'the ledger binds it' };
      }
      const origin = `from ${username ?? userName}`;
      if (account !== undefined)
        return { ...common, name: account.name, uid: account.uid, status: 'granted', why: origin };
      const fault = refusal ?? findFault(user, question);
      if (fault !== null) {
        const { code, detail } = fault;
        return {
          ...common,
          name: null,
          uid: null,
          status: 'refused',
          why: detail,
          code,
          fix: advise(user, code),
        };
      }
      const name = readName(user, question.config);
      return {
        ...common,
        name,
        uid: user.record.uid,
        status: 'no-access',
        why: `${origin}; is in no access group`,
      };
    })
    .sort((a, b) => compare(a.userName, b.userName) || compare(a.scimId, b.scimId));
}

/** Why the name of a person without access would be refused, by its spelling alone. */
function findFault(
  { record }: StoredUser,
  { config }: NameQuestion,
): Pick<Refusal, 'code' | 'detail'> | null {
  const reading = readUsername(record.username, foldDomains(config.accounts.domains));
  return reading.ok ? null : reading;
}

function readName({ record }: StoredUser, { accounts }: Config): string | null {
  const reading = readUsername(record.username, foldDomains(accounts.domains));
  return reading.ok ? reading.name : null;
}

/**
 * The one step after which this person gets an account by name: a further domain, if that is enough, else a name in
 * `overrides`.
 */
export function createAdvice(
  { users, facts, desired, config }: NameQuestion,
  accounts: readonly Binding[],
): (user: StoredUser, code: string) => string | null {
  // A uid of before does not matter to a name.
  const allocations = collectAllocations(config, facts, accounts, []);
  const domains = foldDomains(config.accounts.domains);
  const taken = new Set([
    ...accounts.map(({ name }) => name.toLowerCase()),
    ...desired.accounts.map(({ entry }) => entry.name),
    ...users.flatMap((user) => readName(user, config) ?? []),
  ]);
  const given = new Set<string>();
  const isFree = (name: string): boolean =>
    !taken.has(name) && !given.has(name) && findNameFault(name, allocations) === null;
  return ({ record }, code) => {
    if (!code.startsWith('name-')) return null;
    const username = record.username ?? record.userName;
    const domain = username.split('@')[1]?.toLowerCase();
    const wider = domain === undefined ? null : readUsername(username, new Set([...domains, domain]));
    const name = suggestName(username, isFree) ?? suggestName(`user_${record.id}`, isFree);
    if (name === null) return null;
    const override = `add to overrides: - { id: ${JSON.stringify(record.id)}, account: ${name} }`;
    const isEnough = code === 'name-domain' && wider?.ok === true && isFree(wider.name);
    given.add(name);
    if (isEnough)
      return `if people of ${domain} may have accounts, add ${JSON.stringify(domain)} to accounts.domains; else ${override}`;
    return override;
  };
}
