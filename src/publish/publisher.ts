// Publishes what was decided: a generation for each change, and the manifest anew at intervals, for followers to see that it lives.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { AgentError } from '../common/errors.ts';
import { toHostWrite } from '../common/system-error.ts';
import { replaceFiles } from '../host/fs/atomic-file.ts';
import { makeGeneration, type PublishedState } from './generation.ts';
import {
  type Manifest,
  type ManifestFile,
  NAMESPACE,
  parseManifest,
  PRINCIPAL,
  renderManifest,
} from './manifest.ts';
import { readSignedManifest } from './signed-manifest.ts';
import { demandKey, readPublicKey, signText } from './signature.ts';
import { withVolumeLock } from './volume-lock.ts';
import { digest, listBlocks, listFiles, pruneFiles, putFiles, putRoot, readRoot } from './volume.ts';

/** Followers that read a manifest just before the next one still find its files for so long, in seconds. */
const GRACE = 3600;

/** What a publisher remembers from one manifest to the next. */
const memorySchema = z.object({
  publisher: z.string().regex(/^[0-9a-f]{32}$/),
  succeeds: z.string().nullable(),
  serial: z.number(),
  signedAt: z.number(),
  /** Hash of what the last manifest lists. */
  content: z.string(),
  /** Files by hash, and until when they are kept, epoch seconds. */
  kept: z.record(z.string(), z.number()),
});
type Memory = z.infer<typeof memorySchema>;

export interface PublisherSettings {
  /** The volume. */
  readonly directory: string;
  /** File of the private key. */
  readonly key: string;
  /** Seconds from the signature. */
  readonly notAfter: number;
  /** Seconds after which an unchanged generation is signed anew. */
  readonly resign: number;
}

export interface Published {
  readonly serial: number;
  /** Epoch seconds. */
  readonly signedAt: number;
  readonly isNew: boolean;
}

export interface Publisher {
  /**
   * Publishes if the state differs from what was last published, or the manifest must be signed again; then reads the
   * volume back.
   * @param now epoch seconds.
   * @throws AgentError host_write, refused; followers then keep the generation before.
   */
  publish(state: PublishedState, snapshot: string, now: number): Published;
  /** Whether the manifest must be signed again, was never published, or is no longer on the volume with all its files. */
  isDue(now: number): boolean;
}

/** What to publish, and what it is compared by. */
interface Content {
  readonly shards: number;
  readonly files: readonly ManifestFile[];
  /** latin1 by hash. */
  readonly data: ReadonlyMap<string, string>;
  /** Hash of all that and of the signing key, so that a new key signs at once. */
  readonly hash: string;
}

/**
 * @param memoryFile in the state directory, readable by root alone.
 * @param scratch a directory that only this user writes.
 */
export function openPublisher(settings: PublisherSettings, memoryFile: string, scratch: string): Publisher {
  const isDueAfter = (memory: Memory | null, now: number): boolean =>
    memory === null ||
    now >= memory.signedAt + settings.resign ||
    now < memory.signedAt ||
    !isOnVolume(settings.directory, memory);
  return {
    isDue: (now) => isDueAfter(readMemory(memoryFile), now),
    publish(state, snapshot, now) {
      const content = describeContent(state, settings.key);
      const before = readMemory(memoryFile);
      const isNew = before?.content !== content.hash;
      if (before !== null && !isNew && !isDueAfter(before, now))
        return { serial: before.serial, signedAt: before.signedAt, isNew };
      const write = (): Memory => {
        const memory = before ?? meetVolume(settings, memoryFile, scratch);
        demandOwnVolume(settings, memory, scratch);
        const serial = Math.max(memory.serial + 1, now);
        const kept = keep(memory.kept, content.files, now);
        // Before it is on the volume: a kill in between costs a serial, none is used twice, and the next one is due at once.
        remember(memoryFile, { ...memory, serial, signedAt: 0, content: '', kept });
        const { publisher, succeeds } = memory;
        const { shards, files } = content;
        const notAfter = now + settings.notAfter;
        putGeneration(
          settings,
          { publisher, succeeds, serial, signedAt: now, notAfter, snapshot, shards, files },
          content.data,
          new Set(Object.keys(kept)),
        );
        return { ...memory, serial, signedAt: now, content: content.hash, kept };
      };
      const after = withVolumeLock(settings.directory, write);
      remember(memoryFile, after);
      return { serial: after.serial, signedAt: now, isNew };
    },
  };
}

function describeContent(state: PublishedState, key: string): Content {
  demandKey(key);
  const { shards, files: made } = makeGeneration(state);
  const data = new Map<string, string>();
  const files = made.map(({ name, data: text }) => {
    const hash = digest(text);
    data.set(hash, text);
    return { name, hash, size: text.length };
  });
  return { shards, files, data, hash: digest(JSON.stringify([readPublicKey(key), shards, files])) };
}

/** Files first, then the manifest, which is read back; then what no follower can need goes. */
function putGeneration(
  { directory, key }: PublisherSettings,
  manifest: Manifest,
  data: ReadonlyMap<string, string>,
  kept: ReadonlySet<string>,
): void {
  const text = renderManifest(manifest);
  const signature = signText(key, NAMESPACE, text);
  try {
    putFiles(directory, data);
    putRoot(directory, { text, signature, blocks: listBlocks(directory, manifest.signedAt) });
    pruneFiles(directory, kept);
  } catch (cause) {
    throw toHostWrite(`cannot publish in ${directory}`, cause);
  }
  if (readRoot(directory)?.text !== text)
    throw new AgentError('host_write', `${directory}/root is not what was written there`, {
      hint: 'another program writes on this volume: only one publisher may',
    });
}

/**
 * A publisher that remembers nothing and finds what it published lost its state: what it would decide now no guard sees, so
 * an operator restores it first. A memory that was cut short is beside a state that is there: it goes on where it was.
 */
function meetVolume(settings: PublisherSettings, memoryFile: string, scratch: string): Memory {
  const found = readOwnManifest(settings, scratch);
  const { directory } = settings;
  if (found !== null && !existsSync(memoryFile))
    throw new AgentError(
      'refused',
      `this node has published serial ${found.serial} in ${directory}, and does not remember it`,
      { hint: `restore it from there: sunk-agent ledger import ${directory} --apply` },
    );
  return toMemory(found ?? { publisher: randomBytes(16).toString('hex'), succeeds: null, serial: 0 });
}

function toMemory({
  publisher,
  succeeds,
  serial,
}: Pick<Manifest, 'publisher' | 'succeeds' | 'serial'>): Memory {
  return { publisher, succeeds, serial, signedAt: 0, content: '', kept: {} };
}

/** From now on this node is the publisher of that manifest, and the next one is due; files that it lists are kept a while. */
export function adoptManifest(manifest: Manifest, memoryFile: string): void {
  remember(memoryFile, { ...toMemory(manifest), kept: keep({}, manifest.files, manifest.signedAt) });
}

/** By names alone: a file that was altered is put right with the next signature, and until then followers refuse it. */
function isOnVolume(directory: string, { serial }: Memory): boolean {
  const manifest = parseManifest(readRoot(directory)?.text ?? '');
  if (manifest?.serial !== serial) return false;
  const names = listFiles(directory);
  return manifest.files.every(({ hash }) => names.has(hash));
}

/** Another publisher with the same key would have followers go back and forth. */
function demandOwnVolume(settings: PublisherSettings, { publisher, serial }: Memory, scratch: string): void {
  const found = readOwnManifest(settings, scratch);
  const { directory } = settings;
  if (found === null) return;
  if (found.publisher !== publisher)
    throw new AgentError(
      'refused',
      `publisher ${found.publisher} publishes in ${directory}, and this one is ${publisher}`,
      { hint: 'stop one of them, or give each a volume of its own' },
    );
  if (found.serial > serial)
    throw new AgentError(
      'refused',
      `${directory} has serial ${found.serial} of this publisher, which remembers ${serial}`,
      {
        hint: `stop the copy of this publisher that runs beside it; if there is none, and the state was restored from a backup: sunk-agent ledger import ${directory} --apply`,
      },
    );
}

/** What the volume has, if this key signed it; null: nothing of that kind, which is overwritten. */
function readOwnManifest({ directory, key }: PublisherSettings, scratch: string): Manifest | null {
  return existsSync(key)
    ? readSignedManifest(directory, `${PRINCIPAL} ${readPublicKey(key)}\n`, scratch)
    : null;
}

/** The serial that this node published last; -1: it remembers none. */
export function readLastSerial(memoryFile: string): number {
  return readMemory(memoryFile)?.serial ?? -1;
}

function keep(kept: Memory['kept'], files: readonly ManifestFile[], now: number): Memory['kept'] {
  const still = Object.entries(kept).filter(([, until]) => until > now);
  return {
    ...Object.fromEntries(still),
    ...Object.fromEntries(files.map(({ hash }) => [hash, now + GRACE])),
  };
}

function readMemory(file: string): Memory | null {
  if (!existsSync(file)) return null;
  try {
    return memorySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // Cut short or damaged: what this key signed on the volume tells the same.
    return null;
  }
}

function remember(file: string, memory: Memory): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
  replaceFiles([{ file, data: JSON.stringify(memory), encoding: 'utf8', mode: 0o600 }]);
}
