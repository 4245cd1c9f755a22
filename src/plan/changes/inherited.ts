// Lines of a former publisher that are published as before.
import { type ChangeCommon, type ChangeDescriptor, GRANTS } from './descriptor.ts';

interface InheritedChange extends ChangeCommon {
  /** The line of passwd(5) or group(5), in latin1. */
  readonly line: string;
}

export interface AccountInherit extends InheritedChange {
  readonly kind: 'account-inherit';
  readonly uid: number;
  /** The line of sshkey.cache, in latin1; null: there is none. */
  readonly keys: string | null;
  readonly isDisabled: boolean;
}

export interface GroupInherit extends InheritedChange {
  readonly kind: 'group-inherit';
  readonly gid: number;
}

/** A freeze would make the accounts vanish that it is to leave alone. */
const ACCOUNT_FILES = { writes: 'accounts', applier: 'account-files', waitsInFreeze: () => false } as const;

export const accountInherit: ChangeDescriptor<AccountInherit> = {
  ...GRANTS,
  ...ACCOUNT_FILES,
  kind: 'account-inherit',
  phrase: 'account %',
  details: ({ uid, isDisabled }) =>
    `: uid ${uid}, ${isDisabled ? 'published disabled' : 'published as it is'}`,
};

export const groupInherit: ChangeDescriptor<GroupInherit> = {
  ...GRANTS,
  ...ACCOUNT_FILES,
  kind: 'group-inherit',
  phrase: 'group %',
  details: ({ gid }) => `: gid ${gid}, published as it is`,
  unit: 'Group',
  needs: ({ name }) => [`group ${name}`],
  spoils: ({ name }) => [`group ${name}`],
};
