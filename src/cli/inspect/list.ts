// `sunk-agent list`: who has access to this node, why, and with what; for access reviews.
import { judgeFreshness } from '../../agent/ingest/freshness.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import { decide } from '../../agent/reconcile/decide.ts';
import { listPeople } from '../../agent/report/people/list-people.ts';
import { type PersonRow, STATES } from '../../agent/report/people/person-row.ts';
import { AgentError } from '../../common/errors.ts';
import { compileGlob } from '../../common/text/glob.ts';
import { sayTime } from '../../common/text/relative-time.ts';
import { parseDuration } from '../../config/types.ts';
import { openHost } from '../../host/host.ts';
import { openLastLogins } from '../../host/probes/last-logins.ts';
import { viewState } from '../../state/state.ts';
import { readSlurmAccounts, type SlurmAccounts } from '../../agent/slurm/slurm-accounts.ts';
import type { CommandContext } from '../command.ts';
import { readAt, showPast } from './list-past.ts';
import { renderPeople, renderPeopleCsv, summarisePeople } from './list-output.ts';

export const failure = 1;
export const options = {
  state: { type: 'string', multiple: true },
  user: { type: 'string', multiple: true },
  group: { type: 'string', multiple: true },
  login: { type: 'boolean', default: false },
  sudo: { type: 'boolean', default: false },
  'expires-within': { type: 'string' },
  at: { type: 'string' },
  csv: { type: 'boolean', default: false },
} as const;

export const help = `Usage: sunk-agent list [--state STATE]... [--user PATTERN]... [--group PATTERN]... [--login] [--sudo]
                       [--expires-within DURATION] [--csv | --json] [--config FILE] [--root DIR]
       sunk-agent list --at TIME [--user PATTERN]... [--group PATTERN]... [--login] [--sudo] [--csv | --json]

Who has access to this node, why, and with what: what its account, key and sudoers files have now, and the decision that
the next sync would make. Changes nothing; needs neither store nor daemon.

  --state STATE    enabled, disabled, blocked, held (the guard holds a change of that person), quarantined (the record
                   at the store is broken) or refused (no account); several may be given
  --user PATTERN   account name, userName or SCIM id, with * and ?; case does not count
  --group PATTERN  Unix group on this node, or access group at the store, with * and ?
  --login          who can log in: an enabled account with a key that has not expired
  --sudo           who has sudo, by sunk-agent or by another sudoers rule of this node
  --expires-within DURATION
                   whose nearest key expires within DURATION, such as 3d, or has expired
  --at TIME        who had login or sudo then, and through which groups: a span such as 2h or 7d ago, or a time such as
                   2026-11-25T08:00:00Z. From the history, which audit.retention keeps and which has what sunk-agent
                   did, not what was changed by hand
  --csv            RFC 4180, times in UTC; what a spreadsheet would take for a formula begins with an apostrophe

Filters are joined with "and", values of one filter with "or". LAST LOGIN is of logins with a terminal (lastlog). Where
slurm is configured, SLURM has the accounts in which a person can submit jobs, as the last round found them: the default
one first, those that others made too; ? before the first round.

Examples:
  sunk-agent list --login
  sunk-agent list --sudo --csv > sudo.csv
  sunk-agent list --at 2026-11-01T00:00:00Z --csv
  sunk-agent list --state held --state blocked --json

Exit status: 0 shown, 1 failed.`;

export async function run(context: CommandContext): Promise<number> {
  const isAsked = readFilters(context, Math.floor(Date.now() / 1000));
  const at = readAt(context.values['at'], Math.floor(Date.now() / 1000));
  const node = openNodeContext(context);
  const now = Math.floor(Date.now() / 1000);
  const view = viewState(node.paths.state);
  const lastLogins = openLastLogins(node.paths.root);
  try {
    const [users, groups, bindings] = [view.users(), view.groups(), view.bindings()];
    const state = { ...view, users: () => users, groups: () => groups, bindings: () => bindings };
    const freshness = judgeFreshness(null, state, now);
    const decision = await decide({ ...node, state, host: openHost(node), stateFault: null }, now, freshness);
    const people = listPeople({
      users,
      groups,
      bindings,
      quarantine: view.quarantine(),
      config: node.config,
      decision,
      lastLogin: lastLogins.find,
      now,
    });
    const slurm = node.config.slurm.mode === 'off' ? undefined : readSlurmAccounts(node.paths);
    const source = { at: now, snapshot: view.snapshotHash(), completeAt: freshness.completeAt, slurm };
    process.stdout.write(
      at === null
        ? show(context, addSlurmAccounts(people.filter(isAsked), slurm), source)
        : showPast(context, { people, at, history: view.historyAround(at), config: node.config }),
    );
  } finally {
    view.close();
    lastLogins.close();
  }
  return 0;
}

interface Source {
  /** Epoch seconds. */
  readonly at: number;
  readonly snapshot: string;
  /** When the store was last read completely, epoch seconds; null: never. */
  readonly completeAt: number | null;
  /** Of the last round over Slurm. null: none has read it yet; undefined: `slurm` is not configured. */
  readonly slurm: SlurmAccounts | null | undefined;
}

function addSlurmAccounts(rows: readonly PersonRow[], slurm: Source['slurm']): readonly PersonRow[] {
  if (slurm === undefined) return rows;
  const accountsOf = (name: string | null): readonly string[] | null =>
    slurm === null ? null : ((name === null ? undefined : slurm.accounts.get(name)) ?? []);
  return rows.map((row) => ({ ...row, slurmAccounts: accountsOf(row.name) }));
}

function show({ json, values }: CommandContext, rows: readonly PersonRow[], source: Source): string {
  const { at, snapshot, completeAt, slurm } = source;
  const slurmAt = slurm === undefined ? {} : { slurmAt: slurm?.at ?? null };
  if (json)
    return `${JSON.stringify({ schema_version: 1, at, snapshot, completeAt, ...slurmAt, people: rows })}\n`;
  const isWithSlurm = slurm !== undefined;
  if (values['csv'] === true) return renderPeopleCsv(rows, isWithSlurm);
  const read = completeAt === null ? 'never read completely' : `read completely at ${sayTime(completeAt)}`;
  const slurmRead = slurm === null ? 'not read yet' : `read at ${sayTime(slurm?.at ?? at)}`;
  const last = `At ${sayTime(at)}; store ${read}, snapshot ${snapshot}${isWithSlurm ? `; Slurm ${slurmRead}` : ''}\n`;
  return `${renderPeople(rows, at, isWithSlurm)}\n${summarisePeople(rows)}${last}`;
}

type Filter = (row: PersonRow) => boolean;

function readFilters({ values, json, positionals }: CommandContext, now: number): Filter {
  if (positionals.length > 0) throw new AgentError('usage', 'list takes filters only: --user PATTERN');
  if (json && values['csv'] === true) throw new AgentError('usage', '--csv and --json exclude each other');
  const states = readMany(values['state']);
  for (const state of states)
    if (!STATES.some((one) => one === state))
      throw new AgentError('usage', `--state takes one of ${STATES.join(', ')}`);
  const within = readWithin(values['expires-within']);
  const users = readMany(values['user']).map((pattern) => compileGlob(pattern.toLowerCase()));
  const groups = readMany(values['group']).map(compileGlob);
  const matches = (patterns: readonly RegExp[], texts: readonly (string | null)[]): boolean =>
    patterns.length === 0 || texts.some((text) => text !== null && patterns.some((one) => one.test(text)));
  return (row) =>
    (states.length === 0 || states.includes(row.state)) &&
    matches(
      users,
      [row.name, row.userName, row.scimId].map((text) => text?.toLowerCase() ?? null),
    ) &&
    matches(groups, [...row.groups, ...row.via]) &&
    (values['login'] !== true || row.login) &&
    (values['sudo'] !== true || row.sudo) &&
    (within === null || (row.keyExpiry !== null && row.keyExpiry <= now + within));
}

function readMany(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function readWithin(text: unknown): number | null {
  if (text === undefined) return null;
  const seconds = typeof text === 'string' ? parseDuration(text) : null;
  if (seconds === null) throw new AgentError('usage', '--expires-within takes a duration such as 3d');
  return seconds;
}
