// The range of uids in login.defs(5) from which useradd(8) allocates.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** @returns the lowest and the highest such uid; null: the shadow tools are not installed. */
export function readUidRange(root: string): readonly [low: number, high: number] | null {
  const file = path.join(root, 'etc/login.defs');
  if (!existsSync(file)) return null;
  const text = readFileSync(file, 'utf8');
  // The defaults are those of useradd(8).
  const read = (keyword: string, fallback: number): number =>
    Number(new RegExp(`^\\s*${keyword}\\s+(\\d{1,10})\\s*$`, 'm').exec(text)?.[1] ?? fallback);
  return [read('UID_MIN', 1000), read('UID_MAX', 60_000)];
}
