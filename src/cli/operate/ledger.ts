// `sunk-agent ledger`: the ledger as a file, compared with another one, and rebuilt from one.
import { readFileSync, statSync } from 'node:fs';
import { previewSync, withLedger } from '../../agent/operator/ledger-command.ts';
import { openNodeContext, type NodeContext } from '../../agent/node-context.ts';
import { operatorName } from '../../agent/overrides/operator-files.ts';
import { recordAct } from '../../agent/report/audit.ts';
import { AgentError } from '../../common/errors.ts';
import { sayCount } from '../../common/text/count-noun.ts';
import { readPublishedLedger, restorePublisher } from '../../agent/publication/restore-published.ts';
import { readNodeFacts } from '../../plan/managed-state.ts';
import { printPlan } from '../../plan/print.ts';
import { compareLedgers } from '../../policy/ledger/compare-ledgers.ts';
import type { LedgerExport } from '../../policy/ledger/ledger-export.ts';
import { planRestore } from '../../policy/ledger/restore-ledger.ts';
import { parseLedger, renderLedger } from '../../state/ledger-file.ts';
import { viewState } from '../../state/state.ts';
import type { CommandContext } from '../command.ts';
import { announceOwner } from '../owner.ts';
import { mayColour } from '../terminal/colour.ts';
import { announceWait } from '../waiting.ts';
import { describeComparison, describeRestore } from './ledger-text.ts';

export const failure = 1;
export const options = { apply: { type: 'boolean', default: false } } as const;

export const help = `Usage: sunk-agent ledger export [--config FILE] [--root DIR]
       sunk-agent ledger diff FILE [--json] [--config FILE] [--root DIR]
       sunk-agent ledger import FILE|DIRECTORY [--apply] [--json] [--config FILE] [--root DIR]

The ledger binds names, uids, gids and homes to SCIM ids for good.

  export  prints it as JSON: names and ids, no key and no token. Keep a copy away from the state volume
  diff    compares it with the export of another node or cluster: names, uids, gids and homes that differ, which matters
          where both mount the same homes. Entries that only one of them has are counted, and are no difference
  import  binds what an export has and this ledger lacks, so that with a new state volume every person keeps their uid.
          DIRECTORY is a volume of generations: the last one has the ledger, and its signature must be of publish.key
          or of /etc/sunk-agent/publishers; a publisher also takes accounts, keys and sudo rules from it, and continues
          its serials. Refuses what contradicts this ledger or an account of this node.
          Shows what the next sync would do; changes nothing without --apply
  --apply write it into the ledger

An nsscache publisher that lost its state volume also rebuilds it from the last published files: people whose name and
uid are there keep both. sunk-agent import FILE --keep-uids does the same with any passwd.cache.

Examples:
  sunk-agent ledger export >ledger.json
  sunk-agent ledger diff other-cluster.json
  sunk-agent ledger import ledger.json --apply

Exit status: 0 exported, nothing differs, nothing to bind, or bound; 2 something differs, or there is something to
bind; 1 failed, or something was refused.`;

export async function run(context: CommandContext): Promise<number> {
  const [action, file, ...more] = context.positionals;
  const isApplied = context.values['apply'] === true;
  const isFitting =
    more.length === 0 &&
    (action === 'export' ? file === undefined && !isApplied : file !== undefined) &&
    (action === 'export' || action === 'import' || (action === 'diff' && !isApplied));
  if (!isFitting) throw new AgentError('usage', 'export, diff FILE or import FILE are expected');
  const node = openNodeContext(context);
  if (action === 'export') return exportLedger(node);
  const other = parseLedger(readText(file ?? '', node), file ?? '');
  return action === 'diff'
    ? diffLedgers(node, other, context.json)
    : importLedger(context, node, other, file ?? '');
}

function readText(file: string, node: NodeContext): string {
  if (file !== '-' && isDirectory(file)) return readPublishedLedger(node, file);
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new AgentError('refused', `cannot read ${file}`, { cause });
  }
}

function exportLedger({ paths }: NodeContext): number {
  const state = viewState(paths.state);
  try {
    const ledger = { bindings: state.bindings(), former: state.former(), inherited: state.inherited() };
    process.stdout.write(renderLedger(ledger, Math.floor(Date.now() / 1000)));
    return 0;
  } finally {
    state.close();
  }
}

function diffLedgers({ paths }: NodeContext, other: LedgerExport, isJson: boolean): number {
  const state = viewState(paths.state);
  try {
    const comparison = compareLedgers(state.bindings(), other.bindings);
    process.stdout.write(isJson ? `${JSON.stringify(comparison)}\n` : describeComparison(comparison));
    return comparison.differences.length === 0 ? 0 : 2;
  } finally {
    state.close();
  }
}

async function importLedger(
  context: CommandContext,
  node: NodeContext,
  { bindings: exported, former: moves, inherited: rows }: LedgerExport,
  file: string,
): Promise<number> {
  const isApplied = context.values['apply'] === true;
  announceOwner(context);
  return withLedger(node, announceWait, async (syncContext, now) => {
    const { state, host, config } = syncContext;
    const bindings = state.bindings();
    const facts = readNodeFacts(await host.read([]), [...bindings, ...exported], config);
    const plan = planRestore({ exported, bindings, facts, config });
    const former = addMissing(
      state.former(),
      moves,
      ({ kind, from, to, id }) => `${kind} ${from} ${to} ${id}`,
    );
    const decided = addMissing(state.inherited(), rows, ({ kind, name }) => `${kind} ${name}`);
    const next = await previewSync(
      syncContext,
      [...bindings, ...plan.bindings],
      now,
      [...state.former(), ...former],
      decided,
    );
    const count = plan.bindings.length + former.length + decided.length;
    if (isApplied && count > 0) {
      recordAct(node.paths, {
        act: 'import',
        subject: file,
        detail: `ledger: ${sayCount(plan.bindings.length, 'binding')}`,
      });
      state.bind(plan.bindings);
      state.recordFormer(former, now, operatorName());
      state.inherit(decided);
    }
    if (isApplied && file !== '-' && isDirectory(file)) restorePublisher(node, file);
    const more = { former: former.length, inherited: decided.length, applied: isApplied };
    process.stdout.write(
      context.json
        ? `${JSON.stringify({ ...plan, ...more, next: { changes: next.changes, held: next.verdict.held } })}\n`
        : describeRestore(plan, more) +
            (count === 0 ? '' : `\nThe next sync:\n${printPlan(next.changes, next.verdict, mayColour())}`),
    );
    if (plan.refused.length > 0) return 1;
    return count === 0 || isApplied ? 0 : 2;
  });
}

function isDirectory(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Those of `more` that `present` does not have. */
function addMissing<T>(present: readonly T[], more: readonly T[], keyOf: (one: T) => string): T[] {
  const known = new Set(present.map(keyOf));
  return more.filter((one) => !known.has(keyOf(one)));
}
