// `sunk-agent block`: revokes access at once, also with store and daemon down.
import { recordAct } from '../../agent/report/audit.ts';
import { describeReport } from '../../agent/report/describe-report.ts';
import { addEntry, operatorName, removeEntry } from '../../agent/overrides/operator-files.ts';
import { openNodeContext, type NodeContext } from '../../agent/node-context.ts';
import { syncFromState } from '../../agent/operator/sync-now.ts';
import { revokeNow, type RevokeOutcome } from '../../agent/operator/revoke-now.ts';
import { AgentError, describeError } from '../../common/errors.ts';
import { openHost } from '../../host/host.ts';
import { type StateView, viewState } from '../../state/state.ts';
import type { Paths } from '../../common/paths.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { announceOwner } from '../owner.ts';
import { announceWait } from '../waiting.ts';
import type { CommandContext } from '../command.ts';

export const failure = 1;
export const options = {};

export const help = `Usage: sunk-agent block NAME [--config FILE] [--root DIR]

Revokes the access of a user (account name, userName or SCIM id) or of a key (fingerprint, SHA256:...) at once and until
unblock, whatever the store has. Needs neither store nor daemon. The block list is /etc/sunk-agent/blocked; a fleet may
share it.

Examples:
  sunk-agent block alice
  sunk-agent block SHA256:sVGBVyN5yGGi5i6t7bIGZzqhIchaGb6NHKg+k6VJPGo

Exit status: 0 revoked, 1 failed.`;

const ENTRY = /^[A-Za-z0-9][A-Za-z0-9@._:/+=-]{0,255}$/;

export async function run(context: CommandContext): Promise<number> {
  const entry = readEntry(context);
  const node = openNodeContext(context);
  announceOwner(context);
  const started = performance.now();
  const listing = tryToList(node.paths.blocked, entry);
  const { names, problems } = await actNow(entry, node, listing === 'new');
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (listing !== 'known') recordBlock(node.paths, entry, names);
  const effect =
    names.length === 0
      ? 'no account on this node has that name or key now'
      : `access of ${names.join(', ')} revoked after ${seconds} s`;
  process.stdout.write(`${entry} ${describeListing(listing)}: ${effect}\n`);
  for (const problem of problems) process.stderr.write(`sunk-agent: ${makePrintable(problem)}\n`);
  if (listing instanceof AgentError) {
    process.stderr.write(
      `sunk-agent: ${describeError(listing)}\n` +
        `sunk-agent: the next sync restores access: fix this and run sunk-agent block ${entry} again; until then stop the daemon (systemctl stop sunk-agent)\n`,
    );
    return failure;
  }
  const isFollowed = await followUp(node);
  return problems.length === 0 && isFollowed ? 0 : failure;
}

function describeListing(listing: Listing): string {
  if (listing instanceof AgentError) return 'is NOT on the block list';
  return listing === 'new' ? 'is blocked' : 'was blocked already';
}

/** Whether the entry is new on the block list, was there before, or could not be written. */
type Listing = 'new' | 'known' | AgentError;

/** A list that cannot be written does not delay the revocation: the error is reported afterwards. */
function tryToList(file: string, entry: string): Listing {
  try {
    return addEntry(file, entry, `${operatorName()}, ${new Date().toISOString()}`) ? 'new' : 'known';
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
}

/** Keys, account and sessions, before anything that could wait: the sync lock, the store, the state database. */
async function actNow(entry: string, node: NodeContext, isNew: boolean): Promise<RevokeOutcome> {
  const view = openView(node.paths.state);
  try {
    return await revokeNow(entry, node.config, openHost(node), view);
  } catch (error) {
    // An entry that is refused does not stay on the list.
    if (error instanceof AgentError && error.code === 'refused' && isNew)
      removeEntry(node.paths.blocked, entry);
    throw error;
  } finally {
    view?.close();
  }
}

/** null: damaged, locked or missing; the managed group then tells which accounts are managed. */
function openView(directory: string): StateView | null {
  try {
    return viewState(directory);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    process.stderr.write(`sunk-agent: ${describeError(error)}; using the managed group instead\n`);
    return null;
  }
}

/** Groups, sudo and the records, by a sync; access is revoked already, whatever its result. */
async function followUp(node: NodeContext): Promise<boolean> {
  try {
    const report = await syncFromState(node, announceWait);
    process.stdout.write(describeReport(report));
    return report.changes.failed === 0;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    process.stderr.write(`sunk-agent: groups and sudo wait for the next sync: ${describeError(error)}\n`);
    return true;
  }
}

/** An audit trail that cannot be written does not delay the revocation. */
function recordBlock(paths: Paths, entry: string, names: readonly string[]): void {
  const detail = `revoked: ${names.join(', ') || 'no account on this node'}`;
  try {
    recordAct(paths, { act: 'block', subject: entry, detail });
  } catch (error) {
    process.stderr.write(`sunk-agent: ${describeError(error)}\n`);
  }
}

/** The one argument of block and unblock. */
export function readEntry({ positionals }: CommandContext): string {
  const [entry, ...more] = positionals;
  if (entry === undefined || more.length > 0)
    throw new AgentError('usage', 'one name, userName, SCIM id or fingerprint is expected');
  if (!ENTRY.test(entry))
    throw new AgentError('usage', `${JSON.stringify(entry)} is not a name, userName, SCIM id or fingerprint`);
  return entry;
}
