// `limits`: which losses and gains the guard holds.
import * as z from 'zod';
import { count, duration, share } from './types.ts';

export const limits = z.strictObject({
  max_loss: z
    .strictObject({
      share: share.default(0.1).describe('Maximum share of what exists.'),
      at_least: count.default(3).describe('This number of losses never waits for approval.'),
      at_most: count.default(100).describe('Maximum number of losses per window without approval.'),
      window: duration.prefault('24h').describe('The sliding window over which losses add up.'),
    })
    .prefault({})
    .describe('Losses above either limit are held; the loss of one user alone never is.'),
  max_gain: z
    .strictObject({
      sudo: count.default(3).describe('Maximum number of new members of sudo groups.'),
      replaced_keys: share.default(0.1).describe('Maximum share of users whose keys are all replaced.'),
      enabled_again: share
        .default(0.1)
        .describe('Maximum share of managed accounts that are enabled again after they were disabled.'),
      slurm_limits: count
        .default(5)
        .describe('Maximum number of Slurm accounts whose QOS, limits or shares grow.'),
      window: duration.prefault('24h').describe('The sliding window over which gains add up.'),
    })
    .prefault({})
    .describe('Gains above the limit are held.'),
  hold: duration
    .prefault('1h')
    .describe('How long explicit deactivations above the limit wait before they take effect.'),
  absences: z
    .int()
    .min(1)
    .default(2)
    .describe('Complete syncs without a record before an unconfirmed absence counts.'),
});
