// Lines of group(5) and the members in them.
import { type ChangeCommon, type ChangeDescriptor, GRANTS, REVOKES } from './descriptor.ts';

export interface GroupCreate extends ChangeCommon {
  readonly kind: 'group-create';
  readonly gid: number;
}

/** A group gets another gid (`sunk-agent rebind --store-ids`); members stay. */
export interface GroupAlter extends ChangeCommon {
  readonly kind: 'group-alter';
  readonly before: number;
  readonly gid: number;
}

export interface GroupRemove extends ChangeCommon {
  readonly kind: 'group-remove';
  readonly gid: number;
}

export interface MemberAdd extends ChangeCommon {
  readonly kind: 'member-add';
  readonly member: string;
  /** The group's members may run sudo. */
  readonly sudo: boolean;
}

export interface MemberRemove extends ChangeCommon {
  readonly kind: 'member-remove';
  readonly member: string;
}

const ACCOUNT_FILES = { writes: 'accounts', applier: 'account-files' } as const;

const nameGroup = ({ name }: ChangeCommon): readonly string[] => [`group ${name}`];

const GROUP = { needs: nameGroup, spoils: nameGroup } as const;

/** No membership for an account that failed: another's line may have its name. */
const MEMBER = {
  needs: ({ name, member }: MemberAdd | MemberRemove) => [`group ${name}`, `account ${member}`],
  spoils: () => [],
} as const;

export const groupCreate: ChangeDescriptor<GroupCreate> = {
  ...GRANTS,
  ...ACCOUNT_FILES,
  ...GROUP,
  kind: 'group-create',
  phrase: 'group %',
  details: ({ gid }) => `: gid ${gid}`,
  unit: 'Group',
};

export const groupAlter: ChangeDescriptor<GroupAlter> = {
  ...GRANTS,
  ...ACCOUNT_FILES,
  ...GROUP,
  kind: 'group-alter',
  phrase: 'group %',
  sign: () => '~',
  details: ({ before, gid }) => `: gid ${before} -> ${gid}`,
  unit: 'Group',
};

export const groupRemove: ChangeDescriptor<GroupRemove> = {
  ...REVOKES,
  ...ACCOUNT_FILES,
  ...GROUP,
  kind: 'group-remove',
  phrase: 'group %',
  details: ({ gid }) => `: gid ${gid}`,
  unit: 'Group',
  effect: () => 'drop-group',
  counted: [{ history: 'group-remove', as: 'groups' }],
};

export const memberAdd: ChangeDescriptor<MemberAdd> = {
  ...GRANTS,
  ...ACCOUNT_FILES,
  ...MEMBER,
  kind: 'member-add',
  phrase: 'member of group %',
  details: ({ member, sudo }) => `: ${member}${sudo ? ', with sudo' : ''}`,
  effect: ({ sudo }) => (sudo ? 'sudo' : 'none'),
  evidence: ({ member }) => ({ member }),
  counted: [{ history: 'member-add:sudo', as: 'sudo' }],
};

export const memberRemove: ChangeDescriptor<MemberRemove> = {
  ...REVOKES,
  ...ACCOUNT_FILES,
  ...MEMBER,
  kind: 'member-remove',
  phrase: 'member of group %',
  details: ({ member }) => `: ${member}`,
  // All that belongs to disabling an account is `close`, so that it goes or waits together.
  effect: (_, account) => ((account?.disabled ?? null) === null ? 'leave' : 'close'),
  evidence: ({ member }) => ({ member }),
  counted: [{ history: 'member-remove', as: 'reduced' }],
};
