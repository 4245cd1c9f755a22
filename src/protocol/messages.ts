// The messages between the reader (network, token) and the agent (root, no network): NDJSON both ways, except for the
// pages of a fetch, which have lines of their own (see page-lines). The words on the wire are those of release 0.1.0.
import * as z from 'zod';

/** Longest line that the reader accepts of the agent, in bytes. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** Maximum number of resources in one `look`; more become a delta. */
export const MAX_NAMED = 50;

const kind = z.enum(['User', 'Group']);
const mode = z.enum(['full', 'delta']);
const probedGroup = z.strictObject({ id: z.string().max(500), name: z.string().max(500) });
/** The maps of libnss-cache that Kubernetes Secrets can have. */
export const secretMap = z.enum(['passwd', 'group', 'shadow', 'sshkey']);
const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
const objectName = z.string().max(253);
const finding = z.strictObject({ code: z.string().max(100), detail: z.string().max(2000) });

/** Requests of the agent. `n` numbers the request; every answer to it carries the same `n`. */
export const askSchema = z.discriminatedUnion('ask', [
  /**
   * Fetch everything (`full`), or what changed since the server's time `since` (RFC 3339; `delta`). The reader does a
   * full read instead where the store does not honour the filter.
   */
  z.strictObject({
    ask: z.literal('pass'),
    n: z.int(),
    mode,
    since: z.string().nullable(),
  }),
  /** Read one resource by id, to confirm an absence or after an event. */
  z.strictObject({ ask: z.literal('read'), n: z.int(), kind, id: z.string() }),
  /** Probe the store for `doctor`: tokens, clock, schemas, and these groups by name and (where pinned) by id. */
  z.strictObject({
    ask: z.literal('probe'),
    n: z.int(),
    groups: z.array(z.strictObject({ name: z.string(), id: z.string().nullable() })),
  }),
  /** Read the Secrets of `publish.secrets`. */
  z.strictObject({ ask: z.literal('read-secrets'), n: z.int() }),
  /** Replace maps in them, if each Secret still has the version that was read; no other Secret is ever written. */
  z.strictObject({
    ask: z.literal('write-secrets'),
    n: z.int(),
    secrets: z
      .array(
        z.strictObject({
          name: objectName,
          version: z.string().max(200),
          maps: z.array(z.strictObject({ map: secretMap, data: base64 })).max(4),
        }),
      )
      .max(4),
  }),
  /** Serve this text to Prometheus (`metrics.listen`); has no answer. */
  z.strictObject({ ask: z.literal('metrics'), text: z.string() }),
  /** A person asks: no pause that the store wanted is kept, unless it was asked within the last 10 s. Has no answer. */
  z.strictObject({ ask: z.literal('resume') }),
  /** The node has this snapshot now; later requests to the store carry it (`scim.announce`). Has no answer. */
  z.strictObject({ ask: z.literal('announce'), snapshot: z.string().regex(/^[0-9a-f]{6,64}$/) }),
  /** From now on send `look` when the store announces a change, or a token file has changed. */
  z.strictObject({ ask: z.literal('watch') }),
]);

/** Answers and notices of the reader, besides lines of pages. A raw resource is `unknown` here: the agent judges it. */
export const saySchema = z.discriminatedUnion('say', [
  z.strictObject({ say: z.literal('hello'), protocol: z.literal(4) }),
  /**
   * End of the fetch. `mode` is what was really done. `complete` claims, for each kind, that all of it was sent; an
   * absence can be concluded only where the mode is `full`.
   */
  z.strictObject({
    say: z.literal('end'),
    n: z.int(),
    mode,
    complete: z.strictObject({ User: z.boolean(), Group: z.boolean() }),
    /** Why a list is partial, or was read again; empty for a clean fetch. */
    problems: z.array(finding),
    /** The server's `Date` at the first answer (epoch ms) and the reader's clock at the same instant. */
    server_time: z.number().nullable(),
    local_time: z.number(),
    requests: z.int(),
    retries: z.int(),
    bytes: z.number(),
  }),
  /** One resource: present, or absent. Only a 404 with a SCIM error body confirms an absence. */
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
  /** The result of a probe; statuses are HTTP's, null where the store was not asked or did not answer. */
  z.strictObject({
    say: z.literal('probe'),
    n: z.int(),
    /** Why the store was not reached: an errno(3) or a TLS code, and a phrase; null: it was reached. */
    fault: finding.nullable(),
    /** In the order of `scim.tokens`. `fault`: why the file could not be read. */
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
    /** Each requested group; `listed` have its name, in any case, `pinned` has its id. */
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
  /** The Secrets of `publish.secrets`, as the API server has them after the request. */
  z.strictObject({
    say: z.literal('secrets'),
    n: z.int(),
    secrets: z
      .array(
        z.strictObject({
          name: objectName,
          /** resourceVersion; null: it could not be read. */
          version: z.string().max(200).nullable(),
          /** Whether its content is what this program wrote last. */
          isUnaltered: z.boolean(),
          /** Of all values of its data, decoded, as the API server’s limit counts them. */
          bytes: z.int().min(0),
          maps: z.array(
            z.strictObject({
              map: secretMap,
              /** SHA-256 in hex. */
              hash: z.string().regex(/^[0-9a-f]{64}$/),
              /** Of passwd where the content is another program’s; else null. */
              data: base64.nullable(),
            }),
          ),
          problem: finding.nullable(),
        }),
      )
      .max(4),
  }),
  /** The request failed as a whole; none of its pages count. `code` is an ErrorCode. */
  z.strictObject({
    say: z.literal('failed'),
    n: z.int(),
    code: z.string(),
    message: z.string(),
    hint: z.string(),
    /** With store_busy: the pause that the store asked for, epoch milliseconds. */
    pause: z.strictObject({ since: z.number(), until: z.number() }).optional(),
  }),
  /** How the store answered since the last `traffic`; sent before the `end`, `resource` or `failed` that it belongs to. */
  z.strictObject({
    say: z.literal('traffic'),
    statuses: z.record(z.string().regex(/^(?:[1-5]\d\d|none)$/), z.int().min(0)),
    retries: z.int().min(0),
  }),
  /**
   * Fetch now. `event`: the store announced a change of these resources (RFC 9967); the announced content is never
   * trusted and not passed on. `delta`: it announced more than can be named. `full`: everything may have changed.
   */
  z.strictObject({
    say: z.literal('look'),
    mode: z.enum(['full', 'delta', 'event']),
    resources: z.array(z.strictObject({ kind, id: z.string() })).max(MAX_NAMED),
  }),
]);

export type Ask = z.infer<typeof askSchema>;
export type Say = z.infer<typeof saySchema>;
export type FetchEnd = Extract<Say, { say: 'end' }>;
export type ProbeAnswer = Extract<Say, { say: 'probe' }>;
export type ReadAnswer = Extract<Say, { say: 'resource' }>;
export type SecretsAnswer = Extract<Say, { say: 'secrets' }>;
export type SecretWrites = Extract<Ask, { ask: 'write-secrets' }>['secrets'];
export type SecretMap = z.infer<typeof secretMap>;
export type ChangeNotice = Extract<Say, { say: 'look' }>;
export type FetchAsk = Extract<Ask, { ask: 'pass' }>;
export type ReadAsk = Extract<Ask, { ask: 'read' }>;

/** A configured group, for the probe. */
export interface GroupQuestion {
  readonly name: string;
  readonly id: string | null;
}
