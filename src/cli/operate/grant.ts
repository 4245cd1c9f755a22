// `sunk-agent grant`: lets a person into an access or sudo group for a while; the files themselves end it.
import { readBoot, readGrants, writeGrants } from '../../agent/overrides/grants.ts';
import { operatorName } from '../../agent/overrides/operator-files.ts';
import { openNodeContext, type NodeContext } from '../../agent/node-context.ts';
import { resolveSubject, type Subject } from '../../agent/operator/resolve-subject.ts';
import { syncFromState } from '../../agent/operator/sync-now.ts';
import { recordAct } from '../../agent/report/audit.ts';
import { describeReport } from '../../agent/report/describe-report.ts';
import { findLastSync } from '../../agent/reconcile/decide.ts';
import { acquireFileLock } from '../../agent/reconcile/file-lock.ts';
import { AgentError } from '../../common/errors.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { saySpan, sayTime } from '../../common/text/relative-time.ts';
import { parseDuration } from '../../config/types.ts';
import { resolveAccess } from '../../policy/access.ts';
import { type Grant, GRANT_MEMORY } from '../../policy/grants.ts';
import type { GroupRecord } from '../../protocol/records.ts';
import { type StateView, viewState } from '../../state/state.ts';
import type { CommandContext } from '../command.ts';
import { announceOwner } from '../owner.ts';
import { announceWait, LOCK_PATIENCE_MS } from '../waiting.ts';

export const failure = 1;
export const options = {
  group: { type: 'string' },
  for: { type: 'string' },
  reason: { type: 'string' },
  end: { type: 'boolean', default: false },
} as const;

export const help = `Usage: sunk-agent grant NAME --group GROUP --for DURATION --reason TEXT [--config FILE] [--root DIR]
       sunk-agent grant NAME --group GROUP --end [--config FILE] [--root DIR]

Lets a user (account name, userName or SCIM id) into a group for a while on this node, as if the store listed them.
An access group lets them log in; a sudo group gives sudo to a user who can log in.

  --group GROUP    a group of access.groups or access.sudo_groups, by its name or SCIM id at the store
  --for DURATION   such as 8h; at most access.until of the configuration
  --reason TEXT    for list, plan, why, the audit trail and the audit events
  --end            end it now

It ends by itself, even without the agent: its end is in the files, as expiry-time on the keys and NOTAFTER in the
sudoers rule. The next sync then disables the account and ends its sessions. A clock that is set back ends it; one that
is set forward ends it earlier. A block, a deactivation, a refusal and the guard override a grant. Another grant of the
same user and group replaces it.

Examples:
  sunk-agent grant alice --group slurm-admins --for 8h --reason "incident 4711"
  sunk-agent grant alice --group slurm-admins --end

Exit status: 0 granted or ended, 1 failed.`;

export async function run(context: CommandContext): Promise<number> {
  const request = readRequest(context);
  const node = openNodeContext(context);
  announceOwner(context);
  const { subject, group, lastSync } = find(request, node);
  const now = Math.floor(Date.now() / 1000);
  const what = `${subject.userName}, ${group.name}`;
  if (request.seconds === null) {
    if (!(await endGrant(node, subject, group, now)))
      throw new AgentError('refused', `there is no grant of ${group.name} to ${subject.userName}`);
    recordAct(node.paths, { act: 'grant-end', subject: what, detail: '', scimId: subject.scimId });
  } else {
    const until = now + request.seconds;
    const detail = `until ${new Date(until * 1000).toISOString()}: ${request.reason}`;
    // Before the act: no access is given without a trace.
    recordAct(node.paths, { act: 'grant', subject: what, detail, scimId: subject.scimId });
    await addGrant(node, lastSync, {
      scimId: subject.scimId,
      groupId: group.id,
      group: group.name,
      at: now,
      until,
      by: operatorName(),
      reason: request.reason,
      ...readBoot(),
      endedAt: null,
    });
  }
  const report = await syncFromState(node, announceWait);
  const end = request.seconds === null ? 'ended' : `until ${sayTime(now + request.seconds)}`;
  process.stdout.write(`${makePrintable(`grant of ${group.name} to ${subject.userName}: ${end}`)}\n`);
  process.stdout.write(describeReport(report));
  return report.changes.failed === 0 ? 0 : failure;
}

interface Request {
  readonly name: string;
  readonly group: string;
  /** null: it is to end. */
  readonly seconds: number | null;
  readonly reason: string;
}

function readRequest({ positionals, values }: CommandContext): Request {
  const [name, ...more] = positionals;
  const { group, for: span, reason, end } = values;
  if (name === undefined || more.length > 0) throw new AgentError('usage', 'one name is expected');
  if (typeof group !== 'string') throw new AgentError('usage', '--group takes an access or sudo group');
  if (end === true) {
    if (span !== undefined || reason !== undefined)
      throw new AgentError('usage', '--end excludes --for and --reason');
    return { name, group, seconds: null, reason: '' };
  }
  const seconds = typeof span === 'string' ? (parseDuration(span) ?? 0) : 0;
  if (seconds < 1) throw new AgentError('usage', '--for takes a duration such as 8h');
  if (typeof reason !== 'string' || reason.trim() === '' || reason.length > 200)
    throw new AgentError('usage', '--reason takes a text of at most 200 characters');
  return { name, group, seconds, reason: reason.trim().toWellFormed() };
}

interface Found {
  readonly subject: Subject & { readonly scimId: string };
  readonly group: GroupRecord;
  readonly lastSync: number;
}

/** @throws AgentError refused: it is no person of the store, no group that gives access, or too long. */
function find({ name, group, seconds }: Request, { paths, config }: NodeContext): Found {
  if (seconds !== null && seconds > config.access.until)
    throw new AgentError('refused', `access.until allows at most ${saySpan(config.access.until)}`, {
      hint: 'give a shorter --for, or change access.until in the configuration',
    });
  const view = viewState(paths.state);
  try {
    const subject = resolveSubject(name, view, config, () => false);
    const { scimId } = subject;
    if (scimId === null) throw new AgentError('refused', `${name} is not in the user store`);
    const meant = findGroup(group, view, config);
    if (seconds !== null) demandPresent(scimId, subject, view);
    return { subject: { ...subject, scimId }, group: meant, lastSync: findLastSync(view) };
  } finally {
    view.close();
  }
}

function findGroup(word: string, view: StateView, config: NodeContext['config']): GroupRecord {
  const { accessGroups, sudoGroups } = resolveAccess(config.access, view.groups());
  const all = [...accessGroups, ...sudoGroups];
  const found = all.find(({ id }) => id === word) ?? all.find(({ name }) => name === word);
  if (found !== undefined) return found;
  const names = [...new Set(all.map(({ name }) => name))].join(', ');
  throw new AgentError(
    'refused',
    `${word} is not a group of access.groups or access.sudo_groups at the store`,
    { hint: names === '' ? 'the store has none of them' : `one of ${names}` },
  );
}

/** What ranks over a grant and would make it void is said before anything is written. */
function demandPresent(scimId: string, { userName }: Subject, view: StateView): void {
  const user = view.users().find(({ record }) => record.id === scimId);
  if (user === undefined || user.absent)
    throw new AgentError('refused', `${userName ?? scimId} is no longer in the user store`);
  if (!user.record.active)
    throw new AgentError(
      'refused',
      `${userName ?? scimId} is inactive at the store, which overrides a grant`,
    );
}

/** Under the sync lock, since a sync writes the same file. */
async function change(node: NodeContext, edit: (grants: Grant[]) => Grant[]): Promise<void> {
  const release = await acquireFileLock(node.paths.syncLock, announceWait, LOCK_PATIENCE_MS);
  try {
    writeGrants(node.paths.grants, edit(readGrants(node.paths.grants)));
  } finally {
    release();
  }
}

async function addGrant(node: NodeContext, lastSync: number, grant: Grant): Promise<void> {
  if (grant.at < lastSync)
    throw new AgentError(
      'refused',
      'the clock of this node is behind its newest sync, so it would end at once',
    );
  await change(node, (all) => [...without(all, grant), grant]);
}

async function endGrant(
  node: NodeContext,
  { scimId }: Found['subject'],
  { id }: GroupRecord,
  now: number,
): Promise<boolean> {
  const isMeant = (one: Grant): boolean =>
    one.scimId === scimId && one.groupId === id && one.endedAt === null;
  if (!readGrants(node.paths.grants).some(isMeant)) return false;
  await change(node, (all) => all.map((one) => (isMeant(one) ? { ...one, endedAt: now } : one)));
  return true;
}

function without(grants: readonly Grant[], { scimId, groupId, at }: Grant): Grant[] {
  return grants.filter(
    (one) =>
      (one.scimId !== scimId || one.groupId !== groupId) &&
      (one.endedAt === null || at - one.endedAt < GRANT_MEMORY),
  );
}
