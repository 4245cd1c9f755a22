// `offboarding`: what else happens when somebody leaves.
import * as z from 'zod';
import { absolutePath, duration } from './types.ts';

export const offboarding = z.strictObject({
  hook: absolutePath
    .nullable()
    .default(null)
    .describe('A program run, as root, for each account that is closed (sunk-agent hook, in sunk-agent(8)).'),
  hook_timeout: duration.prefault('30s').describe('Its time limit.'),
});
