// When a sync has nothing to decide: the store has no news, and nothing on the host changed since it last agreed.
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { stampFiles } from '../../host/fs/file-stamp.ts';
import { listSshdSources } from '../../host/sshd/sshd-program.ts';
import { isHomeFault } from '../../policy/identity/own-home.ts';
import type { StateDatabase } from '../../state/state.ts';
import type { Paths } from '../../common/paths.ts';
import { judgeGrants } from '../overrides/grants.ts';
import { readOperatorFiles } from '../overrides/operator-files.ts';
import type { FetchResult } from '../ingest/fetch-store.ts';
import type { SyncReport } from './sync-report.ts';

/** Seconds after which everything is decided again whatever was fetched: some things change by time alone. */
const DECIDE_AT_LEAST_EVERY = 900;

export interface ChangeDetector {
  /** A mark of all that a decision depends on besides the store and the clock; taken before a sync does anything. */
  mark(): string;
  /**
   * The report of the last sync that decided, if the host agreed then and nothing happened since; else null.
   * @param now epoch seconds.
   */
  recall(fetched: FetchResult, mark: string, now: number): SyncReport | null;
  /** A sync has decided: what came of it. @param disabled uids of people who must have no process. */
  note(report: SyncReport, mark: string, disabled: readonly number[]): void;
}

/**
 * A sync without news takes 11 ms of processor instead of 213 ms so, at 10,000 people (`bench -- host`, `bench -- sync`).
 * Looks at the files and at what other processes wrote into the state database; a daemon keeps one for its life.
 * @param findActive uids that have processes now. A process of a disabled person that starts after the revocation (a unit
 *   of root that runs as that user, a set-uid copy that a friend starts) makes a sync decide anew, so that it ends.
 */
export function createChangeDetector(
  paths: Paths,
  accounts: Config['accounts'],
  state: Pick<StateDatabase, 'foreignVersion'>,
  findActive: () => ReadonlySet<number>,
): ChangeDetector {
  const published = path.join(paths.root, accounts.nsscache_dir);
  let last: {
    readonly report: SyncReport;
    readonly mark: string;
    readonly disabled: readonly number[];
  } | null = null;
  return {
    // Blocks and grants end by time alone.
    mark: () =>
      `${state.foreignVersion()} ${readOperatorFiles(paths).blocks.length} ${countGrants(paths)} ${markFiles(paths, published)}`,
    recall(fetched, mark, now) {
      if (last === null || !hasNoNews(fetched) || mark !== last.mark) return null;
      const age = now - last.report.startedAt;
      if (age < 0 || age >= DECIDE_AT_LEAST_EVERY) return null;
      return last.disabled.length > 0 && hasSome(findActive(), last.disabled) ? null : last.report;
    },
    note(report, mark, disabled) {
      const { changes, held, problems, failure, refusals } = report;
      // A grant that waits for a name service, or a home for its owner, is tried by each sync.
      const waits = refusals.some(({ code }) => code.startsWith('nss-') || isHomeFault(code));
      const isDone = changes.planned === 0 && held.length === 0 && problems.length === 0 && failure === null;
      const agrees = isDone && !waits;
      // A freeze ends by time alone.
      last = agrees && !existsSync(paths.freeze) ? { report, mark, disabled } : null;
    },
  };
}

function hasSome(all: ReadonlySet<number>, some: readonly number[]): boolean {
  return some.some((one) => all.has(one));
}

function countGrants({ grants }: Paths): number {
  return judgeGrants(grants, Math.floor(Date.now() / 1000), 0).filter(({ inForce }) => inForce).length;
}

function hasNoNews({ mode, ingested }: FetchResult): boolean {
  return mode !== 'full' && Object.values(ingested).every((count) => count === 0);
}

/** What the operators said, and what is on the host, how its sshd reads a date: a mark that differs after any write to them. */
function markFiles(
  { root, approved, blocked, freeze, extended, grants, keys }: Paths,
  published: string,
): string {
  const accounts = ['passwd', 'group', 'shadow', 'gshadow', 'shells', 'sudoers.d', 'ssh/sshd_config.d'];
  return stampFiles([
    approved,
    blocked,
    freeze,
    extended,
    grants,
    keys,
    published,
    ...listSshdSources(root),
    ...accounts.map((name) => path.join(root, 'etc', name)),
  ]);
}
