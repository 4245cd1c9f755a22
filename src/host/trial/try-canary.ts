// One trial login of the canary: the agent makes the key and judges, the canary's service, which has the network, connects.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config/config.ts';
import type { Paths } from '../../common/paths.ts';
import { CANARY, isCanary } from '../../policy/groups/canary.ts';
import { readLocalAccounts } from '../accounts/local-accounts.ts';
import { runProgram } from '../probes/run-program.ts';
import { askSshd, SSHD_CONFIG } from '../sshd/sshd-program.ts';
import { askWithoutHostKeys, hasNoHostKeys } from '../sshd/without-host-keys.ts';
import { findServing, judgeListening, listConfigured } from '../sshd/listening.ts';
import type { SshdSettings } from '../sshd/sshd-findings.ts';
import { askCanary, type CanaryAnswer, readCanaryAnswer, withdrawKey } from './canary-exchange.ts';
import { type CanaryOutcome, judgeCanary } from './judge-canary.ts';
import { findUnlike, sampleKeyOwners } from './like-people.ts';
import { listListeners, listSockets } from './listeners.ts';
import { listAddresses } from './own-addresses.ts';
import { findUnreadable } from './served-keys.ts';
import { markLog, readSshdWords } from './sshd-words.ts';
import { writeTrialFile } from './trial-file.ts';
import { makeTrialKey } from './trial-key.ts';
import { renderKnownHosts, renderTrialLine } from './trial-line.ts';
import { listTargets, readHostKeys, type TrialTarget } from './trial-target.ts';

/**
 * How long an answer may take: a service that starts anew, and 45 s for ssh. A session waits until systemd has stopped the
 * user manager of the one before, which took 34 s on a busy node.
 */
const PATIENCE_MS = 51_000;
const LOOK_EVERY_MS = 100;
/** More listeners than these are not tried. */
const MOST_TARGETS = 6;

export interface CanaryTrial extends CanaryOutcome {
  /** Whether sshd refuses an address that fails too often (PerSourcePenalties, from OpenSSH 9.8 on). */
  readonly isPunished: boolean;
}

/** @throws AgentError host_write */
export async function tryCanary(paths: Paths, config: Config): Promise<CanaryTrial> {
  const entry = readLocalAccounts(paths.root).accounts.get(CANARY)?.entry;
  if (entry === undefined || !isCanary(entry))
    return unproven(`this node has no account ${CANARY}: systemd-sysusers sunk-agent.conf`);
  const groups = (await runProgram('id', ['-Gn', CANARY])).stdout.trim().split(' ');
  const managed = config.accounts.primary_group;
  if (!groups.includes(managed)) return unproven(`${CANARY} is not in ${managed} yet`);
  const file = path.join(paths.root, SSHD_CONFIG);
  const answer = await askSshd(file, CANARY);
  if ('fault' in answer && !hasNoHostKeys(answer.fault))
    return unproven(`sshd does not report its settings: ${answer.fault}`);
  const settings = 'settings' in answer ? answer.settings : await askWithoutHostKeys(file, CANARY);
  const hostKeys = await readHostKeys('settings' in answer ? (settings?.get('hostkey') ?? []) : []);
  if (settings === null) return fail(NO_HOST_KEY);
  const outcome = await attempt(paths, config.accounts.shell, entry.gid, { settings, hostKeys });
  const isPunished = (settings.get('persourcepenalties')?.[0] ?? 'no') !== 'no';
  if (outcome.state !== 'proven') return { ...outcome, isPunished };
  const names = sampleKeyOwners(paths);
  const unreadable = await findUnreadable(paths, config, names);
  if (unreadable !== null)
    return { state: 'failed', failed: 'authenticate', detail: unreadable, isPunished: false };
  const unlike = findUnreachable(settings) ?? (await findUnlike(paths, names, settings));
  return unlike === null ? { ...outcome, isPunished } : unproven(unlike);
}

/** A login over loopback says nothing about an sshd that only this node reaches; null: others reach it, or there are none. */
function findUnreachable(settings: SshdSettings): string | null {
  const configured = listConfigured(settings);
  const serving = findServing(configured, listSockets('1'));
  const finding = judgeListening(configured, serving, listAddresses('1'), '');
  return finding?.code === 'sshd-loopback' ? finding.detail : null;
}

const NO_HOST_KEY = 'no host key of sshd can be read: ssh-keygen -A makes the missing ones';
const IN_MEMORY =
  'the host keys of sshd are gone from disk: it goes on with those that it has read, and will not start again (ssh-keygen -A)';

async function attempt(
  paths: Paths,
  shell: string,
  group: number,
  { settings, hostKeys }: { readonly settings: SshdSettings; readonly hostKeys: readonly string[] },
): Promise<CanaryOutcome> {
  const [serial, nonce] = [randomBytes(8).toString('hex'), randomBytes(16).toString('hex')];
  const targets = chooseTargets(settings);
  const key = makeTrialKey([]);
  const forced = settings.get('forcecommand')?.[0] ?? 'none';
  const line = await renderTrialLine({
    root: paths.root,
    addresses: targets.map(({ address }) => address),
    command: `${shell} ${nonce}`,
    publicKey: key.publicKey,
  });
  const file = writeTrialFile(paths.trials, CANARY, line);
  try {
    const mark = await markLog();
    const request = { serial, targets, knownHosts: renderKnownHosts(hostKeys), privateKey: key.privateKey };
    if (!askCanary(paths.canary, group, request))
      return unproven('the service of the canary does not run: systemctl status sunk-agent-canary');
    const answer = await awaitAnswer(paths.canaryAnswers, serial);
    if (answer === null)
      return unproven('the service of the canary gave no answer: systemctl status sunk-agent-canary');
    // Nothing that it shows can be compared, but it shows whether it has any.
    if (hostKeys.length === 0)
      return /^debug1: Server host key: /m.test(answer.client) ? unproven(IN_MEMORY) : fail(NO_HOST_KEY);
    const record = {
      client: answer.client,
      // The canary has no start-up files that could print, and its session's standard error is in `client`.
      errors: '',
      output: answer.output,
      status: answer.status,
      nonce,
      forcedCommand: forced === 'none' ? null : forced,
      server: null,
    };
    const first = judgeCanary(record, settings);
    if (first.state === 'proven') return first;
    return judgeCanary({ ...record, server: await readSshdWords(mark, CANARY, null) }, settings);
  } finally {
    file.remove();
    withdrawKey(paths.canary);
  }
}

/** Where sshd says it listens, at sockets that are there; those of root's last, for an sshd that was started otherwise. */
function chooseTargets(settings: SshdSettings): TrialTarget[] {
  const say = ({ address, port }: TrialTarget): string => `${address} ${port}`;
  const configured = listTargets(settings);
  const ports = new Set(configured.map(({ port }) => port));
  // The agent has no network of its own, and pid 1 has the node's.
  const others = listListeners('1').filter((target) => !ports.has(target.port));
  return [...new Map([...configured, ...others].map((target) => [say(target), target])).values()].slice(
    0,
    MOST_TARGETS,
  );
}

async function awaitAnswer(directory: string, serial: string): Promise<CanaryAnswer | null> {
  for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_EVERY_MS) {
    await sleep(LOOK_EVERY_MS);
    const answer = readCanaryAnswer(directory, serial);
    if (answer !== null) return answer;
  }
  return null;
}

function unproven(detail: string): CanaryTrial {
  return { state: 'unproven', failed: null, detail, isPunished: false };
}

function fail(detail: string): CanaryTrial {
  return { state: 'failed', failed: 'connect', detail, isPunished: false };
}
