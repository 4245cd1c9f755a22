// `sunk-agent forget`: erases what this node keeps of a person who left; name and uid stay reserved.
import { openNodeContext, type NodeContext } from '../../agent/node-context.ts';
import { forgetFiles } from '../../agent/operator/forget-files.ts';
import { resolveSubject } from '../../agent/operator/resolve-subject.ts';
import { syncFromState } from '../../agent/operator/sync-now.ts';
import { readOperatorFiles } from '../../agent/overrides/operator-files.ts';
import { openSyncContext } from '../../agent/reconcile/context.ts';
import { acquireFileLock } from '../../agent/reconcile/file-lock.ts';
import { recordAct } from '../../agent/report/audit.ts';
import { AgentError } from '../../common/errors.ts';
import { type Host, openHost } from '../../host/host.ts';
import { DISABLED_DAY } from '../../plan/actual.ts';
import type { Binding } from '../../policy/model.ts';
import { type StateView, viewState } from '../../state/state.ts';
import type { CommandContext } from '../command.ts';
import { announceOwner } from '../owner.ts';
import { announceWait, LOCK_PATIENCE_MS } from '../waiting.ts';

export const failure = 1;
export const options = {};

export const help = `Usage: sunk-agent forget NAME [--config FILE] [--root DIR]

Erases what this node keeps of a user who left (account name, userName or SCIM id): record, keys, history, reports,
grants, jobs that were set aside, the account's line if it is still there, and the name in the audit trail, whose acts
stay. Refused while the user is in the store, enabled or on the block list.

The ledger keeps SCIM id, account name, uid and the path of the home, so that they are given to no one else. Homes and
logs stay, and so do events and log lines that were collected elsewhere.

Examples:
  sunk-agent forget alice

Exit status: 0 erased, 1 failed.`;

export async function run(context: CommandContext): Promise<number> {
  const [name, ...more] = context.positionals;
  if (name === undefined || more.length > 0) throw new AgentError('usage', 'one name is expected');
  const node = openNodeContext(context);
  announceOwner(context);
  const host = openHost(node);
  const { binding, names } = find(name, node, host);
  if (host.lookUp(binding.name) !== null) await removeLine(node, binding, host);
  await erase(node, binding, names);
  // By the uid alone, which stays.
  recordAct(node.paths, { act: 'forget', subject: `uid ${binding.id}`, detail: '' });
  // A status without the name.
  await syncFromState(node, announceWait);
  process.stdout.write(
    `erased; the ledger keeps the name ${binding.name} and the uid ${binding.id}, and the home ${binding.home ?? ''} stays if there is one\n`,
  );
  return 0;
}

interface Found {
  readonly binding: Binding;
  readonly names: readonly string[];
}

/** @throws AgentError refused: the person has not left. */
function find(word: string, { paths, config }: NodeContext, host: Host): Found {
  const view = viewState(paths.state);
  try {
    const { scimId, name, userName } = resolveSubject(word, view, config, () => false);
    const binding = view.bindings().find((one) => one.kind === 'account' && one.scimId === scimId);
    if (binding === undefined)
      throw new AgentError('refused', `the ledger binds no account to ${word}, so nothing is kept of it`);
    demandGone(binding, view, host);
    const words = new Set([binding.name, name, userName].flatMap((one) => one ?? []));
    const blocks = readOperatorFiles(paths).blocks;
    if (blocks.some((one) => one.word === binding.scimId || words.has(one.word)))
      throw new AgentError(
        'refused',
        `${binding.name} is on the block list, which keeps them out if they return`,
        {
          hint: `sunk-agent unblock ${binding.name}, then forget again`,
        },
      );
    return { binding, names: [...words] };
  } finally {
    view.close();
  }
}

function demandGone({ scimId, name, id }: Binding, view: StateView, host: Host): void {
  const user = view.users().find(({ record }) => record.id === scimId);
  if (user !== undefined && !user.absent)
    throw new AgentError('refused', `${user.record.userName} is still in the user store`, {
      hint: 'delete the user there first; sunk-agent sync --full notices it',
    });
  const there = host.lookUp(name);
  if (there !== null && there.account.entry.uid === id && there.account.expiryDay !== DISABLED_DAY)
    throw new AgentError('refused', `the account ${name} is still enabled`, {
      hint: `sunk-agent why ${name}`,
    });
}

/** As if accounts.retention were over, by a sync. */
async function removeLine(node: NodeContext, binding: Binding, host: Host): Promise<void> {
  const long = Math.floor(Date.now() / 1000) - node.config.accounts.retention - 1;
  await change(node, ({ state }) => state.bind([{ ...binding, disabledAt: long }]));
  await syncFromState(node, announceWait);
  const there = host.lookUp(binding.name);
  if (there?.account.entry.uid === binding.id)
    throw new AgentError('refused', `the account ${binding.name} could not be removed`, {
      hint: 'sunk-agent plan names what holds it',
    });
}

async function erase(node: NodeContext, binding: Binding, names: readonly string[]): Promise<void> {
  await change(node, ({ state }) => {
    forgetFiles(node.paths, binding, names);
    state.forgetPerson({ scimId: binding.scimId, names });
  });
}

async function change(
  node: NodeContext,
  work: (context: ReturnType<typeof openSyncContext>) => void,
): Promise<void> {
  const release = await acquireFileLock(node.paths.syncLock, announceWait, LOCK_PATIENCE_MS);
  const context = openSyncContext(node);
  try {
    work(context);
  } finally {
    context.state.close();
    release();
  }
}
