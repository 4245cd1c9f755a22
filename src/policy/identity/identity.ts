// What identifies a person on a host, and why they do not get it.

/** What an account is identified by on a host. */
export interface Identity {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export interface Fault {
  readonly code: string;
  readonly detail: string;
}
