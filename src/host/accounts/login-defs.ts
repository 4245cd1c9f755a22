// What login.defs(5) says about the uids that useradd(8) gives by itself.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** @returns the lowest and the highest such uid; null: the shadow tools are not here. */
export function readUidRange(root: string): readonly [low: number, high: number] | null {
  const file = path.join(root, 'etc/login.defs');
  if (!existsSync(file)) return null;
  const text = readFileSync(file, 'utf8');
  // The defaults are those of useradd(8).
  const read = (word: string, usual: number): number =>
    Number(new RegExp(`^\\s*${word}\\s+(\\d{1,10})\\s*$`, 'm').exec(text)?.[1] ?? usual);
  return [read('UID_MIN', 1000), read('UID_MAX', 60_000)];
}
