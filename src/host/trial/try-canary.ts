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
import type { SshdSettings } from '../sshd/sshd-findings.ts';
import { askCanary, type CanaryAnswer, readCanaryAnswer, withdrawKey } from './canary-exchange.ts';
import { type CanaryOutcome, judgeCanary } from './judge-canary.ts';
import { findUnlike, sampleKeyOwners } from './like-people.ts';
import { listListeners } from './listeners.ts';
import { findUnreadable } from './served-keys.ts';
import { markLog, readSshdWords } from './sshd-words.ts';
import { writeTrialFile } from './trial-file.ts';
import { makeTrialKey } from './trial-key.ts';
import { renderKnownHosts, renderTrialLine } from './trial-line.ts';
import { listTargets, readHostKeys, type TrialTarget } from './trial-target.ts';

/** How long an answer may take: a service that starts anew, and 25 s for ssh: on a busy node opening a session takes long. */
const PATIENCE_MS = 31_000;
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
  const answer = await askSshd(path.join(paths.root, SSHD_CONFIG), CANARY);
  const settings = 'settings' in answer ? answer.settings : null;
  const hostKeys = await readHostKeys(settings?.get('hostkey') ?? []);
  // sshd cannot even print its settings then.
  const hasNoKeys = 'fault' in answer && /no hostkeys available/i.test(answer.fault);
  if ('fault' in answer && !hasNoKeys) return unproven(`sshd does not report its settings: ${answer.fault}`);
  if ('fault' in answer || hostKeys.length === 0)
    return fail('no host key of sshd can be read: ssh-keygen -A makes the missing ones');
  const outcome = await attempt(paths, config.accounts.shell, entry.gid, {
    settings: answer.settings,
    hostKeys,
  });
  const isPunished = (answer.settings.get('persourcepenalties')?.[0] ?? 'no') !== 'no';
  if (outcome.state !== 'proven') return { ...outcome, isPunished };
  const names = sampleKeyOwners(paths);
  const unreadable = await findUnreadable(paths, config, names);
  if (unreadable !== null)
    return { state: 'failed', failed: 'authenticate', detail: unreadable, isPunished: false };
  const unlike = await findUnlike(paths, names, answer.settings);
  return unlike === null ? { ...outcome, isPunished } : unproven(unlike);
}

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
    const record = {
      client: answer.client,
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
