// What the last round over Slurm found, for `status` and `approve`: a file that the agent writes and others read.
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { replaceFiles } from '../../host/fs/atomic-file.ts';
import type { Paths } from '../../common/paths.ts';
import type { SlurmReport } from './slurm-round.ts';

export const slurmStatusSchema = z.object({
  schema_version: z.literal(1),
  /** Epoch seconds of the last round that read Slurm; null: none did. */
  at: z.int().nullable(),
  cluster: z.string(),
  version: z.string(),
  observing: z.boolean(),
  /** Why the newest round could not read Slurm, and since when rounds fail; null: it could. */
  failure: z.object({ since: z.int(), problem: z.string() }).nullable(),
  controller: z.boolean(),
  /** How long the last round took that read Slurm. */
  seconds: z.number().default(0),
  associations: z.int(),
  /** How many names are managed in other clusters, which rounds do not read. */
  elsewhere: z.array(z.object({ cluster: z.string(), names: z.int() })).default([]),
  /** Names that a build made which recorded no cluster, and of which it is not known. */
  unassigned: z
    .array(z.object({ kind: z.enum(['account', 'user']), name: z.string(), scimId: z.string() }))
    .default([]),
  /** Whose running jobs go on after the account is lost, until when (`drain` of the rule). */
  draining: z.array(z.object({ name: z.string(), account: z.string(), until: z.int() })).default([]),
  changes: z.object({ planned: z.int(), done: z.int() }),
  problems: z.array(z.string()),
  held: z.array(
    z.object({
      hash: z.string(),
      kind: z.string(),
      reason: z.string(),
      changes: z.int(),
      since: z.int(),
    }),
  ),
  refusals: z.array(
    z.object({
      scimId: z.string(),
      kind: z.string(),
      name: z.string(),
      code: z.string(),
      detail: z.string(),
    }),
  ),
});

export type SlurmStatus = z.output<typeof slurmStatusSchema>;

/** Of a site that is taken over, which has as many users as people. */
const MOST_REFUSALS = 20_000;

const NEVER: SlurmStatus = {
  schema_version: 1,
  at: null,
  cluster: '',
  version: '',
  observing: false,
  failure: null,
  controller: false,
  seconds: 0,
  associations: 0,
  elsewhere: [],
  unassigned: [],
  draining: [],
  changes: { planned: 0, done: 0 },
  problems: [],
  held: [],
  refusals: [],
};

/** @returns null: no round has ended yet, or Slurm is not configured. */
export function readSlurmStatus({ slurmStatus }: Pick<Paths, 'slurmStatus'>): SlurmStatus | null {
  try {
    return slurmStatusSchema.parse(JSON.parse(readFileSync(slurmStatus, 'utf8')));
  } catch {
    return null;
  }
}

export function writeSlurmStatus(
  paths: Pick<Paths, 'slurmStatus'>,
  outcome: SlurmReport | { readonly failedAt: number; readonly problem: string },
): void {
  const status = 'problem' in outcome ? noteFailure(outcome, readSlurmStatus(paths)) : toStatus(outcome);
  const data = `${JSON.stringify(status)}\n`;
  replaceFiles([{ file: paths.slurmStatus, data, encoding: 'utf8', mode: 0o644 }]);
}

/** What was read before stays. */
function noteFailure(
  { failedAt, problem }: { readonly failedAt: number; readonly problem: string },
  before: SlurmStatus | null,
): SlurmStatus {
  return { ...(before ?? NEVER), failure: { since: before?.failure?.since ?? failedAt, problem } };
}

function toStatus(report: SlurmReport): SlurmStatus {
  const { at, cluster, version, isObserving, hasController, associations, planned, done } = report;
  return {
    schema_version: 1,
    at,
    cluster,
    version,
    observing: isObserving,
    failure: null,
    controller: hasController,
    seconds: Number(report.seconds.toFixed(3)),
    associations,
    elsewhere: report.elsewhere.map((one) => ({ ...one })),
    unassigned: report.unassigned.slice(0, MOST_REFUSALS).map((one) => ({ ...one })),
    draining: report.draining.map((one) => ({ ...one })),
    changes: { planned, done },
    problems: [...report.problems],
    held: report.held.map(({ hash, kind, reason, changes, since }) => ({
      hash,
      kind,
      reason,
      changes: changes.length,
      since,
    })),
    refusals: report.refusals.slice(0, MOST_REFUSALS).map((refusal) => ({ ...refusal })),
  };
}
