// `sunk-agent import`: binds accounts that the node already has, with their uid, gid and home, in the ledger.
import path from 'node:path';
import { recordAct } from '../../agent/report/audit.ts';
import { previewSync, withLedger } from '../../agent/operator/ledger-command.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import type { SyncContext } from '../../agent/reconcile/context.ts';
import { AgentError } from '../../common/errors.ts';
import { readFoundAccounts } from '../../host/accounts/found-accounts.ts';
import { printPlan } from '../../plan/print.ts';
import { makePrintable } from '../../common/text/printable.ts';
import type { PasswdEntry } from '../../policy/posix.ts';
import { readNodeFacts } from '../../plan/managed-state.ts';
import { planTakeover, type NotTakenOver, type Takeover } from '../../policy/identity/takeover.ts';
import { mayColour } from '../terminal/colour.ts';
import { announceOwner } from '../owner.ts';
import { announceWait } from '../waiting.ts';
import type { CommandContext } from '../command.ts';
import { sayCount } from '../../common/text/count-noun.ts';

export const failure = 1;
export const options = {
  local: { type: 'boolean', default: false },
  apply: { type: 'boolean', default: false },
} as const;

export const help = `Usage: sunk-agent import FILE [--apply] [--json] [--config FILE] [--root DIR]
       sunk-agent import --local NAME... [--apply] [--json] [--config FILE] [--root DIR]

Takes accounts over: binds each line of FILE (such as a passwd.cache) or each NAME of /etc/passwd to the user of the
store whose userName yields that name. Uid, gid and home stay as they are. A line is refused where the store, the ledger
or this node has another uid, gid or home, and left unchanged where no user of the store has the name. Works on the
records of the last sync (sunk-agent sync reads the store), and shows what the next one would do. Changes nothing
without --apply.

A local account that is taken over keeps its line, its password and its membership of local groups, and joins the
managed group. The next sync disables those accounts that are in no access group, as far as the guard permits.

  --local   names of local accounts instead of a file
  --apply   write it into the ledger

Examples:
  sunk-agent import /etc/passwd.cache
  sunk-agent import --local alice bob --apply

Exit status: 0 nothing to take over or taken over, 2 there is something to take over, 1 something was refused.`;

export async function run(context: CommandContext): Promise<number> {
  const { isLocal, isApplied, operands } = readRequest(context);
  const node = openNodeContext(context);
  announceOwner(context);
  return withLedger(node, announceWait, async (syncContext, now) => {
    const file = isLocal ? path.join(node.paths.root, 'etc/passwd') : (operands[0] ?? '');
    const lines = readFoundAccounts(file);
    const found = isLocal ? lines.filter(({ name }) => operands.includes(name)) : lines;
    const takeover = await plan(syncContext, found, isLocal, now);
    const known = new Set(found.map(({ name }) => name));
    const missing = isLocal ? operands.filter((name) => !known.has(name)) : [];
    const refused = [
      ...takeover.refused,
      ...missing.map((name) => ({ name, code: 'no-account', detail: `${file} has no such account` })),
    ];
    const ledger = [...syncContext.state.bindings(), ...takeover.bindings];
    const next = await previewSync(syncContext, ledger, now);
    if (isApplied && takeover.bindings.length > 0) {
      const names = takeover.bindings.map(({ name }) => name).join(' ');
      recordAct(node.paths, {
        act: 'import',
        subject: file,
        detail: `${sayCount(takeover.bindings.length, 'account')}: ${names}`,
      });
      syncContext.state.bind(takeover.bindings);
    }
    process.stdout.write(
      context.json
        ? `${JSON.stringify({ ...takeover, refused, applied: isApplied, next: { changes: next.changes, held: next.verdict.held } })}\n`
        : describe({ ...takeover, refused }, isApplied) +
            (takeover.bindings.length === 0
              ? ''
              : `\nThe next sync:\n${printPlan(next.changes, next.verdict, mayColour())}`),
    );
    if (refused.length > 0) return 1;
    return takeover.bindings.length === 0 || isApplied ? 0 : 2;
  });
}

function readRequest({ positionals, values }: CommandContext) {
  const isLocal = values['local'] === true;
  if (isLocal ? positionals.length === 0 : positionals.length !== 1)
    throw new AgentError('usage', 'one FILE, or --local and names of local accounts, are expected');
  return { isLocal, isApplied: values['apply'] === true, operands: positionals };
}

async function plan(
  { state, host, config }: Omit<SyncContext, 'reader'>,
  found: readonly PasswdEntry[],
  isLocal: boolean,
  now: number,
): Promise<Takeover> {
  const bindings = state.bindings();
  const facts = readNodeFacts(await host.read([]), bindings, config);
  return planTakeover({ found, isLocal, users: state.users(), bindings, facts, config, now });
}

const SHOWN = 20;

/** The plan as text. */
function describe(
  takeover: Takeover & { readonly refused: readonly NotTakenOver[] },
  isApplied: boolean,
): string {
  const { bindings, refused, known, unmatched } = takeover;
  const more = unmatched.length > SHOWN ? ` and ${unmatched.length - SHOWN} more` : '';
  const lines = [
    ...bindings.map(
      ({ name, id, gid, home, scimId }) =>
        `  + account ${name}: uid ${id}, gid ${gid ?? ''}, ${home ?? ''}  (is ${scimId} at the store)`,
    ),
    ...refused.map(({ name, detail }) => `  ! account ${name} refused: ${detail}`),
    ...(unmatched.length === 0
      ? []
      : [`  unchanged, no user of the store has the name: ${unmatched.slice(0, SHOWN).join(', ')}${more}`]),
    `${bindings.length} ${isApplied ? 'taken over' : 'to take over'}, ${refused.length} refused, ${known.length} in the ledger already, ${unmatched.length} unchanged${
      isApplied || bindings.length === 0 ? '' : '; --apply does it'
    }`,
  ];
  return lines.map((line) => `${makePrintable(line, 400)}\n`).join('');
}
