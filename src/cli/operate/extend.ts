// `sunk-agent extend`: in an emergency, extends keys that the store cannot confirm.
import { decide } from '../../agent/reconcile/decide.ts';
import { recordAct } from '../../agent/report/audit.ts';
import { describeReport } from '../../agent/report/describe-report.ts';
import { readExtensions, writeExtensions } from '../../agent/overrides/extensions.ts';
import { operatorName } from '../../agent/overrides/operator-files.ts';
import { openNodeContext, type NodeContext } from '../../agent/node-context.ts';
import { openSyncContext } from '../../agent/reconcile/context.ts';
import { acquireFileLock } from '../../agent/reconcile/file-lock.ts';
import { syncFromState } from '../../agent/operator/sync-now.ts';
import { resolveSubject } from '../../agent/operator/resolve-subject.ts';
import { judgeFreshness } from '../../agent/ingest/freshness.ts';
import { parseDuration } from '../../config/types.ts';
import { AgentError } from '../../common/errors.ts';
import { expireKeys, MAX_EXTENSION } from '../../policy/extension.ts';
import type { Extension } from '../../policy/model.ts';
import { announceOwner } from '../owner.ts';
import { announceWait, LOCK_PATIENCE_MS } from '../waiting.ts';
import type { CommandContext } from '../command.ts';
import { sayCount } from '../../common/text/count-noun.ts';

export const failure = 1;
export const options = {
  all: { type: 'boolean', default: false },
  for: { type: 'string' },
} as const;

export const help = `Usage: sunk-agent extend NAME|--all --for DURATION [--json] [--config FILE] [--root DIR]

For the emergency in which the store cannot be read and keys expire (see keys in sunk-agent status). Extends the keys of
NAME (account name, userName or SCIM id), or of all users who may log in, until DURATION from now.

  --all            all users who may log in according to the last sound records
  --for DURATION   such as 24h; at most 7d at once

An extension ends early when the store confirms the keys again, and for good when the account is disabled: block,
deactivation and removal from the access groups act as usual. Keys that the store never confirmed are not extended.

Examples:
  sunk-agent extend alice --for 24h
  sunk-agent extend --all --for 2d

Exit status: 0 extended, 1 failed.`;

export async function run(context: CommandContext): Promise<number> {
  const { subject, seconds } = readRequest(context);
  const node = openNodeContext(context);
  if (node.config.keys.max_age === null) {
    throw new AgentError('refused', 'keys.max_age is never: no key expires, so there is nothing to extend');
  }
  announceOwner(context);
  const now = Math.floor(Date.now() / 1000);
  const { extended, later } = await extend(node, subject, now, now + seconds);
  const until = new Date((now + seconds) * 1000).toISOString();
  recordAct(node.paths, {
    act: 'extend',
    subject: subject ?? '--all',
    detail: `${sayCount(extended.length, 'account')} until ${until}: ${extended.join(', ')}`,
  });
  const report = await syncFromState(node, announceWait);
  process.stdout.write(
    context.json
      ? `${JSON.stringify({ extended, later, until: now + seconds })}\n`
      : `the keys of ${sayCount(extended.length, 'account')} are extended until ${until}; those of ${later.length} expire later anyway\n${describeReport(report)}`,
  );
  return report.changes.failed === 0 ? 0 : 1;
}

function readRequest({ positionals, values }: CommandContext): { subject: string | null; seconds: number } {
  const [subject, ...more] = positionals;
  if (more.length > 0 || (subject === undefined) === (values['all'] !== true))
    throw new AgentError('usage', 'one name, or --all, is expected');
  const text = values['for'];
  const seconds = typeof text === 'string' ? (parseDuration(text) ?? 0) : 0;
  if (seconds === 0 || seconds > MAX_EXTENSION)
    throw new AgentError('usage', '--for takes a duration such as 24h, at most 7d');
  return { subject: subject ?? null, seconds };
}

/**
 * Records the extension.
 * @param subject null: all users who may log in according to the last sound records.
 * @returns names of accounts: those extended, and those whose keys expire later than `until` anyway.
 */
async function extend(
  node: NodeContext,
  subject: string | null,
  now: number,
  until: number,
): Promise<{ extended: string[]; later: string[] }> {
  const { paths, config } = node;
  const release = await acquireFileLock(paths.syncLock, announceWait, LOCK_PATIENCE_MS);
  const context = openSyncContext(node);
  try {
    const { desired } = await decide(context, now, judgeFreshness(null, context.state, now));
    const meant = subject === null ? null : resolveSubject(subject, context.state, config, () => false);
    const records = new Map(context.state.users().map((user) => [user.record.id, user]));
    const wanted = desired.accounts.filter(
      ({ scimId, entry }) => subject === null || scimId === meant?.scimId || entry.name === meant?.name,
    );
    const extensions = readExtensions(paths.extended);
    const extended: string[] = [];
    const later: string[] = [];
    for (const { scimId, entry, disabled, credentials } of wanted) {
      const confirmedAt = records.get(scimId)?.confirmedAt ?? 0;
      if (subject !== null) refuseUnfit(subject, disabled, credentials.length, confirmedAt);
      if (disabled !== null || credentials.length === 0 || confirmedAt === 0) continue;
      if ((expireKeys(confirmedAt, config.keys.max_age, null) ?? Infinity) >= until) {
        later.push(entry.name);
        continue;
      }
      const extension: Extension = { scimId, confirmedAt, until, at: now, by: operatorName() };
      extensions.set(scimId, extension);
      extended.push(entry.name);
    }
    if (subject !== null && wanted.length === 0) {
      throw new AgentError('refused', `there is no account of ${JSON.stringify(subject)} on this node`, {
        hint: 'sunk-agent why NAME shows what is known of a user',
      });
    }
    writeExtensions(paths.extended, extensions.values());
    return { extended, later };
  } finally {
    context.state.close();
    release();
  }
}

/** @throws AgentError refused: the keys of this user cannot be extended. */
function refuseUnfit(subject: string, disabled: string | null, keys: number, confirmedAt: number): void {
  const why =
    disabled !== null
      ? `the account is disabled (${disabled})`
      : keys === 0
        ? 'the record has no key that may be used'
        : confirmedAt === 0
          ? 'the store never listed a sound record'
          : null;
  if (why === null) return;
  throw new AgentError('refused', `${subject} cannot be extended: ${why}`, {
    hint: 'an extension only extends keys that the store has confirmed',
  });
}
