// The faults that the service can be told to have: what stores were seen to do wrong, as data.
import * as z from 'zod';
import { ScimError } from '../protocol/scim-error.ts';

const count = z.int().min(0).max(1_000_000_000);

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

/** Every fault says how often it strikes (null: until it is cleared) and which requests it strikes. */
const common = {
  times: z.int().min(1).nullable().default(null),
  /** A regular expression for the request's target, query included. */
  path: z.string().max(1000).refine(isPattern, 'a regular expression').nullable().default(null),
  method: z.string().default('GET'),
};

export const faultSchema = z.discriminatedUnion('kind', [
  // What happens to the connection.
  z.strictObject({ ...common, kind: z.literal('delay'), ms: count }),
  z.strictObject({ ...common, kind: z.literal('drip'), ms: count }),
  z.strictObject({ ...common, kind: z.literal('cut'), share: z.number().min(0).lt(1).default(0.5) }),
  z.strictObject({ ...common, kind: z.literal('reset') }),
  // Another answer than the true one.
  z.strictObject({
    ...common,
    kind: z.literal('status'),
    status: z.int().min(200).max(599),
    /** Seconds, sent as such or as a date. */
    retryAfter: count.nullable().default(null),
    retryAfterForm: z.enum(['seconds', 'date']).default('seconds'),
    headers: z.record(z.string(), z.string()).default({}),
  }),
  z.strictObject({ ...common, kind: z.literal('html'), status: z.int().min(200).max(599).default(200) }),
  z.strictObject({ ...common, kind: z.literal('error-200') }),
  z.strictObject({ ...common, kind: z.literal('not-json') }),
  z.strictObject({ ...common, kind: z.literal('media-type'), type: z.string() }),
  z.strictObject({ ...common, kind: z.literal('clock'), seconds: z.number() }),
  // Lists that are not what was asked for.
  z.strictObject({ ...common, kind: z.literal('ignored-filter') }),
  z.strictObject({ ...common, kind: z.literal('short'), most: z.int().min(1) }),
  z.strictObject({ ...common, kind: z.literal('shifted'), by: z.int().default(1) }),
  z.strictObject({ ...common, kind: z.literal('missing'), by: count.default(1) }),
  z.strictObject({ ...common, kind: z.literal('doubled') }),
  z.strictObject({ ...common, kind: z.literal('empty') }),
  z.strictObject({ ...common, kind: z.literal('cursor-loop') }),
  z.strictObject({ ...common, kind: z.literal('lower-case') }),
  z.strictObject({ ...common, kind: z.literal('no-total') }),
  z.strictObject({ ...common, kind: z.literal('page-total') }),
  z.strictObject({ ...common, kind: z.literal('unstable-total'), by: z.int().default(1) }),
  // Records that are not what they should be.
  z.strictObject({ ...common, kind: z.literal('members-cut'), at: count }),
  /** Members without an id among the true ones. */
  z.strictObject({ ...common, kind: z.literal('members-odd') }),
  /** No change moves `meta.lastModified`, in records and in filters. */
  z.strictObject({ ...common, kind: z.literal('standing') }),
  z.strictObject({ ...common, kind: z.literal('giant'), bytes: count }),
  z.strictObject({ ...common, kind: z.literal('deep'), levels: z.int().min(1).max(100_000) }),
  z.strictObject({
    ...common,
    kind: z.literal('record'),
    /** The resource's id, userName or displayName. */
    who: z.string(),
    /** Members that are served instead of the true ones, at the top of the resource. */
    set: z.record(z.string(), z.unknown()).default({}),
    unset: z.array(z.string()).default([]),
  }),
]);

export type Fault = z.output<typeof faultSchema>;

/** Every kind, for those who ask what there is. */
export const FAULT_KINDS: readonly Fault['kind'][] = faultSchema.options.map(({ shape }) => shape.kind.value);

/**
 * Reads one fault.
 * @throws ScimError 400 that says what is wrong with it.
 */
export function parseFault(value: unknown): Fault {
  const parsed = faultSchema.safeParse(value);
  if (!parsed.success) throw new ScimError(400, 'invalidValue', z.prettifyError(parsed.error));
  return parsed.data;
}
