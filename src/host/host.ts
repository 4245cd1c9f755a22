// The hands: what the node has now, and the only way to change it.
import { existsSync } from 'node:fs';
import type { Config } from '../config.ts';
import { describeError } from '../errors.ts';
import type { Paths } from '../paths.ts';
import type { ActualHost } from '../plan/actual.ts';
import { type Change, isRevocation } from '../plan/change.ts';
import type { Binding, DesiredHost, NodeFacts } from '../policy/desired.ts';
import { readKeyFiles, removeKeyFile, writeKeyFiles } from './authorized-keys.ts';
import { createHome, findHomes } from './home.ts';
import { applyToFiles, readLocalAccounts } from './local-accounts.ts';
import { gatherFacts } from './node-facts.ts';
import { tellNscd } from './nscd.ts';
import { endSessions, findActiveUids } from './sessions.ts';
import { readSudoers, removeSudoers, writeSudoers } from './sudoers.ts';

/** What became of one change. */
export type Applied =
  | { readonly change: Change; readonly ok: true }
  /** `problem`: one sentence, what and where and how to mend it. */
  | { readonly change: Change; readonly ok: false; readonly problem: string };

export interface Host {
  facts(bindings: readonly Binding[]): Promise<NodeFacts>;
  read(bindings: readonly Binding[], desired: DesiredHost): ActualHost;
  /** Tries every change, in order; one that fails takes none but those that rest on it with it. */
  apply(changes: readonly Change[]): Promise<Applied[]>;
}

const DAY_MS = 86_400_000;

/** The host below `paths.root`; its own account files are the backend. */
export function openHost({ paths, config }: { readonly paths: Paths; readonly config: Config }): Host {
  const { root } = paths;
  const marker = { name: config.accounts.primary_group, gid: config.accounts.primary_gid };
  return {
    facts: (bindings) => gatherFacts(root, readLocalAccounts(root), bindings, marker),
    read(bindings, desired) {
      const local = readLocalAccounts(root);
      const bound = [...bindings, ...desired.bindings];
      const accounts = new Map();
      const groups = new Map();
      for (const { kind, name, id } of bound) {
        const account = kind === 'account' ? local.accounts.get(name) : undefined;
        if (account?.entry.uid === id) accounts.set(name, account);
        const group = kind === 'group' ? local.groups.get(name) : undefined;
        if (group?.gid === id) groups.set(name, group);
      }
      const found = local.groups.get(marker.name);
      if (found?.gid === marker.gid) groups.set(marker.name, found);
      return {
        accounts,
        groups,
        keyFiles: readKeyFiles(paths.keys),
        homes: findHomes(
          root,
          desired.accounts.map(({ entry }) => entry.dir),
        ),
        sudoers: readSudoers(root),
        // A throwaway root has no processes of its own.
        ...(root === '/' ? { sessions: findActiveUids() } : {}),
      };
    },
    async apply(changes) {
      const results = new Map<Change, Applied>();
      const failedNames = new Set<string>();
      for (const batch of splitBatches(changes)) {
        await applyBatch(batch, paths, results, failedNames);
      }
      return changes.map(
        (change) => results.get(change) ?? { change, ok: false, problem: 'it was not tried' },
      );
    },
  };
}

/** Runs of changes that are done in one go: account files together, key files together, the rest one by one. */
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

function batchKind(change: Change): string {
  switch (change.kind) {
    case 'keys-write':
    case 'keys-remove':
    case 'sessions-end':
    case 'home-create':
    case 'sudoers-write':
    case 'sudoers-remove':
      return change.kind;
    case 'account-create':
    case 'account-alter':
    case 'account-reopen':
    case 'account-close':
    case 'account-remove':
    case 'group-create':
    case 'group-remove':
    case 'member-add':
    case 'member-remove':
      return 'files';
  }
}

async function applyBatch(
  batch: readonly Change[],
  paths: Paths,
  results: Map<Change, Applied>,
  failedNames: Set<string>,
): Promise<void> {
  const { root } = paths;
  // Whose account could not be made must not get a home or keys; what takes away is tried in any case.
  const ready = batch.filter((change) => isRevocation(change) || !failedNames.has(change.name));
  for (const change of batch) {
    if (!ready.includes(change))
      results.set(change, { change, ok: false, problem: 'an earlier step for it failed' });
  }
  const fail = (change: Change, problem: string): void => {
    results.set(change, { change, ok: false, problem });
    failedNames.add(change.name);
  };
  const tryEach = async (work: (change: Change) => void | Promise<void>): Promise<void> => {
    for (const change of ready) {
      try {
        await work(change);
      } catch (error) {
        fail(change, describeError(error));
      }
    }
  };
  const [first] = ready;
  if (first === undefined) return;
  if (batchKind(first) === 'files') {
    try {
      const misfits = await applyToFiles(root, ready, Math.floor(Date.now() / DAY_MS));
      for (const { change, problem } of misfits) fail(change, problem);
      if (root === '/') await tellNscd();
    } catch (error) {
      for (const change of ready) fail(change, describeError(error));
    }
  } else if (first.kind === 'keys-write') {
    try {
      writeKeyFiles(
        paths.keys,
        ready.flatMap((change) =>
          change.kind === 'keys-write' ? [{ name: change.name, text: change.text }] : [],
        ),
      );
    } catch (error) {
      for (const change of ready) fail(change, describeError(error));
    }
  } else {
    await tryEach((change) => applySingle(change, paths));
  }
  for (const change of ready) if (!results.has(change)) results.set(change, { change, ok: true });
}

function applySingle(change: Change, { root, keys }: Paths): void | Promise<void> {
  switch (change.kind) {
    case 'keys-remove':
      removeKeyFile(keys, change.name);
      return;
    case 'sessions-end':
      // A throwaway root has no processes of its own.
      return root === '/' && existsSync('/proc/1/status') ? endSessions(change.uid) : undefined;
    case 'home-create':
      createHome(root, change);
      return;
    case 'sudoers-write':
      writeSudoers(root, change.text);
      return;
    case 'sudoers-remove':
      removeSudoers(root);
      return;
    case 'keys-write':
    case 'account-create':
    case 'account-alter':
    case 'account-reopen':
    case 'account-close':
    case 'account-remove':
    case 'group-create':
    case 'group-remove':
    case 'member-add':
    case 'member-remove':
      throw new TypeError(`${change.kind} is applied in a batch`);
  }
}
