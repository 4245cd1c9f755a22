// The text of one person's key file: an expiry that sshd enforces, the key, and nothing from the store.
import { hash } from 'node:crypto';
import { compare } from '../../common/text/compare.ts';
import type { Credential, NodeFacts } from '../model.ts';

const DAY = 86_400;
/** The last second of the year 9999, the latest that fits into the format. */
const LATEST = 253_402_300_799;

/** Beyond so many bytes a file starts with an empty line, which tells the helper to leave it to cat(1). */
const LONG_FILE = 1500;

/** Renders the key files of one sync; see `renderKeyFile`. */
export type KeyFileRenderer = (credentials: readonly Credential[]) => string;

export function createKeyFileRenderer(style: NodeFacts['expiry']): KeyFileRenderer {
  const renderTime = createExpiryRenderer(style);
  const renderEnd = createEndRenderer(style);
  const renderLine = ({ type, base64, expiresAt, source, isEnd }: Credential): string => {
    const option =
      expiresAt === null
        ? ''
        : `expiry-time="${isEnd === true ? renderEnd(expiresAt) : renderTime(expiresAt)}" `;
    return `${option}${type} ${base64} ${reduceToSafe(source)}\n`;
  };
  return (credentials) => {
    const lines = [...credentials]
      .sort((a, b) => compare(a.fingerprint, b.fingerprint))
      .map(renderLine)
      .join('');
    return lines.length > LONG_FILE ? `\n${lines}` : lines;
  };
}

/**
 * Renders an authorized_keys file (sshd(8)), one line a key: `expiry-time="..." type base64 scim-id`, sorted by
 * fingerprint; no credentials give an empty text. It depends on nothing but the arguments.
 */
export function renderKeyFile(credentials: readonly Credential[], style: NodeFacts['expiry']): string {
  return createKeyFileRenderer(style)(credentials);
}

/**
 * The time in the way this node's sshd reads it: UTC with `Z`, or before OpenSSH 9.1 local time.
 *
 * sshd reads local time with mktime(3) and tm_isdst = 0, which takes standard time all the year, which in some
 * zones (Europe/Dublin) is the summer's; other C libraries ignore that field; and the system's zone data may be
 * older or newer than Node's. So the largest offset that the zone has within half a year is added, and an hour:
 * by any reading the key is never refused early, and at most three hours late. UTC is exact.
 */
export function renderExpiry(expiresAt: number, style: NodeFacts['expiry']): string {
  return createExpiryRenderer(style)(expiresAt);
}

/**
 * The end of a grant, which no reading may make later: in local time with the smallest offset of the zone, which is what an
 * sshd before 9.1 with glibc takes all the year where clocks go forward in summer. Elsewhere it may end the key earlier.
 */
function createEndRenderer({ zulu, timeZone }: NodeFacts['expiry']): (expiresAt: number) => string {
  return (expiresAt) => {
    // sshd accepts the key in that second too.
    const instant = Math.min(Math.max(Math.floor(expiresAt) - 1, DAY), LATEST - DAY);
    if (zulu) return `${renderDigits(instant)}Z`;
    return renderDigits(instant + Math.min(...readOffsets(timeZone, Math.floor(instant / DAY))));
  };
}

/**
 * Offsets of a zone are looked up once a day of expiry, for as long as the renderer lives: 10,000 people on one
 * day take 15 ms instead of 5 s.
 */
function createExpiryRenderer(style: NodeFacts['expiry']): (expiresAt: number) => string {
  const offsets = new Map<number, number>();
  return (expiresAt) => {
    const instant = Number.isFinite(expiresAt)
      ? Math.min(Math.max(Math.ceil(expiresAt), DAY), LATEST - DAY)
      : DAY;
    if (style.zulu) return `${renderDigits(instant)}Z`;
    const day = Math.floor(instant / DAY);
    const offset = offsets.get(day) ?? largestOffset(day, style.timeZone);
    offsets.set(day, offset);
    return renderDigits(instant + offset);
  };
}

/** `YYYYMMDDHHMMSS` of epoch seconds, as UTC. */
function renderDigits(instant: number): string {
  return new Date(instant * 1000).toISOString().slice(0, 19).replace(/[-T:]/g, '');
}

/** By how much a change of law usually moves a zone's clocks. */
const MARGIN = 3600;

/** What to add to an instant so that no clock of the zone, in the year around that day, is further ahead, in seconds. */
function largestOffset(day: number, timeZone: string): number {
  if (/^(?:Etc\/)?(?:UTC|UCT|GMT|Universal|Zulu)$/.test(timeZone)) return 0;
  return Math.max(...readOffsets(timeZone, day)) + MARGIN;
}

/** The zone's offset in each week of the year around a day. */
function readOffsets(timeZone: string, day: number): number[] {
  let clock: Intl.DateTimeFormat;
  try {
    clock = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'longOffset' });
  } catch (cause) {
    // An unknown zone: no place on earth is further ahead than UTC+14.
    if (cause instanceof RangeError) return [14 * 3600, -12 * 3600];
    throw cause;
  }
  return Array.from({ length: 53 }, (_, week) => readOffset(clock, (day + (week - 26) * 7) * DAY));
}

function readOffset(clock: Intl.DateTimeFormat, instant: number): number {
  const name = clock
    .formatToParts(new Date(instant * 1000))
    .find((part) => part.type === 'timeZoneName')?.value;
  const [, sign, hours = '0', minutes = '0', seconds = '0'] =
    /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(name ?? '') ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
}

/** A SCIM id is opaque text; what is not plainly safe is replaced, and a digest keeps it distinguishable. */
function reduceToSafe(scimId: string): string {
  const safe = scimId.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 64);
  return safe === scimId && safe !== '' ? safe : `${safe}.${hash('sha256', scimId, 'hex').slice(0, 12)}`;
}
