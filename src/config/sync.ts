// `sync`: when the store is queried.
import * as z from 'zod';

export const sync = z.strictObject({
  poll: z.string().default('*/30 * * * * *').describe('When to fetch changes (cron, with seconds).'),
  full: z.string().default('0 * * * *').describe('When to fetch everything (cron).'),
});
