// The managed sudoers file, and what runs as root because of it.
import { readSudoersEnds, readSudoersUids } from '../../policy/sudoers.ts';
import { type ChangeCommon, type ChangeDescriptor, type Evidence, GRANTS, REVOKES } from './descriptor.ts';

/** A person who loses sudo. */
export interface SudoLeaver {
  readonly scimId: string | null;
  readonly name: string;
  readonly uid: number;
  /** Whether only sudo is lost: their root shells must end. */
  readonly keepsAccount: boolean;
}

interface Leaving extends ChangeCommon {
  /** Remembered before the rule goes. */
  readonly leavers: readonly SudoLeaver[];
}

export interface SudoersRemove extends Leaving {
  readonly kind: 'sudoers-remove';
}

/** Removes rules and adds none. */
export interface SudoersRevoke extends Leaving {
  readonly kind: 'sudoers-revoke';
  /** Empty: no rule is left. */
  readonly text: string;
}

export interface SudoersWrite extends ChangeCommon {
  readonly kind: 'sudoers-write';
  readonly text: string;
}

/** Root processes that came out of the sessions of a person who has no sudo any more. */
export interface RootShellsEnd extends ChangeCommon {
  readonly kind: 'root-shells-end';
  readonly uid: number;
}

export const sudoersRemove: ChangeDescriptor<SudoersRemove> = {
  ...REVOKES,
  kind: 'sudoers-remove',
  phrase: 'sudo rules',
  evidence: () => ({ sudo: [] }),
  waitsInFreeze: () => false,
  applier: 'sudoers-removal',
};

export const sudoersRevoke: ChangeDescriptor<SudoersRevoke> = {
  ...REVOKES,
  kind: 'sudoers-revoke',
  phrase: 'sudo rules',
  details: ({ leavers }) => (leavers.length === 0 ? '' : ` of ${leavers.map(({ name }) => name).join(', ')}`),
  evidence: ({ text }) => readEvidence(text),
  applier: 'sudoers-revocation',
};

export const rootShellsEnd: ChangeDescriptor<RootShellsEnd> = {
  ...REVOKES,
  kind: 'root-shells-end',
  phrase: 'root shells of %',
  waitsInFreeze: () => false,
  applier: 'root-shells',
};

export const sudoersWrite: ChangeDescriptor<SudoersWrite> = {
  ...GRANTS,
  kind: 'sudoers-write',
  phrase: 'sudo rules',
  sign: () => '~',
  evidence: ({ text }) => readEvidence(text),
  applier: 'sudoers',
};

function readEvidence(text: string): Evidence {
  const ends = readSudoersEnds(text);
  return {
    sudo: [...readSudoersUids(text)],
    ...(ends.size === 0 ? {} : { sudoEnds: Object.fromEntries(ends) }),
  };
}
