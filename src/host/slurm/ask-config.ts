// Asks Slurm about itself: munge here, what slurmctld is configured to, and what it knows of the worker's user.
import { type ControllerUser, parseControllerUsers } from '../../common/text/controller-users.ts';
import { runProgram } from '../probes/run-program.ts';
import { pickWords } from './ask-submit.ts';

export interface SlurmConfig {
  /** `24.11.5`, say. */
  readonly version: string;
  /** AccountingStorageEnforce, lower case; empty: nothing is enforced. */
  readonly enforced: readonly string[];
  /** Seconds by which the controller's clock is ahead of this one; null: it does not say. */
  readonly skew: number | null;
}

export interface SlurmSelf {
  /** Why munge makes no credential here; null: it does. */
  readonly mungeFault: string | null;
  /** Of the commands on this node; null: there are none. */
  readonly clientVersion: string | null;
  /** `fault`: why slurmctld gave no answer. */
  readonly config: SlurmConfig | { readonly fault: string };
  /** The worker's user at slurmctld; null: it knows no such user, or gave no answer. */
  readonly worker: ControllerUser | null;
}

const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin', LC_ALL: 'C' };
const OPTIONS = { timeout: 15_000, environment: ENVIRONMENT };

/** @param user of the worker. */
export async function askSlurmSelf(user: string): Promise<SlurmSelf> {
  const [munge, version, shown, users] = await Promise.all([
    runProgram('munge', ['-n'], OPTIONS),
    runProgram('scontrol', ['-V'], OPTIONS),
    runProgram('scontrol', ['show', 'config'], OPTIONS),
    runProgram('scontrol', ['-o', 'show', 'assoc_mgr', `users=${user}`, 'flags=users'], OPTIONS),
  ]);
  return {
    mungeFault: munge.status === 0 ? null : pickWords(munge.stderr, 'munge'),
    clientVersion: readVersion(version.stdout),
    config:
      shown.status === 0
        ? parseConfig(shown.stdout, Date.now())
        : { fault: pickWords(shown.stderr, 'scontrol') },
    worker: parseControllerUsers(users.stdout).find(({ name }) => name === user) ?? null,
  };
}

function readVersion(said: string): string | null {
  return /(\d+\.\d+\.\d+)/.exec(said)?.[1] ?? null;
}

/** From `scontrol show config`. @param now epoch ms. */
export function parseConfig(said: string, now: number): SlurmConfig {
  const value = (key: string): string => new RegExp(`^${key}\\s+= (.*)$`, 'm').exec(said)?.[1]?.trim() ?? '';
  // A time of the controller, which scontrol prints in this host's zone.
  const at = /^Configuration data as of (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)$/m.exec(said)?.[1];
  const there = at === undefined ? Number.NaN : new Date(at).getTime();
  return {
    version: value('SLURM_VERSION'),
    enforced: value('AccountingStorageEnforce')
      .toLowerCase()
      .split(',')
      .filter((one) => one !== '' && one !== 'none'),
    skew: Number.isNaN(there) ? null : Math.round((there - now) / 1000),
  };
}
