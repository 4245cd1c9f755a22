// `sunk-agent status`: is this node healthy, and why not.
import { judgeAge, readStatus, type Status } from '../../agent/report/status.ts';
import { pathsUnder } from '../../common/paths.ts';
import { makePrintable } from '../../common/printable.ts';
import { wrapText } from '../terminal/wrap.ts';
import type { CommandContext } from '../command.ts';
import { sayCount } from '../../common/count-noun.ts';

export const failure = 2;
export const options = { host: { type: 'boolean', default: false } } as const;

export const help = `Usage: sunk-agent status [--host] [--json] [--root DIR]

Reads what the last pass left in /run/sunk-agent/status.json; needs neither root nor the daemon.

  --host   this machine's load, memory and disks as they are now, not as the pass found them; as root also who is active

Examples:
  sunk-agent status --host
  sunk-agent status --json

Exit status: 0 healthy, 1 degraded, 2 failing or unknown.`;

const EXIT = { healthy: 0, degraded: 1, failing: 2 } as const;

export async function run({ root, json, values }: CommandContext): Promise<number> {
  const paths = pathsUnder(root);
  const now = Math.floor(Date.now() / 1000);
  const found = judgeAge(readStatus(paths.status), now);
  // Loaded only when asked for: status is called often, and by monitors.
  const host =
    values['host'] === true ? await (await import('./live-host.ts')).lookNow(found, paths, now) : found.host;
  const status = { ...found, host };
  process.stdout.write(
    json ? `${JSON.stringify(status)}\n` : wrapText(describeStatus(status, now), process.stdout.columns),
  );
  return EXIT[status.health];
}

const DROP_IN = {
  true: 'asks for our keys by its drop-in',
  false: 'has not our drop-in',
  null: 'not looked at below another root',
} as const;

/** The status for people; `now` in epoch seconds. */
export function describeStatus(status: Status, now: number): string {
  const { store, counts, keyExpiry, lastPass, nextPass, guard, sshd } = status;
  const rows: [string, string][] = [
    [
      'store',
      store.failure === null
        ? `${store.baseUrl}, heard ${ago(store.lastHeard, now)}`
        : `${store.baseUrl}: ${store.failure.message}`,
    ],
    ['complete', ago(store.lastComplete, now)],
    ['snapshot', status.snapshot],
    [
      'people',
      `${sayCount(counts.users, 'user')}, ${sayCount(counts.groups, 'group')}; ${sayCount(counts.accountsOpen, 'account')} open, ${counts.accountsClosed} closed`,
    ],
    ['refused', `${counts.refused} refused, ${counts.quarantined} in quarantine`],
    [
      'guard',
      guard.held.length === 0
        ? 'holds nothing'
        : guard.held.map(({ hash, changes }) => `${hash}: ${sayCount(changes, 'change')}`).join(', '),
    ],
    [
      'keys',
      keyExpiry === null
        ? 'none expires'
        : `confirmed until ${day(keyExpiry.earliest)} at the earliest, ${day(keyExpiry.latest)} at the latest`,
    ],
    [
      'last pass',
      `${lastPass.n} (${lastPass.mode}) ${ago(lastPass.at, now)}: ${sayCount(lastPass.changes.done, 'change')}, ${lastPass.changes.failed} failed`,
    ],
    ['next pass', nextPass === null ? 'unknown: a command made the last one' : inFuture(nextPass, now)],
    ['sshd', DROP_IN[`${sshd.dropIn}`]],
    ...(status.host === null ? [] : describeHost(status.host, now)),
  ];
  if (!status.isolation.agentHasNoNetwork)
    rows.push([
      'isolation',
      'the last pass had a network: a command made it, or unshare --net is not allowed here',
    ]);
  const [first, ...more] = status.reasons;
  const lines = [
    first === undefined ? status.health : `${status.health}: ${first}`,
    ...more.map((reason) => `         ${reason}`),
    ...rows.map(([label, text]) => `  ${label.padEnd(10)} ${text}`),
  ];
  return lines.map((line) => `${makePrintable(line)}\n`).join('');
}

const GIB = 2 ** 30;
/** So many names are shown. */
const SHOWN = 10;

function describeHost(host: NonNullable<Status['host']>, now: number): [string, string][] {
  const { memory, disks, active } = host;
  const gib = (bytes: number): string => (bytes / GIB).toFixed(1);
  const more = active === null || active.length <= SHOWN ? '' : ` and ${active.length - SHOWN} more`;
  return [
    [
      'host',
      `load ${host.load.toFixed(2)} on ${sayCount(host.processors, 'processor')}, ${gib(memory.available)} of ${gib(memory.total)} GiB memory available, ${ago(host.at, now)}`,
    ],
    ...disks.map(({ path, free, size, fault }): [string, string] => [
      'disk',
      fault === null
        ? `${path}: ${size === 0 ? 'mounted on demand' : `${gib(free)} of ${gib(size)} GiB free`}`
        : `${path} does not answer: ${fault}`,
    ]),
    ...(active === null
      ? []
      : [
          ['active', active.length === 0 ? 'nobody' : `${active.slice(0, SHOWN).join(', ')}${more}`] as [
            string,
            string,
          ],
        ]),
  ];
}

function ago(at: number | null, now: number): string {
  if (at === null) return 'never';
  const seconds = Math.max(0, now - at);
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} days ago`;
}

function inFuture(at: number, now: number): string {
  return at <= now ? 'due' : `in ${at - now} s`;
}

function day(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 16).replace('T', ' ');
}
