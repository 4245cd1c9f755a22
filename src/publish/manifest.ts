// The root of a generation: its files, its publisher, and until when it counts; signed as a whole, read line by line in sh.
import * as z from 'zod';

/** A file of a generation, found on the volume by its hash. */
export interface ManifestFile {
  /** The path below the generation, such as `passwd.cache` or `keys/17`. */
  readonly name: string;
  /** SHA-256 of its bytes, in hex. */
  readonly hash: string;
  /** Bytes. */
  readonly size: number;
}

export interface Manifest {
  /** The publisher, 32 hex digits; a follower accepts no other once it knows one. */
  readonly publisher: string;
  /** The publisher that this one replaces, as an operator decided; null: it replaces none. */
  readonly succeeds: string | null;
  /** Grows with each manifest, and is never less than the clock was: a lost state volume cannot repeat one. */
  readonly serial: number;
  /** Epoch seconds. */
  readonly signedAt: number;
  /** Epoch seconds. A follower that has no generation yet accepts none after it. */
  readonly notAfter: number;
  /** Hash of the records that it was decided from; the same that `status` shows. */
  readonly snapshot: string;
  /** How many key files there are, a power of two; the keys of a uid are in `keys/` followed by uid modulo this. */
  readonly shards: number;
  /** Sorted by name. */
  readonly files: readonly ManifestFile[];
}

/** The first line: name and version of the format. A follower reads no other version. */
export const FORMAT = 'sunk-agent generation 1';
/** ssh-keygen(1), -n: what a signature is for, so that none made for another purpose counts. */
export const NAMESPACE = 'sunk-agent-generation';
/** ssh-keygen(1), -I: the principal of the publisher in a list of allowed signers. */
export const PRINCIPAL = 'sunk-agent';
/** What separates a manifest from its signature in the file `root`. */
export const SIGNATURE_START = '-----BEGIN SSH SIGNATURE-----';

const digits = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,14})$/)
  .transform(Number);

const heading = z.strictObject({
  publisher: z.string().regex(/^[0-9a-f]{32}$/),
  succeeds: z.union([z.literal('-').transform(() => null), z.string().regex(/^[0-9a-f]{32}$/)]),
  serial: digits,
  signed: digits,
  'not-after': digits,
  snapshot: z.string().regex(/^[0-9a-z-]{1,64}$/),
  shards: digits.refine((count) => count >= 1 && count <= 4096 && (count & (count - 1)) === 0),
});

const FILE = /^file ([0-9a-f]{64}) (0|[1-9][0-9]{0,9}) ([a-z]+(?:\.[a-z]+)*|keys\/(?:0|[1-9][0-9]{0,3}))$/;

/** One line a value, then one line a file, then `end`: a truncated manifest is not a shorter one. */
export function renderManifest(manifest: Manifest): string {
  const lines = [
    FORMAT,
    `publisher ${manifest.publisher}`,
    `succeeds ${manifest.succeeds ?? '-'}`,
    `serial ${manifest.serial}`,
    `signed ${manifest.signedAt}`,
    `not-after ${manifest.notAfter}`,
    `snapshot ${manifest.snapshot}`,
    `shards ${manifest.shards}`,
    ...manifest.files.map(({ hash, size, name }) => `file ${hash} ${size} ${name}`),
    'end',
  ];
  return `${lines.join('\n')}\n`;
}

/** The inverse of `renderManifest`; null: it is no manifest of this format. */
export function parseManifest(text: string): Manifest | null {
  const lines = text.split('\n');
  if (lines.shift() !== FORMAT || lines.pop() !== '' || lines.pop() !== 'end') return null;
  const first = lines.findIndex((line) => line.startsWith('file '));
  const headLines = first === -1 ? lines : lines.slice(0, first);
  const head = heading.safeParse(Object.fromEntries(headLines.map((line) => splitOnce(line))));
  if (!head.success || headLines.length !== Object.keys(heading.shape).length) return null;
  const files: ManifestFile[] = [];
  for (const line of first === -1 ? [] : lines.slice(first)) {
    const [, hash, size, name] = FILE.exec(line) ?? [];
    if (hash === undefined || size === undefined || name === undefined) return null;
    files.push({ hash, size: Number(size), name });
  }
  if (new Set(files.map(({ name }) => name)).size !== files.length) return null;
  const { publisher, succeeds, serial, signed, snapshot, shards } = head.data;
  return {
    publisher,
    succeeds,
    serial,
    signedAt: signed,
    notAfter: head.data['not-after'],
    snapshot,
    shards,
    files,
  };
}

function splitOnce(line: string): [string, string] {
  const blank = line.indexOf(' ');
  return blank === -1 ? [line, ''] : [line.slice(0, blank), line.slice(blank + 1)];
}
