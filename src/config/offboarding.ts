// `offboarding`: what else happens when a user loses access.
import * as z from 'zod';
import { absolutePath, duration } from './types.ts';

export const offboarding = z.strictObject({
  hook: absolutePath
    .nullable()
    .default(null)
    .describe(
      'A program that runs as root for each account that is disabled (sunk-agent hook, in sunk-agent(8)).',
    ),
  hook_timeout: duration.prefault('30s').describe('Its time limit.'),
});
