// Changes of Slurm as commands: those of one kind and one account go together, since nearly all of a command is its commit.
import { compare } from '../../common/text/compare.ts';
import type { Change } from '../../plan/change.ts';
import type { SlurmStep } from '../../protocol/slurm-messages.ts';

/** What one command does, and for which changes. */
export interface SlurmBatch {
  readonly step: SlurmStep;
  readonly changes: readonly Change[];
}

/** A command with more names takes slurmdbd so long that a revocation behind it would wait. */
const MOST_NAMES = 300;

/**
 * One kind of change after the other, as they come; within one, by account, since a batch is of one.
 * @param changes in the order of applying.
 */
export function toBatches(changes: readonly Change[]): SlurmBatch[] {
  const batches: SlurmBatch[] = [];
  let open = new Map<string, { step: ManyNames; changes: Change[] }>();
  let ranks = new Map<string, number>();
  let kind: string | null = null;
  const flush = (): void => {
    const sorted = [...open].sort(([a], [b]) => compare(a, b));
    batches.push(...sorted.flatMap(([, batch]) => splitLarge(batch)));
    open = new Map();
    ranks = new Map();
  };
  for (const change of changes) {
    const step = toStep(change);
    if (step === null) continue;
    if (change.kind !== kind) flush();
    ({ kind } = change);
    if (!('names' in step)) {
      batches.push({ step, changes: [change] });
      continue;
    }
    const key = `${nameRank(step, change.name, ranks)} ${step.account}`;
    const known = open.get(key);
    if (known === undefined) open.set(key, { step, changes: [change] });
    else {
      known.step.names.push(...step.names);
      known.changes.push(change);
    }
  }
  flush();
  return batches;
}

/**
 * What must not come in one batch with, or after, another of the same person: the first association makes the default
 * account, and the one of the default account is removed last, which is the plan's order.
 */
function nameRank(step: ManyNames, name: string, ranks: Map<string, number>): string {
  if (step.op === 'add-associations') return step.isFirst ? '0' : '1';
  if (step.op === 'cancel-jobs') return step.isPendingOnly ? '0' : '1';
  if (step.op !== 'remove-associations') return '0';
  const rank = ranks.get(name) ?? 0;
  ranks.set(name, rank + 1);
  return String(rank).padStart(5, '0');
}

function splitLarge(batch: { readonly step: ManyNames; readonly changes: readonly Change[] }): SlurmBatch[] {
  const { step, changes } = batch;
  return Array.from({ length: Math.ceil(changes.length / MOST_NAMES) }, (_, index) => {
    const [from, to] = [index * MOST_NAMES, (index + 1) * MOST_NAMES];
    return { step: { ...step, names: step.names.slice(from, to) }, changes: changes.slice(from, to) };
  });
}

/** Halves of a batch that failed as a whole; a batch of one has none. */
export function splitBatch({ step, changes }: SlurmBatch): SlurmBatch[] {
  if (!('names' in step) || changes.length < 2) return [];
  const half = Math.ceil(changes.length / 2);
  return [
    { step: { ...step, names: step.names.slice(0, half) }, changes: changes.slice(0, half) },
    { step: { ...step, names: step.names.slice(half) }, changes: changes.slice(half) },
  ];
}

type ManyNames = Extract<SlurmStep, { names: string[] }>;

const OPS = {
  'slurm-submit-stop': 'stop-submissions',
  'slurm-submit-allow': 'allow-submissions',
  'slurm-default-set': 'set-default',
  'slurm-association-remove': 'remove-associations',
} as const;

/** null: no change of Slurm. */
function toStep(change: Change): SlurmStep | null {
  const { name } = change;
  if (change.kind === 'slurm-account-add' || change.kind === 'slurm-account-alter') {
    const { qos, limits, ...rest } = change.settings;
    const settings = { ...rest, qos: qos === null ? null : [...qos], limits: { ...limits } };
    return { op: change.kind === 'slurm-account-add' ? 'add-account' : 'alter-account', name, settings };
  }
  if (change.kind === 'slurm-association-add')
    return { op: 'add-associations', names: [name], account: change.account, isFirst: change.isFirst };
  if (change.kind === 'slurm-jobs-cancel') {
    const { account, isPendingOnly } = change;
    return { op: 'cancel-jobs', names: [name], account, isPendingOnly };
  }
  return isOfAssociation(change) ? { op: OPS[change.kind], names: [name], account: change.account } : null;
}

function isOfAssociation(change: Change): change is Extract<Change, { kind: keyof typeof OPS }> {
  return change.kind in OPS;
}
