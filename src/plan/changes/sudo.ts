// The managed sudoers file.
import { type ChangeCommon, type ChangeDescriptor, GRANTS, REVOKES } from './descriptor.ts';

export interface SudoersRemove extends ChangeCommon {
  readonly kind: 'sudoers-remove';
}

export interface SudoersWrite extends ChangeCommon {
  readonly kind: 'sudoers-write';
  readonly text: string;
}

export const sudoersRemove: ChangeDescriptor<SudoersRemove> = {
  ...REVOKES,
  kind: 'sudoers-remove',
  phrase: 'sudo rules',
  waitsInFreeze: () => false,
  applier: 'sudoers-removal',
};

export const sudoersWrite: ChangeDescriptor<SudoersWrite> = {
  ...GRANTS,
  kind: 'sudoers-write',
  phrase: 'sudo rules',
  sign: () => '~',
  applier: 'sudoers',
};
