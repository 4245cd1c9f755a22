// `sunk-agent extend`: in an emergency, lets keys live on without a word of the store.
import { decide } from '../../agent/reconcile/decide.ts';
import { recordAct } from '../../agent/report/audit.ts';
import { describeReport } from '../../agent/report/describe-report.ts';
import { readExtensions, writeExtensions } from '../../agent/overrides/extensions.ts';
import { operatorName } from '../../agent/overrides/operator-files.ts';
import { openNodeContext, type NodeContext } from '../../agent/node-context.ts';
import { openSyncContext } from '../../agent/reconcile/context.ts';
import { acquireFileLock } from '../../agent/reconcile/file-lock.ts';
import { syncFromState } from '../../agent/operator/sync-now.ts';
import { judgeFreshness } from '../../agent/ingest/freshness.ts';
import { parseDuration } from '../../config/types.ts';
import { AgentError } from '../../common/errors.ts';
import { expireKeys, MAX_EXTENSION, type Extension } from '../../policy/extension.ts';
import { announceOwner } from '../owner.ts';
import type { CommandContext } from '../command.ts';
import { sayCount } from '../../common/count-noun.ts';

export const failure = 1;
export const options = {
  all: { type: 'boolean', default: false },
  for: { type: 'string' },
} as const;

export const help = `Usage: sunk-agent extend NAME|--all --for DURATION [--json] [--config FILE] [--root DIR]

For the emergency in which the store cannot be heard and keys run out (see keys in sunk-agent status): the keys of
NAME (account name, userName or SCIM id), or of everybody who may log in, live until DURATION from now.

  --all            everybody who may log in by the last good records
  --for DURATION   such as 24h; at most 7d at once

It ends early with the store's next confirmation, and for good with the first word that closes the account: block,
deactivation and leaving the access groups act as ever. Who was not confirmed before is not extended.

Examples:
  sunk-agent extend alice --for 24h
  sunk-agent extend --all --for 2d

Exit status: 0 extended, 1 failed.`;

const PATIENCE_MS = 600_000;
const onWait = (): void => void process.stderr.write('sunk-agent: a pass is under way; waiting for it\n');

export async function run(context: CommandContext): Promise<number> {
  const { who, seconds } = readRequest(context);
  const place = openNodeContext(context);
  if (place.config.keys.max_age === null) {
    throw new AgentError('refused', 'keys.max_age is never: no key runs out, so there is nothing to extend');
  }
  announceOwner(context);
  const now = Math.floor(Date.now() / 1000);
  const { extended, later } = await extend(place, who, now, now + seconds);
  const until = new Date((now + seconds) * 1000).toISOString();
  recordAct(place.paths, {
    act: 'extend',
    subject: who ?? '--all',
    detail: `${sayCount(extended.length, 'account')} until ${until}: ${extended.join(', ')}`,
  });
  const report = await syncFromState(place, onWait);
  process.stdout.write(
    context.json
      ? `${JSON.stringify({ extended, later, until: now + seconds })}\n`
      : `the keys of ${sayCount(extended.length, 'account')} live until ${until}; of ${later.length} they live longer anyway\n${describeReport(report)}`,
  );
  return report.changes.failed === 0 ? 0 : 1;
}

function readRequest({ positionals, values }: CommandContext): { who: string | null; seconds: number } {
  const [who, ...more] = positionals;
  if (more.length > 0 || (who === undefined) === (values['all'] !== true))
    throw new AgentError('usage', 'one name, or --all, is expected');
  const text = values['for'];
  const seconds = typeof text === 'string' ? (parseDuration(text) ?? 0) : 0;
  if (seconds === 0 || seconds > MAX_EXTENSION)
    throw new AgentError('usage', '--for takes a duration such as 24h, at most 7d');
  return { who: who ?? null, seconds };
}

/** Records the extension of those who may log in by the last good records; names, sorted. */
async function extend(
  place: NodeContext,
  who: string | null,
  now: number,
  until: number,
): Promise<{ extended: string[]; later: string[] }> {
  const { paths, config } = place;
  const release = await acquireFileLock(paths.syncLock, onWait, PATIENCE_MS);
  const parts = openSyncContext(place);
  try {
    const { desired } = await decide(parts, now, judgeFreshness(null, parts.state, now));
    const records = new Map(parts.state.users().map((user) => [user.record.id, user]));
    const wanted = desired.accounts.filter(
      ({ scimId, entry }) =>
        who === null || [scimId, entry.name, records.get(scimId)?.record.userName].includes(who),
    );
    const extensions = readExtensions(paths.extended);
    const extended: string[] = [];
    const later: string[] = [];
    for (const { scimId, entry, disabled: closed, keys } of wanted) {
      const confirmedAt = records.get(scimId)?.confirmedAt ?? 0;
      if (who !== null) refuseHopeless(who, closed, keys.length, confirmedAt);
      if (closed !== null || keys.length === 0 || confirmedAt === 0) continue;
      if ((expireKeys(confirmedAt, config.keys.max_age, null) ?? Infinity) >= until) {
        later.push(entry.name);
        continue;
      }
      const extension: Extension = { scimId, confirmedAt, until, at: now, by: operatorName() };
      extensions.set(scimId, extension);
      extended.push(entry.name);
    }
    if (who !== null && wanted.length === 0) {
      throw new AgentError('refused', `there is no account of ${JSON.stringify(who)} here`, {
        hint: 'sunk-agent plan and sunk-agent status show what is known',
      });
    }
    writeExtensions(paths.extended, extensions.values());
    return { extended, later };
  } finally {
    parts.state.close();
    release();
  }
}

function refuseHopeless(who: string, closed: string | null, keys: number, confirmedAt: number): void {
  const why =
    closed !== null
      ? `the account is closed (${closed})`
      : keys === 0
        ? 'no key of the record may be used'
        : confirmedAt === 0
          ? 'the store never listed a sound record'
          : null;
  if (why === null) return;
  throw new AgentError('refused', `${who} cannot be extended: ${why}`, {
    hint: 'an extension only lets keys live on that were good already',
  });
}
