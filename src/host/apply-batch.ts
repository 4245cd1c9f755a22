// Applies one batch of changes of a kind: account files in one go, key files in one go, the rest one by one.
import { existsSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { describeError } from '../common/errors.ts';
import type { Paths } from '../common/paths.ts';
import { nameRefusal, toHostWrite } from '../common/system-error.ts';
import { type AccountChange, type Change, type ChangeKind, isAccountChange } from '../plan/change.ts';
import type { AccountBackend } from './accounts/account-backend.ts';
import { createHome } from './homes/home.ts';
import { removeKeyFile, writeKeyFiles } from './keys/authorized-keys.ts';
import { addDenied } from './keys/deny-list.ts';
import { tellNscd } from './nss/nscd.ts';
import { runHooks } from './sessions/hook.ts';
import { disableJobs, noteHook, restoreJobs } from './sessions/jobs.ts';
import { endSessions } from './sessions/sessions.ts';
import { removeSudoers, writeSudoers } from './sudo/sudoers.ts';

/** What the changes are applied to. */
export interface ApplyContext {
  readonly paths: Paths;
  readonly config: Config;
  readonly backend: AccountBackend;
}

/** Records the problem of a change that failed. */
export type Fail = (change: Change, problem: string) => void;

/** `files`: all changes of the account files; any other change has its own kind. */
export type BatchKind = 'files' | Exclude<ChangeKind, AccountChange['kind']>;

type ChangeOf<Kind extends ChangeKind> = Extract<Change, { kind: Kind }>;

const DAY_MS = 86_400_000;

const NO_KEYS_MEANWHILE = 'until then the key helper serves no keys for this account';

export function batchKind(change: Change): BatchKind {
  return isAccountChange(change) ? 'files' : change.kind;
}

/** @param onDone called with the number of changes tried so far, where they are applied one by one. */
export async function applyBatch(
  batch: readonly Change[],
  context: ApplyContext,
  fail: Fail,
  onDone: (done: number) => void,
): Promise<void> {
  const { paths } = context;
  const [first] = batch;
  if (first === undefined) return;
  const kind = batchKind(first);
  try {
    if (kind === 'files') {
      await applyToAccounts(batch.filter(isAccountChange), context, fail);
      return;
    }
    if (kind === 'keys-write') {
      writeKeyFiles(paths.keys, pick(batch, 'keys-write'));
      return;
    }
    if (kind === 'hook-run') {
      await applyHooks(pick(batch, 'hook-run'), context, fail);
      return;
    }
  } catch (error) {
    for (const change of batch) fail(change, describeError(nameRefusal(error)));
    return;
  }
  for (const [index, change] of batch.filter(isSingle).entries()) {
    onDone(index);
    try {
      await applySingle(change, paths);
    } catch (error) {
      fail(change, describeFailure(change, error, context));
    }
  }
}

function pick<Kind extends ChangeKind>(batch: readonly Change[], kind: Kind): ChangeOf<Kind>[] {
  return batch.filter((change): change is ChangeOf<Kind> => change.kind === kind);
}

async function applyToAccounts(
  changes: readonly AccountChange[],
  { paths, backend }: ApplyContext,
  fail: Fail,
): Promise<void> {
  const today = Math.floor(Date.now() / DAY_MS);
  for (const { change, problem } of await backend.apply(changes, today)) fail(change, problem);
  if (paths.root === '/') await tellNscd();
}

/** A hook that fails is reported once and not run again. A throwaway root has no hooks. */
async function applyHooks(
  changes: readonly ChangeOf<'hook-run'>[],
  { paths, config }: ApplyContext,
  fail: Fail,
): Promise<void> {
  const people = changes.map(({ name, uid, scimId }) => ({ name, uid, scimId: scimId ?? '' }));
  const problems = paths.root === '/' ? await runHooks(paths.hooks, config.offboarding, people) : new Map();
  for (const change of changes) {
    noteHook(paths.offboarded, change.uid);
    const problem: unknown = problems.get(change.uid) ?? null;
    if (typeof problem === 'string') fail(change, `the hook ${config.offboarding.hook ?? ''}: ${problem}`);
  }
}

/** A key file that the system does not let go is denied: its name enters the deny list of the helper. */
function describeFailure(change: Change, error: unknown, { paths, config }: ApplyContext): string {
  const isOfSystem = error instanceof Error && 'code' in error;
  const problem = describeError(isOfSystem ? toHostWrite('the system refused', error) : error);
  const isDenied = isOfSystem && change.kind === 'keys-remove' && addDenied(paths.denyList, change.name);
  return isDenied && config.keys.serve === 'command' ? `${problem}; ${NO_KEYS_MEANWHILE}` : problem;
}

type SingleKind = Exclude<ChangeKind, AccountChange['kind'] | 'keys-write' | 'hook-run'>;

/** What applies the changes that are applied one by one, by kind. A throwaway root has no processes of its own. */
const SINGLES: {
  readonly [Kind in SingleKind]: (change: ChangeOf<Kind>, paths: Paths) => void | Promise<void>;
} = {
  'keys-remove': ({ name }, { keys }) => removeKeyFile(keys, name),
  'sessions-end': ({ uid }, { root }) =>
    root === '/' && existsSync('/proc/1/status') ? endSessions(uid) : undefined,
  'jobs-disable': (change, { root, offboarded }) => disableJobs(root, offboarded, change, change.needsHook),
  'jobs-restore': (change, { root, offboarded }) => restoreJobs(root, offboarded, change, Date.now()),
  'home-create': (change, { root }) => createHome(root, change),
  'sudoers-write': ({ text }, { root }) => writeSudoers(root, text),
  'sudoers-remove': (_, { root }) => removeSudoers(root),
};

async function applySingle(change: ChangeOf<SingleKind>, paths: Paths): Promise<void> {
  // The type checker does not follow that the entry of a change's kind takes that change.
  const apply = SINGLES[change.kind] as (change: ChangeOf<SingleKind>, paths: Paths) => void | Promise<void>;
  await apply(change, paths);
}

function isSingle(change: Change): change is ChangeOf<SingleKind> {
  return Object.hasOwn(SINGLES, change.kind);
}
