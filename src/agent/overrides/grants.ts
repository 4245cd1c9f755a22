// The operators' grants, one JSON line each, beside the extensions and outside of the state database, so that no old copy of it brings one back.
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import {
  type Grant,
  GRANT_MEMORY,
  type GrantClock,
  judgeGrant,
  type JudgedGrant,
} from '../../policy/grants.ts';
import { replaceFile } from './operator-files.ts';
import { readListLines } from './list-lines.ts';

const line = z.strictObject({
  scimId: z.string(),
  groupId: z.string(),
  group: z.string(),
  at: z.int(),
  until: z.int(),
  by: z.string(),
  reason: z.string(),
  bootId: z.string(),
  uptime: z.number(),
  endedAt: z.int().nullable(),
});

/** In the order of the file; a line that is not one grants nothing. */
export function readGrants(file: string): Grant[] {
  return readListLines(file).flatMap((text) => parseLine(text) ?? []);
}

export function writeGrants(file: string, grants: readonly Grant[]): void {
  const lines = grants.map((grant) => `${JSON.stringify(line.parse(grant))}\n`);
  replaceFile(file, lines.join(''), 'change the line of that person');
}

/** How long this node runs, and in which boot; random_id of proc_sys_kernel(5), and proc_uptime(5). */
export function readBoot(): Pick<GrantClock, 'bootId' | 'uptime'> {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return { bootId, uptime: Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) };
}

/** @param now epoch seconds. @param lastSync when the newest sync on record began, epoch seconds; 0: there is none. */
export function judgeGrants(file: string, now: number, lastSync: number): JudgedGrant[] {
  const grants = readGrants(file);
  if (grants.length === 0) return [];
  const clock = { now, lastSync, ...readBoot() };
  return grants.map((grant) => judgeGrant(grant, clock));
}

/** Records which grants have ended, for good, and forgets them a day later. */
export function settleGrants(file: string, judged: readonly JudgedGrant[], now: number): void {
  if (judged.every(({ inForce }) => inForce)) return;
  const kept = judged.flatMap(({ inForce, ...grant }): Grant[] => {
    const endedAt = inForce ? null : (grant.endedAt ?? now);
    return endedAt !== null && Math.abs(now - endedAt) > GRANT_MEMORY ? [] : [{ ...grant, endedAt }];
  });
  const isSame =
    kept.length === judged.length && kept.every(({ endedAt }, n) => endedAt === judged[n]?.endedAt);
  if (!isSame) writeGrants(file, kept);
}

function parseLine(text: string): Grant | null {
  try {
    return line.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
