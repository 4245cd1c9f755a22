// `sunk-agent import`: binds accounts that the node already has, with their uid, gid and home, in the ledger.
import path from 'node:path';
import { recordAct } from '../../agent/report/audit.ts';
import { previewSync, withLedger } from '../../agent/operator/ledger-command.ts';
import { describeConfigWrite, writeConfigEdits } from '../../agent/overrides/config-file.ts';
import { operatorName } from '../../agent/overrides/operator-files.ts';
import { describeSlurmImport, planSlurmImport } from '../../agent/slurm/import-slurm.ts';
import { readSlurmStatus } from '../../agent/slurm/slurm-status.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import type { SyncContext } from '../../agent/reconcile/context.ts';
import { AgentError } from '../../common/errors.ts';
import { sayCount } from '../../common/text/count-noun.ts';
import { makePrintable } from '../../common/text/printable.ts';
import type { ConfigEdit } from '../../agent/overrides/edit-config.ts';
import { listAbsentBeside, readFoundAccounts, readFoundLines } from '../../host/accounts/found-accounts.ts';
import { printPlan } from '../../plan/print.ts';
import type { InheritedLine } from '../../policy/inherited/inherited.ts';
import { decideLines, type LineDecision } from '../../policy/inherited/inherited-rows.ts';
import { applyChosenNames } from '../../policy/names/chosen-names.ts';
import type { PasswdEntry } from '../../policy/posix.ts';
import { readNodeFacts } from '../../plan/managed-state.ts';
import { planTakeover } from '../../policy/identity/takeover.ts';
import { mayColour } from '../terminal/colour.ts';
import { announceOwner } from '../owner.ts';
import { announceWait } from '../waiting.ts';
import type { CommandContext } from '../command.ts';
import { describeImport, hasWork, type ImportPlan, type KeptUid } from './import-text.ts';

export const failure = 1;
export const options = {
  local: { type: 'boolean', default: false },
  slurm: { type: 'boolean', default: false },
  'keep-uids': { type: 'boolean', default: false },
  unknown: { type: 'string' },
  apply: { type: 'boolean', default: false },
} as const;

export const help = `Usage: sunk-agent import FILE [NAME...] [--keep-uids] [--unknown keep|retire|drop] [--apply] [--json]
                         [--config FILE] [--root DIR]
       sunk-agent import --local NAME... [--keep-uids] [--apply] [--json] [--config FILE] [--root DIR]
       sunk-agent import --slurm [NAME...] [--apply] [--json] [--config FILE] [--root DIR]

Takes accounts over: binds each line of FILE (such as a passwd.cache), or of these NAMEs of it, or each NAME of
/etc/passwd, to the user of the store whose userName yields that name, also in another spelling (anna.smith, Bob) if the
uid agrees or userName spells it so. Name, uid, gid and home stay as they are. A line is refused where the store, the
ledger or this node has another uid, gid or home, and left unchanged where no user of the store has the name. Works
on the records of the last sync (sunk-agent sync reads the store), and shows what the next one would do. Changes nothing
without --apply.

With accounts.backend: nsscache or publish, a line that is bound to no one is published as before, with its keys in the
sshkey.cache and its groups in the group.cache beside FILE, and its name and uid are given to no one. Where one of these
files is missing, the plan says what is lost.

A local account that is taken over keeps its line, its password and its membership of local groups, and joins the
managed group. The next sync disables those accounts that are in no access group, as far as the guard permits.

  --keep-uids  a uid, gid or home that differs at the store stays as it is here; uids are written into overrides
  --unknown    what becomes of the accounts that no user of the store has. keep: they are published as before.
               retire: they are published disabled until accounts.retention is over, and their uids stay taken.
               drop: they are no longer published, and their names and uids are free
  --local      names of local accounts instead of a file
  --slurm      accounts and users that Slurm has already and slurm.rules want, by the last round: all, or these NAMEs.
               From then on the rules decide what they have, in the cluster that was read
  --apply      write it into the ledger

Examples:
  sunk-agent import /etc/passwd.cache
  sunk-agent import /etc/passwd.cache --keep-uids --unknown keep --apply
  sunk-agent import --local alice bob --apply

Exit status: 0 nothing to take over or taken over, 2 there is something to take over, 1 something was refused.`;

export async function run(context: CommandContext): Promise<number> {
  if (context.values['slurm'] === true) return importSlurm(context);
  const request = readRequest(context);
  const node = openNodeContext(context);
  announceOwner(context);
  return withLedger(node, announceWait, async (syncContext, now) => {
    const { state } = syncContext;
    const { isApplied, names } = request;
    const file = request.isLocal ? path.join(node.paths.root, 'etc/passwd') : request.file;
    const found = readFoundAccounts(file).filter(({ name }) => names.length === 0 || names.includes(name));
    const lines = request.isLocal ? [] : selectLines(readFoundLines(file), names);
    const planned = await planImport(syncContext, found, lines, request, now);
    const plan: ImportPlan = {
      ...addMissing(planned, found, names, file),
      absent: request.isLocal ? [] : listAbsentBeside(file),
    };
    const next = await previewSync(
      syncContext,
      [...state.bindings(), ...plan.bindings],
      now,
      state.former(),
      plan.decided,
    );
    if (isApplied) {
      recordImport(node.paths, file, plan);
      state.inherit(plan.decided);
      state.bind(plan.bindings);
    }
    const edits = listPins(plan);
    const write = isApplied && edits.length > 0 ? writeConfigEdits(node.configFile, edits) : null;
    process.stdout.write(
      context.json
        ? `${JSON.stringify({ ...plan, decided: plan.decided.map(toJson), edits, config: write, applied: isApplied, next: { changes: next.changes, held: next.verdict.held } })}\n`
        : describeImport(plan, isApplied) +
            (hasWork(plan) ? `\nThe next sync:\n${printPlan(next.changes, next.verdict, mayColour())}` : ''),
    );
    for (const line of write === null ? [] : describeConfigWrite(node.configFile, write))
      process.stderr.write(`${makePrintable(line, 2000)}\n`);
    if (plan.refused.length > 0) return 1;
    return hasWork(plan) && !isApplied ? 2 : 0;
  });
}

async function importSlurm(context: CommandContext): Promise<number> {
  const { values, positionals, json } = context;
  if (values['local'] === true || values['unknown'] !== undefined || values['keep-uids'] === true)
    throw new AgentError('usage', '--slurm takes only names and --apply');
  const node = openNodeContext(context);
  announceOwner(context);
  const isApplied = values['apply'] === true;
  return withLedger(node, announceWait, ({ state }, now) => {
    const plan = planSlurmImport(readSlurmStatus(node.paths), positionals);
    if (isApplied) {
      for (const { kind, name, scimId } of plan.taken)
        recordAct(node.paths, { act: 'import', subject: `Slurm ${kind} ${name}`, detail: '', scimId });
      state.ownSlurm(plan.taken, now);
    }
    process.stdout.write(
      json ? `${JSON.stringify({ ...plan, applied: isApplied })}\n` : describeSlurmImport(plan, isApplied),
    );
    if (plan.unknown.length > 0) return Promise.resolve(1);
    return Promise.resolve(plan.taken.length > 0 && !isApplied ? 2 : 0);
  });
}

interface ImportRequest {
  readonly isLocal: boolean;
  readonly isApplied: boolean;
  readonly keepUids: boolean;
  readonly fate: LineDecision['fate'];
  /** Empty for local accounts. */
  readonly file: string;
  /** Empty: all of the file. */
  readonly names: readonly string[];
}

function readRequest({ positionals, values }: CommandContext): ImportRequest {
  const isLocal = values['local'] === true;
  const fate = values['unknown'] ?? null;
  if (positionals.length === 0)
    throw new AgentError('usage', 'a FILE, or --local and names of local accounts, are expected');
  if (fate !== null && fate !== 'keep' && fate !== 'retire' && fate !== 'drop')
    throw new AgentError('usage', '--unknown takes keep, retire or drop');
  if (isLocal && fate !== null)
    throw new AgentError(
      'usage',
      '--unknown is for accounts that another program publishes, not for local ones',
    );
  const [file = '', ...names] = positionals;
  return {
    isLocal,
    isApplied: values['apply'] === true,
    keepUids: values['keep-uids'] === true,
    fate,
    file: isLocal ? '' : file,
    names: isLocal ? positionals : names,
  };
}

/** The accounts of these names, and the groups of all, since a group may have members outside of them. */
function selectLines(lines: readonly InheritedLine[], names: readonly string[]): InheritedLine[] {
  return lines.filter(({ kind, name }) => names.length === 0 || kind === 'group' || names.includes(name));
}

async function planImport(
  { state, host, config }: Omit<SyncContext, 'reader'>,
  found: readonly PasswdEntry[],
  lines: readonly InheritedLine[],
  { isLocal, keepUids, fate }: ImportRequest,
  now: number,
): Promise<ImportPlan> {
  const [users, bindings] = [applyChosenNames(state.users(), config), state.bindings()];
  const facts = readNodeFacts(await host.read([]), bindings, config);
  const takeover = planTakeover({ found, isLocal, keepUids, users, bindings, facts, config, now });
  const uids = new Map(users.map(({ record }) => [record.id, record.uid]));
  const kept = takeover.bindings.flatMap(({ scimId, name, id: uid }): KeptUid[] => {
    const storeUid = config.accounts.ids === 'attribute' ? (uids.get(scimId) ?? null) : null;
    return storeUid === null || storeUid === uid ? [] : [{ scimId, name, uid, storeUid }];
  });
  const decided = decideLines({
    lines,
    unmatched: new Set(takeover.unmatched),
    bound: new Set([...takeover.known, ...takeover.bindings.map(({ name }) => name)]),
    boundGroups: new Set(bindings.flatMap(({ kind, name }) => (kind === 'group' ? [name] : []))),
    rows: state.inherited(),
    fate,
    now,
    by: operatorName(),
  });
  return { ...takeover, kept, decided, absent: [] };
}

/** Overrides, so that a node which never had the account gives the same uid. */
function listPins({ kept }: ImportPlan): ConfigEdit[] {
  return kept.map(({ scimId, uid }) => ({ kind: 'pin-uid', scimId, id: uid }));
}

/** Names that were asked for and that the file does not have. */
function addMissing(
  plan: ImportPlan,
  found: readonly PasswdEntry[],
  names: readonly string[],
  file: string,
): ImportPlan {
  const known = new Set(found.map(({ name }) => name));
  const missing = names.filter((name) => !known.has(name));
  const refused = missing.map((name) => ({
    name,
    code: 'no-account',
    detail: `${file} has no such account`,
  }));
  return { ...plan, refused: [...plan.refused, ...refused] };
}

function recordImport(paths: Parameters<typeof recordAct>[0], file: string, plan: ImportPlan): void {
  const { bindings, decided } = plan;
  if (bindings.length > 0) {
    const names = bindings.map(({ name }) => name).join(' ');
    recordAct(paths, {
      act: 'import',
      subject: file,
      detail: `${sayCount(bindings.length, 'account')}: ${names}`,
    });
  }
  for (const fate of ['keep', 'retire', 'drop'] as const) {
    const names = decided.flatMap((row) => (row.kind === 'account' && row.fate === fate ? [row.name] : []));
    if (names.length > 0)
      recordAct(paths, { act: 'import', subject: file, detail: `${fate}: ${names.join(' ')}` });
  }
}

/** Without the lines, which may hold what another program keeps to itself. */
function toJson({ kind, name, id, fate }: ImportPlan['decided'][number]) {
  return { kind, name, id, fate };
}
