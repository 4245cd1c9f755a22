// A block that an operator signs and puts on the volume, for followers to obey while the publisher is away.
import { SIGNATURE_START } from './manifest.ts';

/** ssh-keygen(1), -n and -I. */
export const BLOCK_NAMESPACE = 'sunk-agent-block';

export interface OfflineBlock {
  /** The account. */
  readonly name: string;
  readonly uid: number;
  /** Epoch seconds; a block that cannot be taken back must end by itself. */
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
