// `sunk-agent rebind`: moves users and groups, with their names and ids, to the new SCIM ids that the store gave them.
import { recordAct } from '../../agent/report/audit.ts';
import { previewSync, withLedger } from '../../agent/operator/ledger-command.ts';
import { operatorName, readOperatorFiles } from '../../agent/overrides/operator-files.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import { AgentError } from '../../common/errors.ts';
import { printPlan } from '../../plan/print.ts';
import { makePrintable } from '../../common/text/printable.ts';
import {
  pairByExternalId,
  planRebinding,
  type IdPair,
  type RebindPlan,
  type RebindQuestion,
} from '../../policy/identity/rebind.ts';
import type { Binding } from '../../policy/model.ts';
import { mayColour } from '../terminal/colour.ts';
import { announceOwner } from '../owner.ts';
import { announceWait } from '../waiting.ts';
import type { CommandContext } from '../command.ts';

export const failure = 1;
export const options = { by: { type: 'string' }, apply: { type: 'boolean', default: false } } as const;

export const help = `Usage: sunk-agent rebind OLD NEW [--apply] [--json] [--config FILE] [--root DIR]
       sunk-agent rebind --by external-id [--apply] [--json] [--config FILE] [--root DIR]

For users and groups that got new SCIM ids when provisioning was set up again. Moves what the ledger binds to the id OLD
(name, uid or gid, home) to the id NEW. OLD must be absent from the store, or inactive. NEW must be in the store and
bound to nothing, and the store must not give it another uid, gid or home. OLD stays on record. Works on the records of
the last sync (sunk-agent sync reads the store), and shows what the next one would do. Changes nothing without --apply.

  --by external-id   all absent users and groups, each to the one that has the same externalId now
  --apply            write it into the ledger

Ids that the configuration pins (access.groups) are changed by the operator.

Examples:
  sunk-agent rebind 2819c223-7f76-453a-919d-413861904646 0a1b2c3d-7f76-453a-919d-413861904646
  sunk-agent rebind --by external-id --apply

Exit status: 0 nothing to move or moved, 2 there is something to move, 1 something was refused.`;

export async function run(context: CommandContext): Promise<number> {
  const pair = readRequest(context);
  const isApplied = context.values['apply'] === true;
  const node = openNodeContext(context);
  announceOwner(context);
  return withLedger(node, announceWait, async (syncContext, now) => {
    const { state, config } = syncContext;
    const question = {
      users: state.users(),
      groups: state.groups(),
      bindings: state.bindings(),
      blocked: readOperatorFiles(node.paths).blocked,
      config,
    };
    const plan = pair === null ? planBulk(question) : planRebinding([pair], question);
    const next = await previewSync(syncContext, moveAll(question.bindings, plan), now);
    if (isApplied && plan.moves.length > 0) {
      for (const { binding, to } of plan.moves) {
        const detail = `${binding.kind} ${binding.name}, ${binding.id}: now ${to}`;
        recordAct(node.paths, { act: 'rebind', subject: binding.scimId, detail });
      }
      state.rebind(plan.moves, now, operatorName());
    }
    process.stdout.write(
      context.json
        ? `${JSON.stringify({ ...plan, applied: isApplied, next: { changes: next.changes, held: next.verdict.held } })}\n`
        : describe(plan, isApplied) +
            (plan.moves.length === 0
              ? ''
              : `\nThe next sync:\n${printPlan(next.changes, next.verdict, mayColour())}`),
    );
    if (plan.refused.length > 0) return 1;
    return plan.moves.length === 0 || isApplied ? 0 : 2;
  });
}

/** null: all, by externalId. */
function readRequest({ positionals, values }: CommandContext): IdPair | null {
  const [from, to, ...more] = positionals;
  const by = values['by'];
  if (by !== undefined && by !== 'external-id') throw new AgentError('usage', '--by takes external-id');
  if (by === 'external-id' && from === undefined) return null;
  if (by !== undefined || from === undefined || to === undefined || more.length > 0 || from === to)
    throw new AgentError('usage', 'the two SCIM ids OLD and NEW, or --by external-id, are expected');
  return { from, to };
}

function planBulk(question: RebindQuestion): RebindPlan {
  const { pairs, refused } = pairByExternalId(question);
  const plan = planRebinding(pairs, question);
  return { moves: plan.moves, refused: [...refused, ...plan.refused] };
}

/** The ledger as it would be. */
function moveAll(bindings: readonly Binding[], { moves }: RebindPlan): Binding[] {
  const targets = new Map(moves.map(({ binding, to }) => [`${binding.kind} ${binding.scimId}`, to]));
  return bindings.map((binding) => {
    const to = targets.get(`${binding.kind} ${binding.scimId}`);
    return to === undefined ? binding : { ...binding, scimId: to };
  });
}

function describe({ moves, refused }: RebindPlan, isApplied: boolean): string {
  const lines = [
    ...moves.map(
      ({ binding: { kind, name, id, scimId }, to }) =>
        `  ~ ${kind} ${name}, ${kind === 'account' ? 'uid' : 'gid'} ${id}: ${isApplied ? 'is' : 'would be'} ${to}, formerly ${scimId}`,
    ),
    ...refused.map(({ from, to, detail }) => `  ! ${from} -> ${to} refused: ${detail}`),
    `${moves.length} ${isApplied ? 'moved' : 'to move'}, ${refused.length} refused${
      isApplied || moves.length === 0 ? '' : '; --apply does it'
    }`,
  ];
  return lines.map((line) => `${makePrintable(line, 400)}\n`).join('');
}
