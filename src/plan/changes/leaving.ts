// What is done beyond the account when a person leaves, and undone when they return.
import type { DesiredAccount } from '../../policy/model.ts';
import { type ChangeCommon, type ChangeDescriptor, type Effect, GRANTS, REVOKES } from './descriptor.ts';

export interface SessionsEnd extends ChangeCommon {
  readonly kind: 'sessions-end';
  readonly uid: number;
}

/** Cron and at jobs and lingering are set aside. */
export interface JobsDisable extends ChangeCommon {
  readonly kind: 'jobs-disable';
  readonly uid: number;
  /** Whether to record that the hook must run. */
  readonly needsHook: boolean;
}

export interface JobsRestore extends ChangeCommon {
  readonly kind: 'jobs-restore';
  readonly uid: number;
  /** Where the person is told of jobs that do not come back. */
  readonly home: string;
}

export interface HookRun extends ChangeCommon {
  readonly kind: 'hook-run';
  readonly uid: number;
}

/** With a line that goes, whether there is anything to end differs from node to node, and the hash must not. */
const closesDisabled = (_: ChangeCommon, account: DesiredAccount | undefined): Effect =>
  (account?.disabled ?? null) === null ? 'none' : 'close';

export const sessionsEnd: ChangeDescriptor<SessionsEnd> = {
  ...REVOKES,
  kind: 'sessions-end',
  phrase: 'sessions of %',
  effect: closesDisabled,
  afterPublication: true,
  applier: 'sessions',
};

export const jobsDisable: ChangeDescriptor<JobsDisable> = {
  ...REVOKES,
  kind: 'jobs-disable',
  phrase: 'cron and at jobs and lingering of %',
  effect: closesDisabled,
  applier: 'jobs-disabling',
};

export const jobsRestore: ChangeDescriptor<JobsRestore> = {
  ...GRANTS,
  kind: 'jobs-restore',
  phrase: 'cron and at jobs and lingering of %',
  applier: 'jobs-restoring',
};

export const hookRun: ChangeDescriptor<HookRun> = {
  ...REVOKES,
  kind: 'hook-run',
  phrase: 'off-boarding hook for %',
  effect: closesDisabled,
  afterPublication: true,
  applier: 'hooks',
};
