// Lines of passwd(5) and shadow(5).
import type { DisabledBecause } from '../../policy/model.ts';
import type { PasswdEntry } from '../../policy/posix.ts';
import { type ChangeCommon, type ChangeDescriptor, GRANTS, REVOKES } from './descriptor.ts';

export interface AccountDisable extends ChangeCommon {
  readonly kind: 'account-close';
  readonly entry: PasswdEntry;
  readonly reason: DisabledBecause;
}

export interface AccountRemove extends ChangeCommon {
  readonly kind: 'account-remove';
  readonly entry: PasswdEntry;
}

export interface AccountCreate extends ChangeCommon {
  readonly kind: 'account-create';
  readonly entry: PasswdEntry;
}

export interface AccountAlter extends ChangeCommon {
  readonly kind: 'account-alter';
  readonly before: PasswdEntry;
  readonly entry: PasswdEntry;
}

export interface AccountEnable extends ChangeCommon {
  readonly kind: 'account-reopen';
  readonly entry: PasswdEntry;
}

const ACCOUNT_FILES = { writes: 'accounts', applier: 'account-files' } as const;

export const accountDisable: ChangeDescriptor<AccountDisable> = {
  ...REVOKES,
  ...ACCOUNT_FILES,
  kind: 'account-close',
  phrase: 'account % disabled',
  effect: () => 'close',
  counted: [{ history: 'account-close', as: 'lost' }],
};

export const accountRemove: ChangeDescriptor<AccountRemove> = {
  ...REVOKES,
  ...ACCOUNT_FILES,
  kind: 'account-remove',
  phrase: 'account % removed',
  effect: () => 'remove',
  counted: [{ history: 'account-remove', as: 'lost' }],
};

export const accountCreate: ChangeDescriptor<AccountCreate> = {
  ...GRANTS,
  ...ACCOUNT_FILES,
  kind: 'account-create',
  phrase: 'account %',
  details: ({ entry }) => describeEntry(entry),
};

export const accountAlter: ChangeDescriptor<AccountAlter> = {
  ...GRANTS,
  ...ACCOUNT_FILES,
  kind: 'account-alter',
  phrase: 'account %',
  sign: () => '~',
  details: ({ before, entry }) => `: ${describeDifferences(before, entry)}`,
};

export const accountEnable: ChangeDescriptor<AccountEnable> = {
  ...GRANTS,
  ...ACCOUNT_FILES,
  kind: 'account-reopen',
  phrase: 'account % enabled',
  details: ({ entry }) => describeEntry(entry),
  effect: () => 'enable',
  counted: [{ history: 'account-reopen', as: 'enabled' }],
};

function describeEntry({ uid, gid, dir, shell }: PasswdEntry): string {
  return `: uid ${uid}, gid ${gid}, ${dir}, ${shell}`;
}

const FIELDS = ['name', 'uid', 'gid', 'gecos', 'dir', 'shell'] as const;

function describeDifferences(before: PasswdEntry, entry: PasswdEntry): string {
  return FIELDS.filter((field) => before[field] !== entry[field])
    .map((field) => `${field} ${quote(before[field])} -> ${quote(entry[field])}`)
    .join(', ');
}

function quote(value: string | number): string {
  return typeof value === 'number' ? String(value) : `"${value}"`;
}
