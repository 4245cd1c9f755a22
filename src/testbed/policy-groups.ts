// The groups of the console and the policies that groups carry: a legacy organisation has five by default, whose names are taken.
import { ScimError } from './protocol/scim-error.ts';

export interface PolicyGroup {
  readonly name: string;
  readonly policies: readonly string[];
  /** One of the five that a legacy organisation was born with. */
  readonly isDefault: boolean;
}

export interface PolicyGroups {
  list(): readonly PolicyGroup[];
  /** Whether a default group still bears this name. */
  isTaken(name: string): boolean;
  /** @throws ScimError 409 if there is one of that name. */
  create(name: string, policies: readonly string[]): PolicyGroup;
  /**
   * Gives a group these policies in place of those that it had.
   * @throws ScimError 404; 409 for a default group, and where no one would have some policy any more.
   */
  change(name: string, policies: readonly string[]): void;
  /** @throws ScimError 404; 409 while it alone carries some policy, because no one would have it any more. */
  remove(name: string): void;
  /** The policies of a pushed group, by its SCIM id: a later group of that name has none of them. */
  policiesOf(id: string): readonly string[];
  /** Gives a pushed group these policies, in place of those that it had. */
  attach(id: string, policies: readonly string[]): void;
  dump(): PolicyGroupsDump;
  restore(dump: PolicyGroupsDump): void;
}

/** Everything of it as plain data. */
export interface PolicyGroupsDump {
  readonly groups: readonly PolicyGroup[];
  /** Policies by the SCIM id of a pushed group. */
  readonly attached: Readonly<Record<string, readonly string[]>>;
}

const DEFAULT_GROUPS = ['admin', 'metrics', 'read', 'write', 'billing_viewer'];

/** Who has this one may see and change everything in the console. */
export const ADMIN_POLICY = 'admin-policy';

/** Every policy that there is. */
export const POLICIES: readonly string[] = DEFAULT_GROUPS.map((name) => `${name}-policy`);

export function createPolicyGroups(): PolicyGroups {
  let groups = new Map<string, PolicyGroup>(
    DEFAULT_GROUPS.map((name) => [name, { name, policies: [`${name}-policy`], isDefault: true }]),
  );
  let attached = new Map<string, readonly string[]>();

  function find(name: string): PolicyGroup {
    const group = groups.get(name.toLowerCase());
    if (group === undefined) throw new ScimError(404, null, `there is no group ${name}`);
    return group;
  }

  function checkLoss(group: PolicyGroup, left: readonly string[]): void {
    const others = [...groups.values()].filter((other) => other !== group).map(({ policies }) => policies);
    const kept = new Set([...left, ...others.flat(), ...[...attached.values()].flat()]);
    const lost = group.policies.find((policy) => !kept.has(policy));
    if (lost === undefined) return;
    const hint = 'attach it to another group first';
    throw new ScimError(409, null, `${group.name} alone has the policy ${lost}; ${hint}`);
  }

  return {
    list: () => [...groups.values()],
    isTaken: (name) => groups.get(name.toLowerCase())?.isDefault === true,
    create(name, policies) {
      if (groups.has(name.toLowerCase())) throw new ScimError(409, 'uniqueness', `there is a group ${name}`);
      const group = { name, policies: [...policies], isDefault: false };
      groups.set(name.toLowerCase(), group);
      return group;
    },
    change(name, policies) {
      const group = find(name);
      if (group.isDefault)
        throw new ScimError(409, null, `the policies of the default group ${name} are fixed`);
      checkLoss(group, policies);
      groups.set(name.toLowerCase(), { ...group, policies: [...policies] });
    },
    remove(name) {
      checkLoss(find(name), []);
      groups.delete(name.toLowerCase());
    },
    policiesOf: (id) => attached.get(id) ?? [],
    attach(id, policies) {
      if (policies.length === 0) attached.delete(id);
      else attached.set(id, [...policies]);
    },
    dump: () => ({ groups: [...groups.values()], attached: Object.fromEntries(attached) }),
    restore(dump) {
      groups = new Map(dump.groups.map((group) => [group.name.toLowerCase(), group]));
      attached = new Map(Object.entries(dump.attached));
    },
  };
}

/** The refusal of a pushed group that bears a default group's name, with the guide's steps. */
export function refuseTakenName(name: string): ScimError {
  return new ScimError(
    409,
    'uniqueness',
    `${name} is the name of a default group of this organisation. Make a new group, attach the policies of ` +
      `the default group ${name} to it, delete the default group, then push this group again.`,
  );
}
