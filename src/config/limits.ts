// `limits`: what the guard holds.
import * as z from 'zod';
import { count, duration, share } from './types.ts';

export const limits = z.strictObject({
  max_loss: z
    .strictObject({
      share: share.default(0.1).describe('Share of what exists.'),
      at_least: count.default(3).describe('So many may always go.'),
      at_most: count.default(100).describe('More than so many never go unasked.'),
      window: duration.prefault('24h').describe('The sliding time over which losses add up.'),
    })
    .prefault({})
    .describe('Losses past either limit are held; one person never trips it.'),
  max_gain: z
    .strictObject({
      sudo: count.default(3).describe('New members of sudo groups.'),
      replaced_keys: share.default(0.1).describe('Share of people whose keys are all replaced.'),
      window: duration.prefault('24h').describe('The sliding time over which gains add up.'),
    })
    .prefault({})
    .describe('Gains past the limit are held.'),
  hold: duration
    .prefault('1h')
    .describe('How long explicit deactivations beyond the limit wait before they act.'),
  absences: z
    .int()
    .min(1)
    .default(2)
    .describe('Complete passes without a record before its absence counts unconfirmed.'),
});
