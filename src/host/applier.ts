// What an applier of changes is given, and what it may say.
import type { Config } from '../config/config.ts';
import type { Paths } from '../common/paths.ts';
import type { Change } from '../plan/change.ts';
import type { AccountBackend } from './accounts/account-backend.ts';

/** What the changes are applied to. */
export interface ApplyContext {
  readonly paths: Paths;
  readonly config: Config;
  readonly backend: AccountBackend;
}

/** Records the problem of a change that failed. */
export type Fail = (change: Change, problem: string) => void;

/**
 * Applies a batch. What it throws fails all of it; what fails alone it tells by `fail`.
 * @param onDone called with the number of changes tried so far, where they are applied one by one.
 */
export type Applier = (
  batch: readonly Change[],
  context: ApplyContext,
  fail: Fail,
  onDone: (done: number) => void,
) => void | Promise<void>;
