// `sunk-agent doctor`: what on this node keeps logins from working as configured, and how to mend it.
import { openPlace } from '../agent/parts.ts';
import { inspectSshd, settleSshd } from '../host/sshd.ts';
import type { SshdFinding } from '../host/sshd-findings.ts';
import { nameNode } from '../agent/pass-lock.ts';
import { openMirror } from '../mirror/mirror.ts';
import type { CommandContext } from './command.ts';
import { announceOwner } from './owner.ts';

export const failure = 2;
export const options = { fix: { type: 'boolean', default: false } } as const;

export const help = `Usage: sunk-agent doctor [--fix] [--json] [--config FILE] [--root DIR]

Asks sshd itself what it will do for a managed account, and names what is in the way or walks around us.

  --fix   write our sshd drop-in, after sshd has accepted it, and have sshd read it

Examples:
  sunk-agent doctor
  sunk-agent doctor --fix

Exit status: 0 nothing found, 1 somebody may get in beside us, 2 keys are not served as configured.`;

export async function run(context: CommandContext): Promise<number> {
  const { config, paths } = openPlace(context);
  announceOwner(context);
  const mirror = openMirror(paths.state, Math.floor(Date.now() / 1000), nameNode(paths.passLock));
  const [managed] = mirror.bindings().filter(({ kind, closedAt }) => kind === 'account' && closedAt === null);
  mirror.close();
  // sshd -T needs a user that exists and is in the marker group; before the first one, any name shows the rest.
  const user = managed?.name ?? 'root';
  const findings =
    context.values['fix'] === true
      ? (await settleSshd(config, user, paths.root)).findings
      : await inspectSshd(config, user, paths.root);
  process.stdout.write(context.json ? `${JSON.stringify(findings)}\n` : describe(findings));
  if (findings.some(({ breaksLogin }) => breaksLogin)) return 2;
  return findings.length === 0 ? 0 : 1;
}

function describe(findings: readonly SshdFinding[]): string {
  if (findings.length === 0) return 'sshd serves the keys as configured, and nobody walks around them\n';
  return findings
    .map(({ code, detail, breaksLogin }) => `${breaksLogin ? 'broken' : 'open'}  ${code}: ${detail}\n`)
    .join('');
}
