// `sunk-agent rebind`: moves users and groups, with their names and ids, to the new SCIM ids that the store gave them.
import { recordAct } from '../../agent/report/audit.ts';
import { describeReport } from '../../agent/report/describe-report.ts';
import { previewSync, withLedger } from '../../agent/operator/ledger-command.ts';
import { planConfigEdits } from '../../agent/operator/rebind-config.ts';
import { syncFromState } from '../../agent/operator/sync-now.ts';
import {
  type ConfigWrite,
  describeConfigWrite,
  writeConfigEdits,
} from '../../agent/overrides/config-file.ts';
import { operatorName, readOperatorFiles } from '../../agent/overrides/operator-files.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import { listBlocked } from '../../agent/reconcile/decide.ts';
import type { SyncContext } from '../../agent/reconcile/context.ts';
import { AgentError } from '../../common/errors.ts';
import { makePrintable } from '../../common/text/printable.ts';
import type { ConfigEdit } from '../../agent/overrides/edit-config.ts';
import { printPlan } from '../../plan/print.ts';
import {
  pairByExternalId,
  planRebinding,
  type IdPair,
  type RebindPlan,
  type RebindQuestion,
} from '../../policy/ledger/rebind.ts';
import type { Binding } from '../../policy/model.ts';
import { mayColour } from '../terminal/colour.ts';
import { announceOwner } from '../owner.ts';
import { announceWait } from '../waiting.ts';
import type { CommandContext } from '../command.ts';
import { describeRebind, listFilesToFollow } from './describe-rebind.ts';

export const failure = 1;
export const options = {
  by: { type: 'string' },
  'store-ids': { type: 'boolean', default: false },
  apply: { type: 'boolean', default: false },
} as const;

export const help = `Usage: sunk-agent rebind OLD NEW [--store-ids] [--apply] [--json] [--config FILE] [--root DIR]
       sunk-agent rebind ID --store-ids [--apply] [--json] [--config FILE] [--root DIR]
       sunk-agent rebind --by external-id [--store-ids] [--apply] [--json] [--config FILE] [--root DIR]

For users and groups that were deleted at the store and created again, and so got new SCIM ids. Moves what the ledger
binds to the id OLD (name, uid or gid, home) to the id NEW. OLD must be absent from the store, or inactive. NEW must be
in the store and bound to nothing. Works on the records of the last sync (sunk-agent sync reads the store), and shows
what the next one would do. Changes nothing without --apply; with it, a sync follows at once.

The node keeps its uid or gid. Where the store gives another one, --apply writes it into overrides, so that a node which
never had the account gives the same; ids that the configuration pins (access.groups, overrides) follow. sunk-agent
rebind NEW OLD takes the last move back.

  --by external-id   all absent users and groups, each to the one that has the same externalId now
  --store-ids        take uid and gid of the store instead; no owner of files is changed: the commands are printed
  --apply            write it into the ledger and the configuration, and sync

Examples:
  sunk-agent rebind 2819c223-7f76-453a-919d-413861904646 0a1b2c3d-7f76-453a-919d-413861904646
  sunk-agent rebind --by external-id --apply

Exit status: 0 nothing to move or moved, 2 there is something to move, 1 something was refused.`;

export async function run(context: CommandContext): Promise<number> {
  const request = readRequest(context);
  const node = openNodeContext(context);
  announceOwner(context);
  const { plan, write } = await withLedger(node, announceWait, async (syncContext, now) => {
    const question = readQuestion(syncContext, request.takesStoreIds);
    const planned = request.pair === null ? planBulk(question) : planRebinding([request.pair], question);
    const next = await previewSync(
      syncContext,
      moveAll(question.bindings, planned),
      now,
      formerAfter(question, planned),
    );
    const edits = planConfigEdits(planned.moves, node.config);
    const done = request.isApplied ? apply(syncContext, planned, edits, node.configFile, now) : null;
    process.stdout.write(
      context.json
        ? `${JSON.stringify({ ...planned, edits, applied: request.isApplied, config: done, next: { changes: next.changes, held: next.verdict.held } })}\n`
        : describeRebind(planned, edits, node.configFile, request.isApplied) +
            (planned.moves.length === 0
              ? ''
              : `\nThe next sync:\n${printPlan(next.changes, next.verdict, mayColour())}`),
    );
    return { plan: planned, write: done };
  });
  if (request.isApplied && plan.moves.length > 0) {
    if (write !== null) say(describeConfigWrite(node.configFile, write));
    const report = await syncFromState(openNodeContext(context), announceWait);
    if (!context.json) {
      process.stdout.write(`\n${describeReport(report)}`);
      say(listFilesToFollow(plan.moves, node.paths.root));
    }
    if (report.changes.failed > 0) return 1;
  }
  if (plan.refused.length > 0) return 1;
  return plan.moves.length === 0 || request.isApplied ? 0 : 2;
}

const say = (lines: readonly string[]): void => {
  for (const line of lines) process.stderr.write(`${makePrintable(line, 2000)}\n`);
};

interface Request {
  /** null: all, by externalId. */
  readonly pair: IdPair | null;
  readonly takesStoreIds: boolean;
  readonly isApplied: boolean;
}

function readRequest({ positionals, values }: CommandContext): Request {
  const [from, second, ...more] = positionals;
  const by = values['by'];
  const takesStoreIds = values['store-ids'] === true;
  const common = { takesStoreIds, isApplied: values['apply'] === true };
  if (by !== undefined && by !== 'external-id') throw new AgentError('usage', '--by takes external-id');
  if (by === 'external-id' && from === undefined) return { ...common, pair: null };
  const to = second ?? (takesStoreIds ? from : undefined);
  if (
    by !== undefined ||
    from === undefined ||
    to === undefined ||
    more.length > 0 ||
    (from === to && !takesStoreIds)
  )
    throw new AgentError('usage', 'the two SCIM ids OLD and NEW, or --by external-id, are expected');
  return { ...common, pair: { from, to } };
}

function readQuestion(
  { state, config, paths }: Pick<SyncContext, 'state' | 'config' | 'paths'>,
  takesStoreIds: boolean,
): RebindQuestion {
  const users = state.users();
  return {
    users,
    groups: state.groups(),
    bindings: state.bindings(),
    former: state.former(),
    blocked: listBlocked(readOperatorFiles(paths).blocks, users),
    config,
    takesStoreIds,
  };
}

function planBulk(question: RebindQuestion): RebindPlan {
  const { pairs, refused } = pairByExternalId(question);
  const plan = planRebinding(pairs, question);
  return { moves: plan.moves, refused: [...refused, ...plan.refused] };
}

/** Ledger and configuration; null: there is nothing to move. */
function apply(
  { state, paths }: Pick<SyncContext, 'state' | 'paths'>,
  { moves }: RebindPlan,
  edits: readonly ConfigEdit[],
  configFile: string,
  now: number,
): ConfigWrite | null {
  if (moves.length === 0) return null;
  for (const { binding, to, id } of moves) {
    const ids = binding.id === id ? `${id}` : `${binding.id} -> ${id}`;
    const detail = `${binding.kind} ${binding.name}, ${ids}: now ${to}`;
    recordAct(paths, { act: 'rebind', subject: binding.scimId, detail });
  }
  state.rebind(moves, now, operatorName());
  return writeConfigEdits(configFile, edits);
}

/** The ledger as it would be. */
function moveAll(bindings: readonly Binding[], { moves }: RebindPlan): Binding[] {
  const targets = new Map(moves.map((move) => [`${move.binding.kind} ${move.binding.scimId}`, move]));
  return bindings.map((binding) => {
    const move = targets.get(`${binding.kind} ${binding.scimId}`);
    return move === undefined ? binding : { ...binding, scimId: move.to, id: move.id, gid: move.gid };
  });
}

function formerAfter({ former }: RebindQuestion, { moves }: RebindPlan): RebindQuestion['former'] {
  return [
    ...former,
    ...moves.map(({ binding: { kind, scimId, name, id }, to }) => ({ kind, from: scimId, to, name, id })),
  ];
}
