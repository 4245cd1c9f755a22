// The pause that a store asked for (RFC 9110 section 10.2.3): since when, until when at most, and what it said.
import { AgentError } from '../common/errors.ts';

/** Epoch milliseconds. */
export interface Pause {
  /** When the store asked for it. */
  readonly since: number;
  /** Bounded by `scim.max_wait`. */
  readonly until: number;
}

/** A person who runs `sync` or sends SIGHUP is not kept waiting, but for so many milliseconds after the last request. */
export const ASK_AGAIN_MS = 10_000;

/** The store is not asked, because it wants a pause. */
export class StoreBusy extends AgentError {
  readonly pause: Pause;
  constructor(message: string, pause: Pause) {
    super('store_busy', message);
    this.pause = pause;
  }
}
