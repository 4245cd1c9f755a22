// Key files: what sshd accepts for one account.
import { type ChangeCommon, type ChangeDescriptor, GRANTS, REVOKES } from './descriptor.ts';

export interface KeysRemove extends ChangeCommon {
  readonly kind: 'keys-remove';
}

export interface KeysWrite extends ChangeCommon {
  readonly kind: 'keys-write';
  /** Whole text of the file. */
  readonly text: string;
  /** Until when it lets in at most, epoch seconds; null: a key has no expiry, or one that is no instant. */
  readonly until: number | null;
  /** Fingerprints that come and go; both empty: only the expiry is renewed. */
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

export const keysRemove: ChangeDescriptor<KeysRemove> = {
  ...REVOKES,
  kind: 'keys-remove',
  phrase: 'keys of %',
  effect: (_, account) => {
    if ((account?.disabled ?? null) !== null) return 'close';
    // A former name's file, while the keys go on under the present one, takes nothing away.
    return account !== undefined && account.credentials.length > 0 ? 'none' : 'lose-keys';
  },
  counted: [{ history: 'keys-remove', as: 'lost' }],
  waitsInFreeze: (_, reason) => reason !== null,
  writes: 'keys',
  applier: 'key-removal',
};

export const keysWrite: ChangeDescriptor<KeysWrite> = {
  ...GRANTS,
  kind: 'keys-write',
  phrase: 'keys of %',
  sign: ({ gained, lost }) => {
    if ((gained.length === 0) === (lost.length === 0)) return '~';
    return lost.length === 0 ? '+' : '-';
  },
  revokes: ({ lost }) => lost.length > 0,
  renews: ({ gained, lost }) => gained.length === 0 && lost.length === 0,
  effect: ({ gained, lost }, account) => {
    if (lost.length === 0) return 'none';
    return gained.length === (account?.credentials.length ?? 0) ? 'replace-keys' : 'drop-keys';
  },
  hashed: ({ gained, lost }) => [...lost.map((key) => `-${key}`), ...gained.map((key) => `+${key}`)],
  evidence: ({ until, gained, lost }) => ({ gained, lost, ...(until === null ? {} : { until }) }),
  counted: [
    { history: 'keys-write:drop-keys', as: 'reduced' },
    { history: 'keys-write:replace-keys', as: 'replaced' },
  ],
  waitsInFreeze: ({ gained }) => gained.length > 0,
  writes: 'keys',
  applier: 'key-files',
};
