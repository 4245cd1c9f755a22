// Carries out changes in their order, in batches: account files in one go, key files in one go, the rest one by one.
import { existsSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { describeError } from '../common/errors.ts';
import type { Paths } from '../common/paths.ts';
import {
  type AccountChange,
  type Change,
  type ChangeKind,
  isAccountChange,
  isRevocation,
} from '../plan/change.ts';
import type { AccountBackend } from './accounts/account-backend.ts';
import { removeKeyFile, writeKeyFiles } from './keys/authorized-keys.ts';
import { createHome } from './homes/home.ts';
import { runHooks } from './sessions/hook.ts';
import { disableJobs, noteHook, restoreJobs } from './sessions/jobs.ts';
import { tellNscd } from './nss/nscd.ts';
import { endSessions } from './sessions/sessions.ts';
import { listDenied, removeDenied, addDenied } from './keys/deny-list.ts';
import { removeSudoers, writeSudoers } from './sudo/sudoers.ts';
import { nameRefusal, toHostWrite } from '../common/system-error.ts';

/** What became of one change, and when (epoch seconds). */
export type Applied =
  | { readonly change: Change; readonly at: number; readonly ok: true }
  /** `problem`: one sentence, what and where and how to mend it. */
  | { readonly change: Change; readonly at: number; readonly ok: false; readonly problem: string };

/** What the changes are carried out on. */
export interface Appliers {
  readonly paths: Paths;
  readonly config: Config;
  readonly backend: AccountBackend;
}

type ChangeOf<Kind extends ChangeKind> = Extract<Change, { kind: Kind }>;

const DAY_MS = 86_400_000;

const NO_KEYS_MEANWHILE = 'until then the key helper gives none to this account';

/**
 * Tries every change, in order; one that fails takes none but those that rest on it with it.
 * @param onDone told how many have been tried, after each batch and within the long ones.
 */
export async function applyChanges(
  changes: readonly Change[],
  hands: Appliers,
  onDone: (done: number) => void,
): Promise<Applied[]> {
  const problems = new Map<Change, string>();
  const failedNames = new Set<string>();
  const times = new Map<Change, number>();
  let unpublished: Change[] = [];
  let done = 0;
  const fail = (change: Change, problem: string): void => {
    problems.set(change, problem);
    failedNames.add(change.name);
  };
  const publish = async (): Promise<void> => {
    await publishChanges(unpublished, hands, fail);
    unpublished = [];
  };
  for (const batch of splitBatches(changes)) {
    // Nobody's sessions end, and no hook hears of it, while others still see the account open.
    if (batch[0]?.kind === 'sessions-end' || batch[0]?.kind === 'hook-run') await publish();
    // Whose account could not be made must not get a home or keys; what takes away is tried in any case.
    const ready = batch.filter((change) => isRevocation(change) || !failedNames.has(change.name));
    if (ready.length > 0) await applyBatch(ready, hands, fail, (more) => onDone(done + more));
    const isReady = new Set(ready);
    for (const change of batch) {
      times.set(change, Math.floor(Date.now() / 1000));
      if (!isReady.has(change)) problems.set(change, 'an earlier step for it failed');
      else if (!problems.has(change)) unpublished.push(change);
    }
    done += batch.length;
    onDone(done);
  }
  await publish();
  reopenMended(changes, problems, hands.paths);
  return changes.map((change) => {
    const at = times.get(change) ?? 0;
    const problem = problems.get(change);
    return problem === undefined ? { change, at, ok: true } : { change, at, ok: false, problem };
  });
}

/** Whose key file is as it should be again needs nothing in its way. */
function reopenMended(
  changes: readonly Change[],
  problems: ReadonlyMap<Change, string>,
  { denyList: folder }: Paths,
): void {
  const names = new Set(listDenied(folder));
  if (names.size === 0) return;
  for (const change of changes)
    if (isKeyChange(change) && !problems.has(change) && names.has(change.name))
      removeDenied(folder, change.name);
}

async function publishChanges(
  changes: readonly Change[],
  { backend: { publication }, paths }: Appliers,
  fail: Fail,
): Promise<void> {
  const shown = changes.filter((change) => batchKind(change) === 'files' || isKeyChange(change));
  if (publication === null || shown.length === 0) return;
  try {
    publication.publish(shown.filter(isKeyChange));
    if (paths.root === '/') await tellNscd();
  } catch (error) {
    for (const change of shown) fail(change, describeError(nameRefusal(error)));
  }
}

function isKeyChange({ kind }: Change): boolean {
  return kind === 'keys-write' || kind === 'keys-remove';
}

/** Runs of changes that are done in one go. */
function splitBatches(changes: readonly Change[]): Change[][] {
  const batches: Change[][] = [];
  let last = '';
  for (const change of changes) {
    const kind = `${batchKind(change)} ${isRevocation(change)}`;
    const current = batches.at(-1);
    if (current !== undefined && kind === last) current.push(change);
    else batches.push([change]);
    last = kind;
  }
  return batches;
}

/** What is done together; what is done one by one has its own kind. */
function batchKind(change: Change): 'files' | Exclude<ChangeKind, AccountChange['kind']> {
  return isAccountChange(change) ? 'files' : change.kind;
}

type Fail = (change: Change, problem: string) => void;

async function applyBatch(
  batch: readonly Change[],
  hands: Appliers,
  fail: Fail,
  onDone: (done: number) => void,
): Promise<void> {
  const { paths, config, backend } = hands;
  const [first] = batch;
  if (first === undefined) return;
  const kind = batchKind(first);
  try {
    if (kind === 'files') {
      const today = Math.floor(Date.now() / DAY_MS);
      for (const { change, problem } of await backend.apply(batch.filter(isAccountChange), today))
        fail(change, problem);
      if (paths.root === '/') await tellNscd();
      return;
    }
    if (kind === 'keys-write') {
      writeKeyFiles(paths.keys, pick(batch, 'keys-write'));
      return;
    }
    if (kind === 'hook-run') {
      await applyHooks(pick(batch, 'hook-run'), paths, config, fail);
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
      const isOfSystem = error instanceof Error && 'code' in error;
      const problem = describeError(isOfSystem ? toHostWrite('the system refused', error) : error);
      const isShut = isOfSystem && change.kind === 'keys-remove' && addDenied(paths.denyList, change.name);
      fail(change, isShut && config.keys.serve === 'command' ? `${problem}; ${NO_KEYS_MEANWHILE}` : problem);
    }
  }
}

function pick<Kind extends ChangeKind>(batch: readonly Change[], kind: Kind): ChangeOf<Kind>[] {
  return batch.filter((change): change is ChangeOf<Kind> => change.kind === kind);
}

/** A hook that failed has run: it is said once, and not tried again. A throwaway root has no hooks. */
async function applyHooks(
  changes: readonly ChangeOf<'hook-run'>[],
  paths: Paths,
  config: Config,
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

type SingleKind = Exclude<ChangeKind, AccountChange['kind'] | 'keys-write' | 'hook-run'>;

/** What is done one by one, by kind. A throwaway root has no processes of its own. */
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
