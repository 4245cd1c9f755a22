// `sunk-agent block`: revokes access at once, also while store and daemon are down.
import { recordAct } from '../../agent/report/audit.ts';
import { describeReport } from '../../agent/report/describe-report.ts';
import {
  addBlock,
  type BlockEntry,
  operatorName,
  removeEntry,
} from '../../agent/overrides/operator-files.ts';
import { openNodeContextOrLastGood, type NodeContext } from '../../agent/node-context.ts';
import { syncFromState } from '../../agent/operator/sync-now.ts';
import { revokeNow, type RevokeOutcome } from '../../agent/operator/revoke-now.ts';
import { AgentError, describeError } from '../../common/errors.ts';
import { type Host, openHost } from '../../host/host.ts';
import { DISABLED_DAY } from '../../plan/actual.ts';
import type { Paths } from '../../common/paths.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { blockOffline } from './block-offline.ts';
import { findEntry, openView, readEnd, readEntry } from './block-entry.ts';
import { announceOwner } from '../owner.ts';
import { announceWait } from '../waiting.ts';
import type { CommandContext } from '../command.ts';

export const failure = 1;
export const options = { for: { type: 'string' }, offline: { type: 'string' } } as const;

export const help = `Usage: sunk-agent block NAME [--for DURATION] [--config FILE] [--root DIR]
       sunk-agent block NAME --offline KEY [--for DURATION] [--config FILE] [--root DIR]

Revokes the access of a user (account name, present or former, userName, SCIM id or externalId) or of a key
(fingerprint, SHA256:...) at once and until unblock, whatever the store has. Needs neither store nor daemon; with a
configuration that is broken it uses the last one that was sound. The block list is /etc/sunk-agent/blocked, which keeps
the SCIM id, so that no rename ends a block; a fleet may share it. A line written by hand may block a name that is not
known yet.

  --for DURATION   such as 8h: the block ends by itself
  --offline KEY    only where followers are: signs the block with that key of an operator and puts it on the volume
                   publish.directory, for the hours without a publisher; for a day without --for, for seven at most

Examples:
  sunk-agent block alice
  sunk-agent block alice@example.com --for 8h
  sunk-agent block SHA256:sVGBVyN5yGGi5i6t7bIGZzqhIchaGb6NHKg+k6VJPGo

Exit status: 0 revoked and verified, 1 failed, or NAME is not known.`;

export async function run(context: CommandContext): Promise<number> {
  const typed = readEntry(context);
  const until = readEnd(context);
  const node = openNodeContextOrLastGood(context, warnOfConfig);
  const key = context.values['offline'];
  if (typeof key === 'string') {
    blockOffline(node, typed, key, until);
    return 0;
  }
  announceOwner(context);
  const started = performance.now();
  const host = openHost(node);
  const { isKnown, ...found } = findEntry(typed, node, host);
  const entry = { ...found, until };
  const listing = tryToList(node.paths.blocked, entry);
  const { names, applied, problems, lost } = await actNow(entry, node, host, listing === 'new');
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (listing !== 'known') recordBlock(node.paths, typed, entry.word, names);
  const effect =
    names.length === 0
      ? 'no account on this node has that name or key now'
      : `access of ${names.join(', ')} revoked after ${seconds} s`;
  const end = until === null ? '' : ` until ${new Date(until * 1000).toISOString().slice(0, 16)}Z`;
  process.stdout.write(`${typed} ${describeListing(listing)}${end}: ${effect}\n`);
  for (const problem of problems) warn(problem);
  if (listing instanceof AgentError) {
    warn(describeError(listing));
    warn(
      `the next sync restores access: fix this and run sunk-agent block ${typed} again; until then stop the daemon (systemctl stop sunk-agent)`,
    );
    return failure;
  }
  if (!isKnown && names.length === 0)
    warn(`without the state database it is not known who ${typed} is: give the name of the account`);
  const isFollowed = await followUp(node, { applied, lost });
  const enabled = entry.word.startsWith('SHA256:') ? [] : listEnabled(names, host);
  for (const name of enabled)
    warn(`the account ${name} is enabled after the block: see sunk-agent why ${name}, or stop the daemon`);
  return problems.length === 0 && isFollowed && enabled.length === 0 && (isKnown || names.length > 0)
    ? 0
    : failure;
}

const warn = (text: string): void => void process.stderr.write(`sunk-agent: ${makePrintable(text, 2000)}\n`);

function warnOfConfig(error: AgentError): void {
  warn(`${describeError(error)}; using the last configuration that was sound`);
}

/** Which accounts of these could still be used, now that all is done. */
function listEnabled(names: readonly string[], host: Host): string[] {
  const keyFiles = host.keyFiles();
  return names.filter((name) => {
    const there = host.lookUp(name);
    return there !== null && (there.account.expiryDay !== DISABLED_DAY || keyFiles.has(name));
  });
}

function describeListing(listing: Listing): string {
  if (listing instanceof AgentError) return 'is NOT on the block list';
  return listing === 'new' ? 'is blocked' : 'was blocked already';
}

/** Whether the entry is new on the block list, was there before, or could not be written. */
type Listing = 'new' | 'known' | AgentError;

/** A list that cannot be written does not delay the revocation: the error is reported afterwards. */
function tryToList(file: string, entry: BlockEntry): Listing {
  try {
    return addBlock(file, entry, `${operatorName()}, ${new Date().toISOString()}`) ? 'new' : 'known';
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
}

/** Keys, account and sessions, before anything that could wait: the sync lock, the store, the state database. */
async function actNow(
  { word, name }: BlockEntry,
  node: NodeContext,
  host: Host,
  isNew: boolean,
): Promise<RevokeOutcome> {
  const view = openView(node.paths.state);
  try {
    return await revokeNow(name ?? word, node.config, host, view);
  } catch (error) {
    // An entry that is refused does not stay on the list.
    if (error instanceof AgentError && error.code === 'refused' && isNew)
      removeEntry(node.paths.blocked, word);
    throw error;
  } finally {
    view?.close();
  }
}

/** Groups, sudo and the records, by a sync; access is revoked already, whatever its result. */
async function followUp(node: NodeContext, done: Pick<RevokeOutcome, 'applied' | 'lost'>): Promise<boolean> {
  try {
    const report = await syncFromState(node, announceWait, done);
    process.stdout.write(describeReport(report));
    return report.changes.failed === 0;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    process.stderr.write(`sunk-agent: groups and sudo wait for the next sync: ${describeError(error)}\n`);
    return true;
  }
}

/** An audit trail that cannot be written does not delay the revocation. */
function recordBlock(paths: Paths, entry: string, word: string, names: readonly string[]): void {
  const detail = `revoked: ${names.join(', ') || 'no account on this node'}`;
  try {
    const scimId = word.startsWith('SHA256:') ? null : word;
    recordAct(paths, { act: 'block', subject: entry, detail, scimId });
  } catch (error) {
    process.stderr.write(`sunk-agent: ${describeError(error)}\n`);
  }
}
