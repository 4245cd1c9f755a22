// Changes of Slurm as commands: those of one kind and one account go together, since nearly all of a command is its commit.
import type { Change } from '../../plan/change.ts';
import type { SlurmStep } from '../../protocol/slurm-messages.ts';

/** What one command does, and for which changes. */
export interface SlurmBatch {
  readonly step: SlurmStep;
  readonly changes: readonly Change[];
}

/** A command with more names takes slurmdbd so long that a revocation behind it would wait. */
const MOST_NAMES = 300;

/** @param changes in the order of applying, which is kept. */
export function toBatches(changes: readonly Change[]): SlurmBatch[] {
  const batches: { step: SlurmStep; changes: Change[] }[] = [];
  for (const change of changes) {
    const step = toStep(change);
    if (step === null) continue;
    const last = batches.at(-1);
    if (last !== undefined && 'names' in last.step && 'names' in step && isAlike(last.step, step)) {
      last.step.names.push(...step.names);
      last.changes.push(change);
    } else batches.push({ step, changes: [change] });
  }
  return batches;
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

function isAlike(last: ManyNames, next: ManyNames): boolean {
  return (
    last.op === next.op &&
    last.account === next.account &&
    last.names.length < MOST_NAMES &&
    (last.op !== 'add-associations' || next.op !== 'add-associations' || last.isFirst === next.isFirst)
  );
}

const OPS = {
  'slurm-submit-stop': 'stop-submissions',
  'slurm-submit-allow': 'allow-submissions',
  'slurm-jobs-cancel': 'cancel-jobs',
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
  return isOfAssociation(change) ? { op: OPS[change.kind], names: [name], account: change.account } : null;
}

function isOfAssociation(change: Change): change is Extract<Change, { kind: keyof typeof OPS }> {
  return change.kind in OPS;
}
