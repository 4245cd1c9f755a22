// Changes as security event tokens (RFC 9967), handed out to those who poll for them (RFC 8936).
import { randomUUID } from 'node:crypto';
import { getAttribute } from './attributes.ts';
import { ACTIVATE, CREATE_NOTICE, DEACTIVATE, DELETE, PATCH_NOTICE, PUT_NOTICE } from './event-uris.ts';
import { isSame, type Json, type JsonObject } from './json.ts';
import type { Change } from './resources/organisation.ts';
import { ENDPOINTS } from './render.ts';
import { ScimError } from './scim-error.ts';

export interface Events {
  /** Keeps a change for every receiver that polls. */
  publish(change: Change): void;
  /**
   * One poll of one receiver; the first one opens its stream, from which on nothing is missed.
   * Waits for news unless `returnImmediately`, and answers an empty `sets` when the time is up.
   * @throws ScimError 400 for a request that RFC 8936 section 2.2 does not know.
   */
  poll(receiver: string, request: JsonObject): Promise<JsonObject>;
}

interface Stream {
  /** Not yet acknowledged, by `jti`; sent again until it is (RFC 8936 section 2). */
  readonly pending: Map<string, string>;
  waiting: (() => void) | null;
  polled: number;
}

/** Tokens that are kept for a receiver; the oldest go, since each says no more than "look now". */
const MAX_PENDING = 10_000;
const MAX_STREAMS = 1000;
/** Milliseconds after which a receiver that polls no more is forgotten. */
const FORGOTTEN_AFTER = 15 * 60_000;

/**
 * @param issuer the base URL.
 * @param wait milliseconds for which a poll is held open.
 */
export function createEvents(issuer: string, wait: number, now: () => number): Events {
  const streams = new Map<string, Stream>();

  function open(receiver: string): Stream {
    const known = streams.get(receiver);
    if (known !== undefined) return known;
    for (const [name, stream] of streams) if (now() - stream.polled > FORGOTTEN_AFTER) streams.delete(name);
    if (streams.size >= MAX_STREAMS) throw new ScimError(429, null, 'too many receivers');
    const stream = { pending: new Map<string, string>(), waiting: null, polled: now() };
    streams.set(receiver, stream);
    return stream;
  }

  return {
    publish(change) {
      if (streams.size === 0) return;
      const jti = randomUUID();
      const token = writeToken({ iss: issuer, iat: Math.floor(now() / 1000), jti, aud: issuer }, change);
      for (const stream of streams.values()) {
        stream.pending.set(jti, token);
        const [oldest] = stream.pending.keys();
        if (stream.pending.size > MAX_PENDING && oldest !== undefined) stream.pending.delete(oldest);
        stream.waiting?.();
      }
    },
    async poll(receiver, request) {
      const { most, isImmediate, acknowledged } = readPoll(request);
      const stream = open(receiver);
      stream.polled = now();
      for (const jti of acknowledged) stream.pending.delete(jti);
      if (stream.pending.size === 0 && !isImmediate && most > 0) await waitForNews(stream, wait);
      const sets = [...stream.pending].slice(0, most);
      return { sets: Object.fromEntries(sets), moreAvailable: stream.pending.size > sets.length };
    },
  };
}

/** A second poll of the same receiver takes the place of the first, which ends with nothing. */
function waitForNews(stream: Stream, wait: number): Promise<void> {
  stream.waiting?.();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      if (stream.waiting === end) stream.waiting = null;
      resolve();
    };
    const timer = setTimeout(end, wait);
    timer.unref();
    stream.waiting = end;
  });
}

function readPoll(request: JsonObject): { most: number; isImmediate: boolean; acknowledged: string[] } {
  const { maxEvents = 100, returnImmediately = false, ack = [], setErrs = {} } = request;
  const isSound =
    typeof maxEvents === 'number' &&
    maxEvents >= 0 &&
    typeof returnImmediately === 'boolean' &&
    Array.isArray(ack) &&
    ack.every((jti) => typeof jti === 'string') &&
    typeof setErrs === 'object' &&
    setErrs !== null;
  if (!isSound) {
    throw new ScimError(400, 'invalidSyntax', 'a poll has maxEvents, returnImmediately, ack and setErrs');
  }
  // A receiver that cannot read a token gets it no second time either.
  return {
    most: Math.min(maxEvents, 1000),
    isImmediate: returnImmediately,
    acknowledged: [...ack, ...Object.keys(setErrs)],
  };
}

/** An unsecured JWT (RFC 7519 section 6): it travels inside the connection that a token opened, and says "look". */
function writeToken(claims: JsonObject, change: Change): string {
  const externalId = getAttribute(change.after ?? change.before ?? {}, 'externalId');
  const subject: JsonObject = { format: 'scim', uri: `/${ENDPOINTS[change.kind]}/${change.id}` };
  if (externalId !== null) subject['externalId'] = externalId;
  const payload = { ...claims, sub_id: subject, events: describeEvents(change) };
  return [{ typ: 'secevent+jwt', alg: 'none' }, payload]
    .map((part) => `${Buffer.from(JSON.stringify(part)).toString('base64url')}.`)
    .join('');
}

const NOTICES = { create: CREATE_NOTICE, put: PUT_NOTICE, patch: PATCH_NOTICE } as const;

function describeEvents(change: Change): JsonObject {
  if (change.act === 'delete') return { [DELETE]: {} };
  const events: JsonObject = { [NOTICES[change.act]]: { attributes: listChanged(change) } };
  const before = getAttribute(change.before ?? {}, 'active');
  const after = getAttribute(change.after ?? {}, 'active');
  if (before === true && after === false) events[DEACTIVATE] = {};
  if (before === false && after === true) events[ACTIVATE] = {};
  return events;
}

/** The names of the attributes that differ, for a notice carries no content. */
function listChanged({ before, after }: Change): Json[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  names.delete('meta');
  return [...names].filter((name) => !isSame(before?.[name] ?? null, after?.[name] ?? null));
}
