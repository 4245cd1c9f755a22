// `sunk-agent block`: out now, with store and daemon down.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { recordAct } from '../agent/audit.ts';
import { describeReport } from '../agent/describe-report.ts';
import { addEntry, operatorName } from '../agent/operator-files.ts';
import { openPlace } from '../agent/parts.ts';
import { passFromCache } from '../agent/pass-now.ts';
import { AgentError, describeError } from '../errors.ts';
import type { Paths } from '../paths.ts';
import { announceOwner } from './owner.ts';
import type { CommandContext } from './command.ts';

export const failure = 1;
export const options = {};

export const help = `Usage: sunk-agent block NAME [--config FILE] [--root DIR]

Puts a person (account name, userName or SCIM id) or a key (fingerprint, SHA256:...) out, at once and until unblock,
whatever the store says. Needs neither store nor daemon. The list is /etc/sunk-agent/blocked; a fleet may share it.

Examples:
  sunk-agent block alice
  sunk-agent block SHA256:sVGBVyN5yGGi5i6t7bIGZzqhIchaGb6NHKg+k6VJPGo

Exit status: 0 out, 1 failed.`;

const ENTRY = /^[A-Za-z0-9][A-Za-z0-9@._:/+=-]{0,255}$/;

export async function run(context: CommandContext): Promise<number> {
  const entry = readEntry(context);
  const place = openPlace(context);
  announceOwner(context);
  const isNew = addEntry(place.paths.blocked, entry, `${operatorName()}, ${new Date().toISOString()}`);
  // sshd stops accepting the keys now, even if a pass is under way; that pass, or ours, does the rest.
  if (/^[a-z][a-z0-9_-]*$/.test(entry)) rmSync(path.join(place.paths.keys, entry), { force: true });
  if (isNew) recordBlock(place.paths, entry);
  const report = await passFromCache(place, () =>
    process.stderr.write('sunk-agent: a pass is under way; waiting for it\n'),
  );
  process.stdout.write(`${entry} ${isNew ? 'is blocked' : 'was blocked already'}\n${describeReport(report)}`);
  return report.changes.failed === 0 ? 0 : 1;
}

/** A trail that cannot be written keeps nobody inside. */
function recordBlock(paths: Paths, entry: string): void {
  try {
    recordAct(paths, { act: 'block', subject: entry, detail: '' });
  } catch (error) {
    process.stderr.write(`sunk-agent: ${describeError(error)}\n`);
  }
}

/** The one argument of block and unblock. */
export function readEntry({ positionals }: CommandContext): string {
  const [entry, ...more] = positionals;
  if (entry === undefined || more.length > 0)
    throw new AgentError('usage', 'one name, userName, SCIM id or fingerprint is expected');
  if (!ENTRY.test(entry))
    throw new AgentError('usage', `${JSON.stringify(entry)} is none of name, userName, SCIM id, fingerprint`);
  return entry;
}
