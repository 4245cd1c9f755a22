// One link of the chain from the store to the shell, as it was found: what it says, and who must do what about it.

export const LINK_NAMES = [
  'store',
  'record',
  'access',
  'account',
  'names',
  'home',
  'keys',
  'helper',
  'sshd',
  'pam',
  'logins',
] as const;
export type LinkName = (typeof LINK_NAMES)[number];

/** `warning`: no login fails by it today. `unknown`: it could not be looked at. */
export type LinkState = 'ok' | 'broken' | 'warning' | 'unknown';

/** The administrator of the identity provider, the operator of this node, or the person who wants in. */
export type Who = 'provider' | 'operator' | 'person';

export interface Verdict {
  readonly state: LinkState;
  /** One clause without a full stop: what is so, or what is wrong. */
  readonly says: string;
  /** What `who` must do, as it follows "must"; null where nothing must be done. */
  readonly mend: string | null;
  readonly who: Who | null;
}

export interface Link extends Verdict {
  readonly link: LinkName;
}

export const ok = (says: string): Verdict => ({ state: 'ok', says, mend: null, who: null });
export const unknown = (says: string): Verdict => ({ state: 'unknown', says, mend: null, who: null });
export const broken = (says: string, who: Who, mend: string): Verdict => ({
  state: 'broken',
  says,
  mend,
  who,
});
export const warning = (says: string, who: Who, mend: string): Verdict => ({
  state: 'warning',
  says,
  mend,
  who,
});

/** Something that was looked at, or the reason why it could not be. */
export type ProbeResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };
