// Entra's *Provisioning* overview: how the last cycle went, the quarantine with its next try, and the recycle bin.
import type { Directory } from '../directory.ts';
import { findNextTry } from './quarantine.ts';
import { findEnd } from './recycle-bin.ts';

/** Some lines for people; times in UTC. */
export function writeStatus(directory: Directory): string {
  const { application, provisioned, users } = directory;
  const { provisioning, quarantine, watermark } = application;
  const next = findNextTry(directory);
  const lines = [
    `Provisioning Status: ${provisioning}`,
    ...(quarantine === null || next === null
      ? []
      : [
          `in quarantine: cycles that failed in a row: ${quarantine.tries + 1}, the last at ${quarantine.since}`,
          `next try: ${writeTime(next)} (6 hours after the first, then 12, then every 24)`,
        ]),
    watermark === null
      ? 'the next cycle is an initial one'
      : `the next cycle is an incremental one since ${watermark}`,
    `provisioned: users ${Object.keys(provisioned.users).length}, groups ${Object.keys(provisioned.groups).length}`,
    ...users.flatMap((person) => {
      if (!person.deleted) return [];
      const end = findEnd(person);
      const until =
        end === null ? 'its 30 days begin with the next cycle' : `restore until ${writeTime(end)}`;
      return [`recycle bin: ${person.userPrincipalName}, ${until}`];
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function writeTime(time: number): string {
  return new Date(time).toISOString();
}
