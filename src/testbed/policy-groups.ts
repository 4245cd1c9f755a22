// The groups of the console that carry policies: a legacy organisation has five by default, whose names are taken.
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
  /** @throws ScimError 404; 409 while it alone carries some policy, for nobody would have it any more. */
  remove(name: string): void;
}

const DEFAULT_GROUPS = ['admin', 'metrics', 'read', 'write', 'billing_viewer'];

export function createPolicyGroups(): PolicyGroups {
  const groups = new Map<string, PolicyGroup>(
    DEFAULT_GROUPS.map((name) => [name, { name, policies: [`${name}-policy`], isDefault: true }]),
  );
  return {
    list: () => [...groups.values()],
    isTaken: (name) => groups.get(name.toLowerCase())?.isDefault === true,
    create(name, policies) {
      if (groups.has(name.toLowerCase())) throw new ScimError(409, 'uniqueness', `there is a group ${name}`);
      const group = { name, policies: [...policies], isDefault: false };
      groups.set(name.toLowerCase(), group);
      return group;
    },
    remove(name) {
      const group = groups.get(name.toLowerCase());
      if (group === undefined) throw new ScimError(404, null, `there is no group ${name}`);
      const others = [...groups.values()].filter((other) => other !== group);
      const lost = group.policies.find((policy) => !others.some((other) => other.policies.includes(policy)));
      if (lost !== undefined) {
        throw new ScimError(
          409,
          null,
          `${name} alone has the policy ${lost}; attach it to another group first`,
        );
      }
      groups.delete(name.toLowerCase());
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
