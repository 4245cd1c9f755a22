// Who applies which changes, by the name in their descriptor: account files in one go, key files in one go, the rest singly.
import { existsSync } from 'node:fs';
import { describeError } from '../common/errors.ts';
import type { Paths } from '../common/paths.ts';
import { toHostWrite } from '../common/system-error.ts';
import { type Change, type ChangeKind, type ChangeOf, isAccountChange } from '../plan/change.ts';
import type { Applier, ApplyContext } from './applier.ts';
import { createHome } from './homes/home.ts';
import { findSuperfluousKeys, removeKeyFile, writeKeyFiles } from './keys/authorized-keys.ts';
import { addDenied, setDeniedKeys } from './keys/deny-list.ts';
import { tellNscd } from './nss/nscd.ts';
import { runHooks } from './sessions/hook.ts';
import { disableJobs } from './sessions/disable-jobs.ts';
import { noteHook } from './sessions/offboarded.ts';
import { restoreJobs } from './sessions/restore-jobs.ts';
import { endSessions } from './sessions/end-sessions.ts';
import { applyRootShellsEnd, grantSudo, revokeSudo } from './sudo/apply-sudo.ts';

const DAY_MS = 86_400_000;

const NO_KEYS_MEANWHILE = 'until then the key helper serves no keys for this account';

export const APPLIERS: ReadonlyMap<string, Applier> = new Map<string, Applier>([
  ['account-files', applyToAccounts],
  ['key-files', applyToKeyFiles],
  ['key-removal', singly('keys-remove', ({ name }, { keys }) => removeKeyFile(keys, name))],
  ['sessions', applyToSessions],
  ['jobs-disabling', applyToJobs],
  [
    'jobs-restoring',
    singly('jobs-restore', (change, { root, offboarded }) =>
      restoreJobs(root, offboarded, change, Date.now()),
    ),
  ],
  ['homes', singly('home-create', (change, { root }) => createHome(root, change))],
  ['sudoers', singly('sudoers-write', grantSudo)],
  ['sudoers-removal', singly('sudoers-remove', revokeSudo)],
  ['sudoers-revocation', singly('sudoers-revoke', revokeSudo)],
  ['root-shells', applyToRootShells],
  ['hooks', applyHooks],
]);

function pick<Kind extends ChangeKind>(batch: readonly Change[], kind: Kind): ChangeOf<Kind>[] {
  return batch.filter((change): change is ChangeOf<Kind> => change.kind === kind);
}

/** Changes of one kind, one by one: one that fails does not prevent the next. */
function singly<Kind extends ChangeKind>(
  kind: Kind,
  apply: (change: ChangeOf<Kind>, paths: Paths) => void | Promise<void>,
): Applier {
  return async (batch, context, fail, onDone) => {
    for (const [index, change] of pick(batch, kind).entries()) {
      onDone(index);
      try {
        await apply(change, context.paths);
      } catch (error) {
        fail(change, describeFailure(change, error, context));
      }
    }
  };
}

async function applyToAccounts(...[batch, { paths, backend }, fail]: Parameters<Applier>): Promise<void> {
  const today = Math.floor(Date.now() / DAY_MS);
  const changes = batch.filter(isAccountChange);
  for (const { change, problem } of await backend.apply(changes, today)) fail(change, problem);
  if (paths.root === '/') await tellNscd();
}

/** All people together, so that no one waits for another. A throwaway root has no processes of its own. */
async function applyToSessions(...[batch, { paths }, fail]: Parameters<Applier>): Promise<void> {
  if (paths.root !== '/' || !existsSync('/proc/1/status')) return;
  const changes = pick(batch, 'sessions-end');
  const problems = await endSessions(changes, paths.restarting);
  for (const change of changes) {
    const problem = problems.get(change.uid) ?? null;
    if (problem !== null) fail(change, problem);
  }
}

async function applyToRootShells(...[batch, { paths }, fail]: Parameters<Applier>): Promise<void> {
  const changes = pick(batch, 'root-shells-end');
  const problems = await applyRootShellsEnd(changes, paths);
  for (const change of changes) {
    const problem = problems.get(change.uid);
    if (problem !== undefined) fail(change, problem);
  }
}

/** All people together: one reading of the spool, one sync of the disk. */
async function applyToJobs(...[batch, { paths }, fail]: Parameters<Applier>): Promise<void> {
  const changes = pick(batch, 'jobs-disable');
  const problems = await disableJobs(paths.root, paths.offboarded, changes);
  for (const change of changes) {
    const problem = problems.get(change.uid);
    if (problem !== undefined) fail(change, problem);
  }
}

/** A hook that fails is reported once and not run again. A throwaway root has no hooks. */
async function applyHooks(...[batch, { paths, config }, fail]: Parameters<Applier>): Promise<void> {
  const changes = pick(batch, 'hook-run');
  const people = changes.map(({ name, uid, scimId }) => ({ name, uid, scimId: scimId ?? '' }));
  const problems = paths.root === '/' ? await runHooks(paths.hooks, config.offboarding, people) : new Map();
  for (const change of changes) {
    noteHook(paths.offboarded, change.uid);
    const problem: unknown = problems.get(change.uid) ?? null;
    if (typeof problem === 'string') fail(change, `the hook ${config.offboarding.hook ?? ''}: ${problem}`);
  }
}

/** Keys in a file that should not be there, and the system does not let it be written: denied, the helper leaves them out. */
function applyToKeyFiles(...[batch, { paths }]: Parameters<Applier>): void {
  const changes = pick(batch, 'keys-write');
  try {
    writeKeyFiles(paths.keys, changes);
  } catch (error) {
    for (const { name, text } of changes)
      setDeniedKeys(paths.denyList, name, findSuperfluousKeys(paths.keys, name, text));
    throw error;
  }
}

/** A key file that the system does not let go is denied: its name enters the deny list of the helper. */
function describeFailure(change: Change, error: unknown, { paths, config }: ApplyContext): string {
  const isOfSystem = error instanceof Error && 'code' in error;
  const problem = describeError(isOfSystem ? toHostWrite('the system refused', error) : error);
  const isDenied = isOfSystem && change.kind === 'keys-remove' && addDenied(paths.denyList, change.name);
  return isDenied && config.keys.serve === 'command' ? `${problem}; ${NO_KEYS_MEANWHILE}` : problem;
}
