// The documented shape of an audit event; tests hold every event to it, and the manual is made from it.
import * as z from 'zod';
import { CHANGE_ORDER } from '../../../plan/change.ts';
import { ACTS } from '../audit.ts';

const MAX_TEXT = 4096;
const text = z.string().max(MAX_TEXT);

export const auditEvent = z.strictObject({
  schema_version: z.literal(1).describe('Fields are only added while it stays.'),
  event: z
    .enum(['change', 'act'])
    .describe('A change that a sync applied to the node, or an act of an operator.'),
  code: z.enum([...CHANGE_ORDER, ...ACTS]).describe('What was done: see the list of codes.'),
  at: z.iso.datetime().describe('When, RFC 3339 in UTC.'),
  sync: z.int().positive().nullable().describe('Number of the sync; null for an act.'),
  subject: z
    .strictObject({
      name: text.describe(
        'The account, or the group where no person is concerned; for an act what the operator typed.',
      ),
      scimId: text
        .nullable()
        .describe(
          'SCIM id of the person, or of the group; null where the change concerns all, or it is not known.',
        ),
      group: text.nullable().describe('The Unix group of a membership; else null.'),
      account: text.nullable().describe('The Slurm account of an association; else null.'),
    })
    .describe('Who or what it was done to.'),
  actor: z
    .strictObject({
      kind: z.enum(['store', 'operator']).describe('What decided it.'),
      name: text.describe('Base URL of the store; or the operator, by SUDO_USER.'),
      snapshot: z
        .string()
        .nullable()
        .describe(
          'Hash of the records that the sync used, equal on all nodes that fetched the same; null for an act.',
        ),
      loginuid: z
        .int()
        .nullable()
        .describe('The uid that the operator logged in with (pam_loginuid(8)); null: none, or the store.'),
    })
    .describe('Who decided it.'),
  reason: text.describe('Why, in words; may be empty.'),
  keys: z
    .strictObject({
      gained: z.array(z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/)).describe('Fingerprints that came.'),
      lost: z.array(z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/)).describe('Fingerprints that went.'),
    })
    .nullable()
    .describe('Of a key file that was written; both are empty where only its expiry was renewed. Else null.'),
});

export type AuditEvent = z.infer<typeof auditEvent>;

/** Longer texts of the store or of an operator are cut. */
export function cutText(value: string): string {
  return value.slice(0, MAX_TEXT).toWellFormed();
}
