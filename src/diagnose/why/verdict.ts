// What a judge says of its link of the chain from the store to the shell: a code and facts, who owns the fault, and the fix.

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
export type JudgedLink = (typeof LINK_NAMES)[number];
/** A link that is judged from settings, the trial login, or the answer of sudo or Slurm. */
export type LinkName = JudgedLink | 'trial' | 'sudo' | 'submit';

/** `error`: no login works. `warning`: logins work today. `unknown`: it could not be checked. */
export type LinkLevel = 'ok' | 'error' | 'warning' | 'unknown';

/** The administrator of the identity provider, the operator of this node, or the user who wants to log in. */
export type Owner = 'provider' | 'operator' | 'person';

export interface Verdict {
  readonly level: LinkLevel;
  /** Stable, for programs: `ok`, `unknown`, else a name that starts with the link's (`keys-expired`). */
  readonly code: string;
  /** One clause without a full stop: the state, or what is wrong and where. */
  readonly detail: string;
  /** Who can change it; null: nothing has to change. */
  readonly owner: Owner | null;
  /** The command or the click, in the imperative and without a full stop; null: nothing has to change. */
  readonly howToFix: string | null;
}

export interface Link extends Verdict {
  readonly link: LinkName;
}

export const ok = (detail: string): Verdict => ({
  level: 'ok',
  code: 'ok',
  detail,
  owner: null,
  howToFix: null,
});

export const unknown = (detail: string): Verdict => ({
  level: 'unknown',
  code: 'unknown',
  detail,
  owner: null,
  howToFix: null,
});

export const error = (code: string, detail: string, owner: Owner, howToFix: string): Verdict => ({
  level: 'error',
  code,
  detail,
  owner,
  howToFix,
});

export const warning = (code: string, detail: string, owner: Owner, howToFix: string): Verdict => ({
  level: 'warning',
  code,
  detail,
  owner,
  howToFix,
});

/** An error that the operator of the node, or of the cluster, changes. */
export const operatorError = (code: string, detail: string, howToFix: string): Verdict =>
  error(code, detail, 'operator', howToFix);
