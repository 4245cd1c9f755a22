// What followers report of themselves on a volume that every pod can write: bounded, judged line by line, never proof.
import { lstatSync, opendirSync } from 'node:fs';
import { readBounded } from './volume.ts';

export interface Heartbeat {
  readonly host: string;
  readonly version: string;
  readonly profile: string;
  /** null: the follower has no generation yet. */
  readonly publisher: string | null;
  readonly serial: number;
  /** When the manifest in force was signed, epoch seconds; 0: none is. */
  readonly signedAt: number;
  /** When the follower wrote this by its own clock, epoch seconds. */
  readonly at: number;
  /** What it refuses, and why; null: nothing. */
  readonly fault: string | null;
}

/** A heartbeat as it lies on the volume. */
export interface StoredHeartbeat extends Heartbeat {
  /** When the file was written, by the volume's clock, epoch seconds. */
  readonly writtenAt: number;
}

export interface Heartbeats {
  /** By the name of the file. */
  readonly followers: ReadonlyMap<string, StoredHeartbeat>;
  /** Files that are no heartbeat. */
  readonly malformed: number;
  /** There are more files than are read. */
  readonly isCut: boolean;
}

const MAX_FILES = 50_000;
const MAX_BYTES = 2048;
const NAME = /^[A-Za-z0-9][A-Za-z0-9.-]{0,199}$/;

const FIELDS: Readonly<Record<string, RegExp>> = {
  host: /^[A-Za-z0-9][A-Za-z0-9.-]{0,199}$/,
  version: /^[0-9A-Za-z.~+-]{1,40}$/,
  profile: /^(?:login|compute|controller)$/,
  publisher: /^(?:-|[0-9a-f]{32})$/,
  serial: /^(?:0|[1-9][0-9]{0,14})$/,
  signed: /^(?:0|[1-9][0-9]{0,14})$/,
  at: /^(?:0|[1-9][0-9]{0,14})$/,
  // Printable ASCII: it is shown on a terminal.
  fault: /^[ -~]{1,500}$/,
};

/**
 * @param budgetMs after so many milliseconds the rest is left out, since every pod can make files there.
 * @throws the system's error: the directory cannot be read.
 */
export function readHeartbeats(directory: string, budgetMs: number): Heartbeats {
  const deadline = performance.now() + budgetMs;
  const followers = new Map<string, StoredHeartbeat>();
  let malformed = 0;
  let seen = 0;
  let isCut = false;
  const entries = opendirSync(directory);
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      isCut = seen === MAX_FILES || performance.now() > deadline;
      if (isCut) break;
      // A follower's temporary, or none of its names.
      if (entry.name.startsWith('.')) continue;
      seen += 1;
      const heartbeat = NAME.test(entry.name) ? readHeartbeat(`${directory}/${entry.name}`) : null;
      if (heartbeat === null) malformed += 1;
      else followers.set(entry.name, heartbeat);
    }
  } finally {
    entries.closeSync();
  }
  return { followers, malformed, isCut };
}

/** null: it is none, or cannot be read: then the others count all the same. */
function readHeartbeat(file: string): StoredHeartbeat | null {
  try {
    const written = lstatSync(file);
    if (!written.isFile()) return null;
    const heartbeat = parseHeartbeat(readBounded(file, MAX_BYTES) ?? '');
    return heartbeat === null ? null : { ...heartbeat, writtenAt: Math.floor(written.mtimeMs / 1000) };
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return null;
    throw cause;
  }
}

/** null: it is not what a follower writes. */
export function parseHeartbeat(text: string): Heartbeat | null {
  const [first, ...lines] = text.split('\n');
  if (first !== 'sunk-agent follower 1' || lines.pop() !== '' || lines.length > 16) return null;
  const values = new Map<string, string>();
  for (const line of lines) {
    const blank = line.indexOf(' ');
    const key = line.slice(0, Math.max(0, blank));
    const value = line.slice(blank + 1);
    // What a later follower may add is left out.
    if (FIELDS[key] === undefined) continue;
    if (values.has(key) || !FIELDS[key].test(value)) return null;
    values.set(key, value);
  }
  if (values.size !== Object.keys(FIELDS).length) return null;
  const read = (key: string): string => values.get(key) ?? '';
  const optional = (key: string): string | null => (read(key) === '-' ? null : read(key));
  return {
    host: read('host'),
    version: read('version'),
    profile: read('profile'),
    publisher: optional('publisher'),
    serial: Number(read('serial')),
    signedAt: Number(read('signed')),
    at: Number(read('at')),
    fault: optional('fault'),
  };
}
