// `overrides`: what operators say about one person, for the day the identity provider is wrong.
import * as z from 'zod';
import { posixId } from './types.ts';

export const override = z
  .strictObject({
    id: z.string().optional().describe('The person’s SCIM id ...'),
    name: z.string().optional().describe('... or userName.'),
    block: z.literal(true).optional().describe('May not log in, whatever the store says.'),
    uid: posixId.optional().describe('Has this uid.'),
    add_key: z.string().optional().describe('May also log in with this public key.'),
  })
  .refine((entry) => (entry.id === undefined) !== (entry.name === undefined), 'either id or name');
