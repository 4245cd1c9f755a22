// `slurm`: which groups become which Slurm accounts, and how a revocation ends there.
import * as z from 'zod';
import { duration } from './types.ts';

/** Slurm folds case and splits at commas, so names are checked here (sacctmgr(1)). */
export const slurmName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.-]{0,39}$/, 'a Slurm name: a-z, 0-9, then also . _ -, at most 40 characters');

/** Names of accounts that were imported may be older than our rule for them (isSafeName), and Slurm folds their case. */
export const slurmUserName = z.string().regex(/^[a-z0-9_][a-z0-9_.-]{0,63}$/);

/** Limits of an association (sacctmgr(1), "SPECIFICATIONS FOR ASSOCIATIONS"), as sacctmgr spells them. */
export const SLURM_LIMITS = [
  'GrpJobs',
  'GrpSubmitJobs',
  'GrpTRES',
  'GrpTRESMins',
  'GrpWall',
  'MaxJobs',
  'MaxSubmitJobs',
  'MaxTRESPerJob',
  'MaxTRESMinsPerJob',
  'MaxWallDurationPerJob',
] as const;

const limitValue = z
  .string()
  .regex(/^[a-zA-Z0-9/=,:_.-]{1,200}$/, 'a limit as sacctmgr takes it, such as 100 or gres/gpu=8');

const rule = z.strictObject({
  group: z.string().min(1).describe('A group at the store by its name, with * and ? for any text.'),
  id: z.string().min(1).nullable().default(null).describe('Its SCIM id, where the name is of one group.'),
  account: slurmName
    .nullable()
    .default(null)
    .describe('The Slurm account; without it the account has the group’s name.'),
  parent: slurmName.default('root').describe('The account above it.'),
  default: z
    .boolean()
    .default(false)
    .describe('Whether it is the default account of its members; of several the first rule counts.'),
  qos: z
    .array(slurmName)
    .nullable()
    .default(null)
    .describe('QOS that its jobs may have; unset: not managed.'),
  default_qos: slurmName.nullable().default(null).describe('The QOS of a job that names none.'),
  fairshare: z.int().min(0).nullable().default(null).describe('Its shares; unset: not managed.'),
  limits: z
    .partialRecord(z.enum(SLURM_LIMITS), limitValue)
    .default({})
    .describe('Limits of the account, as sacctmgr spells them; its members inherit those of one user.'),
  drain: duration
    .nullable()
    .prefault(null)
    .describe(
      'How long running jobs of a person who loses the account may go on; unset: they are cancelled at once, as after a block.',
    ),
});

export type SlurmRule = z.output<typeof rule>;

export const slurm = z.strictObject({
  mode: z
    .enum(['off', 'observe', 'enforce'])
    .default('off')
    .describe('observe plans and reports, and changes nothing in Slurm.'),
  cluster: slurmName
    .nullable()
    .default(null)
    .describe('ClusterName; unset: the only one that slurmdbd has, or of several that of slurmctld.'),
  rules: z.array(rule).prefault([]).describe('Groups that become accounts.'),
  every: duration.prefault('1m').describe('How often Slurm is compared, beside what each sync changes.'),
});
