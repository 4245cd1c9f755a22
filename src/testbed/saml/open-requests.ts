// Sign-ins that wait for their answer, and assertions that were used: each is good for one answer.

/** Why a browser was sent to the identity provider. */
export type Purpose = 'test' | 'sign-in';

export interface OpenRequest {
  readonly purpose: Purpose;
  /** Tells the browser that began it from others. */
  readonly browser: string;
  /** Epoch milliseconds. */
  readonly begun: number;
  /** Path of the console to which the sign-in leads; null: the first page. */
  readonly returnTo: string | null;
}

export interface OpenRequests {
  add(id: string, request: OpenRequest): void;
  /** Null for one that never was, was answered, or has waited for too long. */
  find(id: string): OpenRequest | null;
  remove(id: string): void;
}

/** Milliseconds in which a person has to sign in. */
const PATIENCE = 10 * 60_000;
const MAX_OPEN = 1000;

/** @param now epoch milliseconds. */
export function createOpenRequests(now: () => number): OpenRequests {
  const requests = new Map<string, OpenRequest>();
  return {
    add(id, request) {
      requests.set(id, request);
      const [oldest] = requests.keys();
      if (requests.size > MAX_OPEN && oldest !== undefined) requests.delete(oldest);
    },
    find(id) {
      const request = requests.get(id);
      return request !== undefined && now() - request.begun < PATIENCE ? request : null;
    },
    remove: (id) => void requests.delete(id),
  };
}

/** Milliseconds beyond the expiry for which an assertion may still be believed: the clocks may differ. */
const SKEW = 5 * 60_000;

export interface UsedAssertions {
  /** @returns false if this assertion was used before. */
  use(id: string, expires: number): boolean;
}

/** Kept until they have expired (SAML profiles section 4.1.4.5). */
export function createUsedAssertions(now: () => number): UsedAssertions {
  const used = new Map<string, number>();
  return {
    use(id, expires) {
      for (const [known, end] of used) if (end + SKEW < now()) used.delete(known);
      if (used.has(id)) return false;
      used.set(id, expires);
      return true;
    },
  };
}
