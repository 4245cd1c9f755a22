// `sunk-agent block`: out now, with store and daemon down.
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
import { makePrintable } from '../../common/printable.ts';
import { announceOwner } from '../owner.ts';
import type { CommandContext } from '../command.ts';

export const failure = 1;
export const options = {};

export const help = `Usage: sunk-agent block NAME [--config FILE] [--root DIR]

Puts a person (account name, userName or SCIM id) or a key (fingerprint, SHA256:...) out, at once and until unblock,
whatever the store says. Needs neither store nor daemon. The list is /etc/sunk-agent/blocked; a fleet may share it.

Examples:
  sunk-agent block alice
  sunk-agent block SHA256:sVGBVyN5yGGi5i6t7bIGZzqhIchaGb6NHKg+k6VJPGo

Exit status: 0 out, 1 failed.`;

const ENTRY = /^[A-Za-z0-9][A-Za-z0-9@._:/+=-]{0,255}$/;

export async function run(context: CommandContext): Promise<number> {
  const entry = readEntry(context);
  const place = openNodeContext(context);
  announceOwner(context);
  const started = performance.now();
  const listing = tryToList(place.paths.blocked, entry);
  const { names, problems } = await actNow(entry, place, listing === 'new');
  const took = ((performance.now() - started) / 1000).toFixed(1);
  if (listing !== 'known') recordBlock(place.paths, entry, names);
  const whom =
    names.length === 0 ? 'nobody on this node has that name or key now' : `${names.join(', ')} out`;
  const state =
    listing instanceof AgentError
      ? 'is NOT on the list'
      : listing === 'new'
        ? 'is blocked'
        : 'was blocked already';
  process.stdout.write(`${entry} ${state}: ${whom} after ${took} s\n`);
  for (const problem of problems) process.stderr.write(`sunk-agent: ${makePrintable(problem)}\n`);
  if (listing instanceof AgentError) {
    process.stderr.write(
      `sunk-agent: ${describeError(listing)}\n` +
        `sunk-agent: the next pass lets them in again: block ${entry} anew when that is mended, and until then stop the daemon (systemctl stop sunk-agent)\n`,
    );
    return failure;
  }
  const isFollowed = await followUp(place);
  return problems.length === 0 && isFollowed ? 0 : failure;
}

/** A list that cannot be written keeps nobody inside now: the error is for later. */
function tryToList(file: string, entry: string): 'new' | 'known' | AgentError {
  try {
    return addEntry(file, entry, `${operatorName()}, ${new Date().toISOString()}`) ? 'new' : 'known';
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
}

/** Keys, account and sessions, before anything that could wait: the pass lock, the store, the mirror. */
async function actNow(entry: string, place: NodeContext, isNew: boolean): Promise<RevokeOutcome> {
  const view = openView(place.paths.state);
  try {
    return await revokeNow(entry, place.config, openHost(place), view);
  } catch (error) {
    // What is none of ours does not stay on the list either.
    if (error instanceof AgentError && error.code === 'refused' && isNew)
      removeEntry(place.paths.blocked, entry);
    throw error;
  } finally {
    view?.close();
  }
}

/** null: damaged, locked or not there; the marker group then tells who is ours. */
function openView(folder: string): StateView | null {
  try {
    return viewState(folder);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    process.stderr.write(`sunk-agent: ${describeError(error)}; going by the marker group\n`);
    return null;
  }
}

/** Groups, sudo and the records, by a pass; the person is out already, whatever becomes of it. */
async function followUp(place: NodeContext): Promise<boolean> {
  try {
    const report = await syncFromState(place, () =>
      process.stderr.write('sunk-agent: a pass is under way; waiting for it, for groups and sudo\n'),
    );
    process.stdout.write(describeReport(report));
    return report.changes.failed === 0;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    process.stderr.write(`sunk-agent: groups and sudo wait for the next pass: ${describeError(error)}\n`);
    return true;
  }
}

/** A trail that cannot be written keeps nobody inside. */
function recordBlock(paths: Paths, entry: string, names: readonly string[]): void {
  try {
    recordAct(paths, { act: 'block', subject: entry, detail: `out: ${names.join(', ') || 'nobody here'}` });
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
    throw new AgentError('usage', `${JSON.stringify(entry)} is none of name, userName, SCIM id, fingerprint`);
  return entry;
}
