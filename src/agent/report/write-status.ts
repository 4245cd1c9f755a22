// Writes status.json after each sync, atomically and readable by all.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { readFormerRoot } from '../../host/sudo/had-root.ts';
import { hasSshdDropIn } from '../../host/sshd/sshd.ts';
import { attempt } from '../../common/system-error.ts';
import { hasNoNetwork } from '../node-context.ts';
import { describeSecrets } from '../publication/secrets-report.ts';
import { readNameRound } from '../reconcile/name-round.ts';
import type { SyncContext } from '../reconcile/context.ts';
import { readOperatorFiles } from '../overrides/operator-files.ts';
import { describeFinding } from '../../protocol/records.ts';
import type { QuarantineRow } from '../../state/stored-records.ts';
import { findLastComplete } from '../ingest/freshness.ts';
import type { SyncReport } from '../reconcile/sync-report.ts';
import { identifySelf } from './daemon-identity.ts';
import { findLoginPath, withLoginPath } from './login-path.ts';
import { statusOf, type Status } from './status.ts';

/**
 * Makes the status from the report, writes it and returns it.
 * @param nextSync when the daemon starts the next sync, epoch seconds; null from a command.
 * @throws AgentError host_write
 */
export async function publishStatus(
  context: Pick<SyncContext, 'paths' | 'state' | 'config' | 'clock' | 'hostLoad'>,
  report: SyncReport,
  nextSync: number | null = null,
): Promise<Status> {
  const { paths, state, config } = context;
  const now = Math.floor(context.clock() / 1000);
  const sync = statusOf({
    report,
    now,
    mode: config.mode,
    baseUrl: config.scim.base_url,
    lastContact: state.lastSync<SyncReport>('contact', ({ fetched }) => fetched !== null)?.startedAt ?? null,
    lastComplete: findLastComplete(state),
    frozenUntil: readOperatorFiles(paths).frozenUntil,
    quarantined: state.quarantine().map(describeRow),
    maxAge: config.keys.max_age,
    agentHasNoNetwork: hasNoNetwork(),
    formerRoot: readFormerRoot(paths.rootShells),
    nextSync,
    daemon: nextSync === null ? null : identifySelf(),
    nameRound: readNameRound(paths),
    secrets: describeSecrets(config, paths, now),
    host: await context.hostLoad(now),
    hasSshdDropIn:
      paths.root === '/' && config.accounts.backend !== 'publish'
        ? await hasSshdDropIn(config, paths.root)
        : null,
  });
  const status = withLoginPath(sync, findLoginPath(paths, config, now));
  attempt(`cannot write ${paths.status}`, () => {
    mkdirSync(paths.run, { recursive: true, mode: 0o755 });
    const temporary = `${paths.status}.new`;
    writeFileSync(temporary, `${JSON.stringify(status, null, 2)}\n`, { mode: 0o644 });
    renameSync(temporary, paths.status);
  });
  return status;
}

/** Who it is and the first thing that is wrong, as `why` has it in full. */
function describeRow({ kind, id, names, findings }: QuarantineRow): string {
  const [first] = findings;
  return `${kind} ${names[0] ?? id} (${first === undefined ? 'unknown' : describeFinding(first)})`;
}
