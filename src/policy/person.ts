// One person that this node knows, as access and ledger have them.
import type { Config } from '../config/config.ts';
import {
  findDisabledBecause,
  type OperatorOverrides,
  type PersonalRules,
  type ResolvedAccess,
} from './access.ts';
import { foldDomains, readUsername } from './identity/username.ts';
import type { Binding, DisabledBecause, StoredUser } from './model.ts';

/** One person that the node knows: bound, or in an access group. */
export interface Person {
  readonly user: StoredUser;
  readonly rules: PersonalRules;
  readonly binding: Binding | null;
  /** null: may log in. */
  readonly disabled: DisabledBecause | null;
  /** Whether the store lets them log in, whatever operators of this node decided. */
  readonly isEnabledByStore: boolean;
}

/** The people that this node knows (bound, or in an access group), and the other users of the store. */
export function selectPeople(input: {
  readonly users: readonly StoredUser[];
  /** Those of accounts, by SCIM id. */
  readonly bindings: ReadonlyMap<string, Binding>;
  readonly access: ResolvedAccess;
  /** What grants that ended lately gave. */
  readonly ended: ReadonlySet<string>;
  readonly overrides: OperatorOverrides;
  readonly config: Config;
}): { readonly people: readonly Person[]; readonly others: readonly StoredUser[] } {
  const { users, bindings, access, overrides, config } = input;
  const lapsed = listLapsed(access, input.ended);
  const people: Person[] = [];
  const others: StoredUser[] = [];
  const domains = foldDomains(config.accounts.domains);
  const nameNewcomer = ({ username }: StoredUser['record']): string | null => {
    const reading = readUsername(username, domains);
    return reading.ok ? reading.name : null;
  };
  for (const user of users) {
    const { record, absent } = user;
    const binding = bindings.get(record.id) ?? null;
    const member = access.members.has(record.id);
    if (binding === null && (!member || absent)) {
      if (!absent) others.push(user);
      continue;
    }
    const rules = overrides.rulesFor(record, binding?.name ?? nameNewcomer(record));
    const listed = overrides.isListed(record.userName);
    const { active } = record;
    const reason = findDisabledBecause({ block: rules.block, active, absent, member, listed });
    const disabled = reason === 'no-access-group' && lapsed.has(record.id) ? 'grant-ended' : reason;
    const isEnabledByStore = active && !absent && member;
    people.push({ user, rules, binding, disabled, isEnabledByStore });
  }
  return { people, others };
}

/** Who was in an access group by a grant that ended lately. */
function listLapsed({ accessGroups }: ResolvedAccess, ended: ReadonlySet<string>): ReadonlySet<string> {
  const ids = new Set(accessGroups.map(({ id }) => id));
  return new Set(
    [...ended].flatMap((one) => {
      const [person = '', group = ''] = one.split('\n');
      return ids.has(group) ? [person] : [];
    }),
  );
}
