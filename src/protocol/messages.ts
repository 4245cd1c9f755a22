// The lines that pass between the reader (network, token) and the agent (root, no network): NDJSON both ways, but for
// the pages of a pass, which have lines of their own (see page-lines).
import * as z from 'zod';

/** Longest line either side accepts, in bytes; a page bounded by `scim.bounds.page_bytes` always fits. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** Resources that one `look` names at most; more than that is a case for a delta. */
export const MAX_NAMED = 50;

const kind = z.enum(['User', 'Group']);
/** SHA-256 as base64url. */
const digest = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const mode = z.enum(['full', 'delta']);
const probedGroup = z.strictObject({ id: z.string().max(500), name: z.string().max(500) });
const finding = z.strictObject({ code: z.string().max(100), detail: z.string().max(2000) });

/** What the agent asks. `n` numbers the question; every answer to it carries the same `n`. */
export const askSchema = z.discriminatedUnion('ask', [
  /**
   * Read everything (`full`), or what changed since the server's time `since` (RFC 3339; `delta`), which the
   * answer does with a full read where the store does not honour such a question.
   */
  z.strictObject({
    ask: z.literal('pass'),
    n: z.int(),
    mode,
    since: z.string().nullable(),
    /** Digests of pages of an earlier full read whose resources need not come again. */
    known: z.array(digest),
  }),
  /** Read one resource by id, to confirm an absence or to follow an event. */
  z.strictObject({ ask: z.literal('read'), n: z.int(), kind, id: z.string() }),
  /** Look at the store for `doctor`: tokens, clock, schemas, and these groups by name and (where pinned) by id. */
  z.strictObject({
    ask: z.literal('probe'),
    n: z.int(),
    groups: z.array(z.strictObject({ name: z.string(), id: z.string().nullable() })),
  }),
  /** Serve this text to Prometheus (`metrics.listen`); nothing is answered. */
  z.strictObject({ ask: z.literal('metrics'), text: z.string() }),
  /** The node has this snapshot now, which requests tell from here on (`scim.announce`); nothing is answered. */
  z.strictObject({ ask: z.literal('announce'), snapshot: z.string().regex(/^[0-9a-f]{6,64}$/) }),
  /** From now on say `look` when the store announces a change, or a new token lies ready. */
  z.strictObject({ ask: z.literal('watch') }),
]);

/** What the reader answers, besides pages. A raw resource is `unknown` here: scim/read-resource judges it in the agent. */
export const saySchema = z.discriminatedUnion('say', [
  z.strictObject({ say: z.literal('hello'), protocol: z.literal(3) }),
  /**
   * A page of a pass is over: its lines are those since the last such word, or (`is_known`) none, since the agent knows
   * it. Under the digest it may be called known in the next full read; null: it will not come so again.
   */
  z.strictObject({
    say: z.literal('page'),
    n: z.int(),
    kind,
    digest: digest.nullable(),
    is_known: z.boolean(),
  }),
  /**
   * The pass is over. `mode` is what was really done. `complete`, for each kind alone, claims that all of that
   * came; an absence can be concluded only where the mode is `full`.
   */
  z.strictObject({
    say: z.literal('end'),
    n: z.int(),
    mode,
    complete: z.strictObject({ User: z.boolean(), Group: z.boolean() }),
    /** Why something is partial, or what was odd; empty on a clean pass. */
    problems: z.array(finding),
    /** The server's `Date` at the first answer (epoch ms) and the reader's clock at the same instant. */
    server_time: z.number().nullable(),
    local_time: z.number(),
    requests: z.int(),
    retries: z.int(),
    bytes: z.number(),
  }),
  /** One resource: as read, or absent. Only a 404 with a SCIM error body confirms an absence. */
  z.strictObject({
    say: z.literal('resource'),
    n: z.int(),
    kind,
    id: z.string(),
    found: z.enum(['present', 'absent', 'unknown']),
    resource: z.unknown().optional(),
    problem: finding.nullable(),
    server_time: z.number().nullable(),
    local_time: z.number(),
  }),
  /** What a look at the store came to; statuses are HTTP's, null where it was not asked or did not answer. */
  z.strictObject({
    say: z.literal('probe'),
    n: z.int(),
    /** Why the store was not reached: an errno(3) or a TLS code, and a phrase; null: it was. */
    fault: finding.nullable(),
    /** In the order of `scim.tokens`. `fault`: why it could not be read. */
    tokens: z.array(
      z.strictObject({
        file: z.string(),
        fault: z.string().max(1000).nullable(),
        status: z.int().nullable(),
        may_write: z.boolean().nullable(),
      }),
    ),
    server_time: z.number().nullable(),
    local_time: z.number(),
    provider_config: z.int().nullable(),
    /** Ids of /Schemas. */
    schemas: z.array(z.string().max(500)).max(200).nullable(),
    /** Each group that was asked for; `listed` have its name, in whatever case, `pinned` has its id. */
    groups: z.array(
      z.strictObject({
        name: z.string(),
        id: z.string().nullable(),
        pinned: probedGroup.nullable(),
        status: z.int().nullable(),
        listed: z.array(probedGroup).max(20),
      }),
    ),
  }),
  /** The question failed as a whole; nothing of it counts. `code` is an ErrorCode. */
  z.strictObject({
    say: z.literal('failed'),
    n: z.int(),
    code: z.string(),
    message: z.string(),
    hint: z.string(),
  }),
  /** How the store answered since the last such line; comes before the `end`, `resource` or `failed` it belongs to. */
  z.strictObject({
    say: z.literal('traffic'),
    statuses: z.record(z.string().regex(/^(?:[1-5]\d\d|none)$/), z.int().min(0)),
    retries: z.int().min(0),
  }),
  /**
   * Look now. `event`: the store announced a change of these resources (RFC 9967), whose content is never trusted
   * and so is not here; `delta`: it announced more than can be named; `full`: everything may be new.
   */
  z.strictObject({
    say: z.literal('look'),
    mode: z.enum(['full', 'delta', 'event']),
    resources: z.array(z.strictObject({ kind, id: z.string() })).max(MAX_NAMED),
  }),
]);

export type Ask = z.infer<typeof askSchema>;
export type Say = z.infer<typeof saySchema>;
export type PageEnd = Extract<Say, { say: 'page' }>;
export type FetchEnd = Extract<Say, { say: 'end' }>;
export type ProbeAnswer = Extract<Say, { say: 'probe' }>;
export type ReadAnswer = Extract<Say, { say: 'resource' }>;
export type ChangeNotice = Extract<Say, { say: 'look' }>;
export type FetchAsk = Extract<Ask, { ask: 'pass' }>;
export type ReadAsk = Extract<Ask, { ask: 'read' }>;

/** A group of the configuration, as doctor asks for it. */
export interface GroupQuestion {
  readonly name: string;
  readonly id: string | null;
}
