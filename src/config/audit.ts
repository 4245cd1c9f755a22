// `audit`: where events go, and how long the history is kept.
import * as z from 'zod';
import { duration } from './types.ts';

export const audit = z.strictObject({
  events: z
    .enum(['journal', 'stdout', 'none'])
    .default('journal')
    .describe(
      'Where the daemon writes one JSON line for each change and each act of an operator: to its standard error with the priority that the journal reads, or to its standard output, for a container’s log. EVENTS in sunk-agent(8) has the fields.',
    ),
  retention: duration
    .prefault('90d')
    .describe(
      'How long the history of changes is kept. What the guard counts is kept longer if it has to be. At most 250,000 changes.',
    ),
});
