// The messages of agent and Slurm worker: what a change of them asks for.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { SLURM_PROTOCOL, slurmAskSchema, slurmSaySchema } from '../../../src/protocol/slurm-messages.ts';

test('a change of the messages is a decision about the protocol number', () => {
  const shapes = JSON.stringify([z.toJSONSchema(slurmAskSchema), z.toJSONSchema(slurmSaySchema)]);
  const digest = createHash('sha256').update(shapes).digest('hex').slice(0, 12);
  // After a change: raise SLURM_PROTOCOL where its comment says so, and in any case write the new digest here.
  expect(`${SLURM_PROTOCOL} ${digest}`).toBe('1 32edd5bac95b');
});

test('a question with a field that the worker does not know is refused, an answer with one is read without it', () => {
  const read = { ask: 'read', n: 1, cluster: null };
  expect(slurmAskSchema.safeParse(read).success).toBe(true);
  expect(slurmAskSchema.safeParse({ ...read, isDryRun: true }).success).toBe(false);
  expect(slurmSaySchema.parse({ say: 'applied', n: 1, took: 5 })).toEqual({ say: 'applied', n: 1 });
});
