// A block that an operator signs and puts on the volume, for followers to obey while the publisher is away.
import { SIGNATURE_START } from './manifest.ts';

/** ssh-keygen(1), -n and -I. */
export const BLOCK_NAMESPACE = 'sunk-agent-block';

/** `sunk-agent block --offline` signs none that lasts longer. */
export const MAX_BLOCK_SECONDS = 7 * 86_400;

export interface OfflineBlock {
  /** The account. */
  readonly name: string;
  readonly uid: number;
  /** Epoch seconds; it ends by itself, since the volume may hide that it was taken back. */
  readonly until: number;
}

/** What is signed. */
export function renderBlock({ name, uid, until }: OfflineBlock): string {
  return `sunk-agent block 1\nname ${name}\nuid ${uid}\nuntil ${until}\n`;
}

/** The block of a signed text; null: it is none. Says nothing of its signature. */
export function parseBlock(signed: string): OfflineBlock | null {
  const text = signed.split(`${SIGNATURE_START}\n`)[0] ?? '';
  const [, name, uid, until] =
    /^sunk-agent block 1\nname ([A-Za-z0-9_][A-Za-z0-9._-]{0,31})\nuid ([1-9][0-9]{0,9})\nuntil ([1-9][0-9]{0,11})\n$/.exec(
      text,
    ) ?? [];
  if (name === undefined || uid === undefined || until === undefined) return null;
  return { name, uid: Number(uid), until: Number(until) };
}

/** What is signed to take back the block of that hash. */
export function renderUnblock(hash: string): string {
  return `sunk-agent unblock 1\nblock ${hash}\n`;
}

/** The hash of the block that a signed text takes back; null: it takes back none. Says nothing of its signature. */
export function parseUnblock(signed: string): string | null {
  const text = signed.split(`${SIGNATURE_START}\n`)[0] ?? '';
  return /^sunk-agent unblock 1\nblock ([0-9a-f]{64})\n$/.exec(text)?.[1] ?? null;
}
