// `sunk-agent status`: is this node healthy, and why not.
import { existsSync } from 'node:fs';
import { describeGrants } from '../../agent/report/describe-grants.ts';
import { AgentError } from '../../common/errors.ts';
import { judgeAge, readStatus, type Status } from '../../agent/report/status.ts';
import { judgeLoginPath, sayLoginPath, withLoginPath } from '../../agent/report/login-path.ts';
import { findUnmounted } from '../../host/probes/unmounted.ts';
import { readLoginPath } from '../../host/trial/login-path.ts';
import { type Paths, pathsUnder } from '../../common/paths.ts';
import { sayAgo, sayMinute } from '../../common/text/relative-time.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { wrapText } from '../terminal/wrap.ts';
import type { CommandContext } from '../command.ts';
import { sayCount } from '../../common/text/count-noun.ts';

export const failure = 2;
export const options = { host: { type: 'boolean', default: false }, probe: { type: 'string' } } as const;

export const help = `Usage: sunk-agent status [--host] [--json] [--root DIR]
       sunk-agent status --probe live|ready [--root DIR]

Reads /run/sunk-agent/status.json, which the last sync wrote; needs neither root nor the daemon. The first line says
whether a login works: every canary.every the agent has sunk-canary, an account that can do nothing, log in over ssh.
Proven, failed (failing), or not proven (degraded): no trial yet, or a rule such as AllowGroups excludes sunk-canary.

  --host   this machine's load, memory and disks now, not as of the last sync; as root also the active accounts
  --probe live    for a pod: 0 while the agent syncs on time, else 1. A degraded or failing node is not restarted
  --probe ready   for a pod: 0 once the store was read completely and sshd asks sunk-agent for keys, else 1; also 1
                  while a trial login of the canary fails for a reason that concerns all users
  --json   schema_version 2. Beside each renamed field stands its name of version 1, which ends with the next release:
           version, store.lastHeard, counts.accountsOpen and accountsClosed, lastPass, nextPass

Examples:
  sunk-agent status --host
  sunk-agent status --json

Exit status: 0 healthy, 1 degraded, 2 failing or unknown.`;

const EXIT = { healthy: 0, degraded: 1, failing: 2 } as const;

export async function run({ root, json, values }: CommandContext): Promise<number> {
  const paths = pathsUnder(root);
  const now = Math.floor(Date.now() / 1000);
  const probe = readProbe(values['probe']);
  const read = probe === null ? readStatus(paths.status) : tryToRead(paths.status);
  const written = read === null ? null : renewLoginPath(read, paths, now);
  if (probe !== null) return answerProbe(probe, written, now);
  if (written === null) return EXIT.failing;
  const found = judgeAge(written, now, findUnmounted(paths.root, paths.state));
  // Loaded on request alone: monitors call status often.
  const host =
    values['host'] === true ? await (await import('./live-host.ts')).probeNow(found, paths, now) : found.host;
  const slurm = existsSync(paths.slurmStatus) ? await import('./status-slurm.ts') : null;
  const { status, line, data } = slurm?.addSlurm({ ...found, host }, paths, now) ?? {
    status: { ...found, host },
    line: '',
    data: null,
  };
  process.stdout.write(
    json
      ? `${JSON.stringify(data === null ? status : { ...status, slurm: data })}\n`
      : wrapText(describeStatus(status, now) + line, process.stdout.columns),
  );
  return EXIT[status.health];
}

/** The trial logins go on between two syncs. */
function renewLoginPath(status: Status, paths: Paths, now: number): Status {
  const { loginPath = null } = status;
  const isTried = loginPath !== null && loginPath.state !== 'off';
  return isTried ? withLoginPath(status, judgeLoginPath(readLoginPath(paths), now)) : status;
}

type Probe = 'live' | 'ready';

function readProbe(word: unknown): Probe | null {
  if (word === undefined) return null;
  if (word === 'live' || word === 'ready') return word;
  throw new AgentError('usage', '--probe takes live or ready');
}

/** null: there is none yet, which a probe says without an error. */
function tryToRead(file: string): Status | null {
  try {
    return readStatus(file);
  } catch (error) {
    if (error instanceof AgentError) return null;
    throw error;
  }
}

/** One line, since a kubelet shows what failed. @param now epoch seconds. */
function answerProbe(probe: Probe, status: Status | null, now: number): number {
  const fault = findProbeFault(probe, status, now);
  process.stdout.write(`${makePrintable(fault === null ? probe : `not ${probe}: ${fault}`)}\n`);
  return fault === null ? 0 : 1;
}

function findProbeFault(probe: Probe, status: Status | null, now: number): string | null {
  if (status === null) return 'no sync has ended yet';
  const found = judgeAge(status, now);
  if (found !== status) return found.reasons[0] ?? '';
  if (probe === 'live') return null;
  if (status.store.lastComplete === null) return 'the store has never been read completely';
  if (status.sshd.dropIn === false)
    return 'sshd does not ask sunk-agent for keys: the drop-in is missing or was changed';
  return status.loginPath?.state === 'failed' ? (status.reasons[0] ?? '') : null;
}

/** The status as text; `now` in epoch seconds. */
export function describeStatus(status: Status, now: number): string {
  const rows = [
    ...describeStore(status, now),
    ...describeNode(status),
    ...describeGrants(status.grants ?? []).map((text): Row => ['grant', text]),
    ...describeSyncs(status, now),
    ...(status.host === null ? [] : describeHost(status.host, now)),
    ...(status.isolation.agentHasNoNetwork ? [] : [NO_ISOLATION]),
  ];
  const [first, ...more] = status.reasons;
  const { loginPath = null } = status;
  const lines = [
    ...(loginPath === null ? [] : [`login path: ${sayLoginPath(loginPath, now)}`]),
    first === undefined ? status.health : `${status.health}: ${first}`,
    ...more.map((reason) => `         ${reason}`),
    ...rows.map(([label, text]) => `  ${label.padEnd(10)} ${text}`),
  ];
  return lines.map((line) => `${makePrintable(line)}\n`).join('');
}

type Row = [label: string, text: string];

const NO_ISOLATION: Row = [
  'isolation',
  'the last sync had network access: a command ran it, or unshare --net is denied here',
];

const DROP_IN = {
  true: 'the drop-in of sunk-agent is in place',
  false: 'the drop-in of sunk-agent is missing or was changed',
  null: 'not checked: another root, or a publisher, whose people log in elsewhere',
} as const;

function describeStore({ store, snapshot }: Status, now: number): Row[] {
  const contact =
    store.failure === null
      ? `${store.baseUrl}, last contact ${sayAgo(store.lastContact, now)}`
      : `${store.baseUrl}: ${store.failure.message}`;
  return [
    ['store', contact],
    ['complete', sayAgo(store.lastComplete, now)],
    ['snapshot', snapshot],
  ];
}

function describeNode({ counts, guard, keyExpiry }: Status): Row[] {
  const held = guard.held.map(({ hash, changes }) => `${hash}: ${sayCount(changes, 'change')}`);
  return [
    [
      'accounts',
      `${sayCount(counts.users, 'user')}, ${sayCount(counts.groups, 'group')}; ${sayCount(counts.accountsEnabled, 'account')} enabled, ${counts.accountsDisabled} disabled`,
    ],
    ['refused', `${counts.refused} refused, ${counts.quarantined} in quarantine`],
    ['guard', held.length === 0 ? 'holds nothing' : held.join(', ')],
    [
      'keys',
      keyExpiry === null
        ? 'none expires'
        : `confirmed until ${sayMinute(keyExpiry.earliest)} at the earliest, ${sayMinute(keyExpiry.latest)} at the latest`,
    ],
  ];
}

function describeSyncs({ lastSync, nextSync, sshd }: Status, now: number): Row[] {
  return [
    [
      'last sync',
      `${lastSync.n} (${lastSync.mode}) ${sayAgo(lastSync.at, now)}: ${sayCount(lastSync.changes.done, 'change')}, ${lastSync.changes.failed} failed`,
    ],
    [
      'next sync',
      nextSync === null
        ? 'unknown: a command ran the last one'
        : nextSync <= now
          ? 'due'
          : `in ${nextSync - now} s`,
    ],
    ['sshd', DROP_IN[`${sshd.dropIn}`]],
  ];
}

const GIB = 2 ** 30;
/** Maximum number of names shown. */
const SHOWN = 10;

function describeHost(host: NonNullable<Status['host']>, now: number): Row[] {
  const { memory, disks, active } = host;
  const gib = (bytes: number): string => (bytes / GIB).toFixed(1);
  return [
    [
      'host',
      `load ${host.load.toFixed(2)} on ${sayCount(host.processors, 'processor')}, ${gib(memory.available)} of ${gib(memory.total)} GiB memory available, ${sayAgo(host.at, now)}`,
    ],
    ...disks.map(({ path, free, size, fault }): Row => [
      'disk',
      fault === null
        ? `${path}: ${size === 0 ? 'mounted on demand' : `${gib(free)} of ${gib(size)} GiB free`}`
        : `${path} does not answer: ${fault}`,
    ]),
    ...(active === null ? [] : [describeActive(active)]),
  ];
}

function describeActive(active: readonly string[]): Row {
  const more = active.length <= SHOWN ? '' : ` and ${active.length - SHOWN} more`;
  return ['active', active.length === 0 ? 'none' : `${active.slice(0, SHOWN).join(', ')}${more}`];
}
