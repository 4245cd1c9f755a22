// What doctor asks the running agent, and what it answers: one line each, between two processes of one user.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { saySchema } from '../../protocol/messages.ts';

/** Bytes of a line. */
export const MAX_AGENT_LINE = 4 * 1024 * 1024;

export const agentRequestSchema = z.strictObject({
  /** Groups to ask the store for. */
  groups: z.array(z.strictObject({ name: z.string(), id: z.string().nullable() })),
});

export const agentReplySchema = z.strictObject({
  /** Digest of the configuration that the agent has read; null: it could not be read. */
  config: z.string().nullable(),
  /** `away`: no reader is connected. `failed`: why it did not answer. */
  reader: z.discriminatedUnion('is', [
    z.strictObject({ is: z.literal('away') }),
    z.strictObject({ is: z.literal('failed'), why: z.string().max(2000) }),
    z.strictObject({ is: z.literal('there'), answer: saySchema }),
  ]),
  /** Whether a login was tried for this; if not, what the last trial showed counts. */
  isLoginTried: z.boolean(),
});

export type AgentReply = z.infer<typeof agentReplySchema>;

/** null: the file cannot be read. */
export function digestFile(file: string): string | null {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return null;
  }
}
