// A trial login: a real SSH login through the running sshd and PAM to the user's shell, with a key that lives for seconds.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { Paths } from '../../common/paths.ts';
import type { SshdSettings } from '../../host/sshd/sshd-findings.ts';
import { readKeyFile } from '../../policy/keys/key-file-lines.ts';
import type { Credential } from '../../policy/model.ts';
import type { SshdFacts } from '../why/facts.ts';
import { findListener } from './find-listener.ts';
import { markLog, readSshdWords } from '../../host/trial/sshd-words.ts';
import { runSsh } from './ssh-trial.ts';
import { scanHostKeys } from '../../host/trial/scan-host-keys.ts';
import { writeTrialFile } from '../../host/trial/trial-file.ts';
import { makeTrialKey, type TrialKey } from '../../host/trial/trial-key.ts';
import { renderKnownHosts, renderTrialLine } from '../../host/trial/trial-line.ts';
import { judgeTrial, type TrialOutcome } from '../../host/trial/trial-outcome.ts';
import { listTargets, readHostKeys, type TrialTarget } from '../../host/trial/trial-target.ts';

export interface TrialQuestion {
  readonly paths: Paths;
  /** The account. */
  readonly name: string;
  /** What sshd has in force for the user. */
  readonly settings: SshdSettings;
  /** What the account may log in with. */
  readonly credentials: readonly Credential[];
}

/** `failed` null: every step that was tried succeeded. */
export interface Trial extends TrialOutcome, TrialTarget {
  /** What the trial says nothing about, one phrase each. */
  readonly notChecked: readonly string[];
  /** Milliseconds. */
  readonly took: number;
}

/** Or why no login was tried. */
export type TrialResult =
  { readonly tried: true; readonly trial: Trial } | { readonly tried: false; readonly why: string };

/** sshd itself says so, and ends each connection before its first message about keys. */
export const hasNoHostKeys = ({ findings }: SshdFacts): boolean =>
  findings.some(({ code, breaksLogin }) => breaksLogin && code.startsWith('sshd-host-keys'));

/** Nothing can be connected to that could prove that it is this node's sshd. */
export const WITHOUT_HOST_KEYS: Trial = {
  failed: 'connect',
  detail: 'sshd -T: no hostkeys available',
  address: '127.0.0.1',
  port: 22,
  notChecked: [],
  took: 0,
};

/** No trial takes longer, milliseconds. */
const SCRATCH_MS = 60_000;

/** Seconds between two trials that fail, so that PerSourcePenalties and pam_faillock never count enough of them. */
const PAUSE_AFTER_FAILURE = 30;

/**
 * Root only. Changes nothing that stays: the key file is removed whatever happens, and its key expires by itself.
 * @throws AgentError refused, host_write
 */
export async function tryLogin(question: TrialQuestion): Promise<TrialResult> {
  const { paths, name, settings, credentials } = question;
  const keyFile = path.join(paths.keys, name);
  if (!existsSync(keyFile))
    return { tried: false, why: `${name} has no key file on this node, so no login is tried` };
  // The trial's own key would be accepted all the same.
  if (hasNoValidKey(readFileSync(keyFile, 'utf8'), Date.now() / 1000))
    return { tried: false, why: `no key of ${name} on this node is valid any more, so no login is tried` };
  const wait = waitAfterFailure(paths);
  if (wait > 0)
    return { tried: false, why: `a trial login failed a moment ago; the next one is possible in ${wait} s` };
  const configured = listTargets(settings);
  // Where nothing answers, the attempt says so in the system's words.
  const target = (await findListener(configured)) ?? configured[0];
  if (target === undefined) return { tried: false, why: 'sshd -T names no address that it listens on' };
  const onDisk = await readHostKeys(settings.get('hostkey') ?? []);
  // The running sshd may have keys of which no public part lies on disk.
  const hostKeys = onDisk.length > 0 ? onDisk : await scanHostKeys([target]);
  if (hostKeys.length === 0)
    return {
      tried: false,
      why: 'sshd shows no host key, and none can be read: ssh-keygen -A makes the missing ones',
    };
  const trial = await attempt(question, target, hostKeys, makeTrialKey(credentials));
  if (trial.failed !== null) noteFailure(paths);
  return { tried: true, trial };
}

/** Pure. An expiry in local time is not judged. @param now epoch seconds. */
export function hasNoValidKey(keyFile: string, now: number): boolean {
  return readKeyFile(keyFile).every(
    ({ fingerprint, expiresAt }) => fingerprint === null || (expiresAt !== null && expiresAt <= now),
  );
}

async function attempt(
  { paths, name, settings }: TrialQuestion,
  target: TrialTarget,
  hostKeys: readonly string[],
  key: TrialKey,
): Promise<Trial> {
  const nonce = randomBytes(16).toString('hex');
  const forced = settings.get('forcecommand')?.[0] ?? 'none';
  const forcedCommand = forced === 'none' ? null : forced;
  mkdirSync(paths.run, { recursive: true });
  sweepScratch(paths.run);
  const scratch = mkdtempSync(path.join(paths.run, 'trial-hosts-'));
  const line = await renderTrialLine({
    root: paths.root,
    addresses: [target.address],
    command: `echo ${nonce}`,
    publicKey: key.publicKey,
  });
  const file = writeTrialFile(paths.trials, name, line);
  try {
    writeFileSync(path.join(scratch, 'known_hosts'), renderKnownHosts(hostKeys), { mode: 0o600 });
    const mark = await markLog();
    const began = performance.now();
    const question = {
      name,
      target,
      privateKey: key.privateKey,
      scratch,
      opensSession: forcedCommand === null,
    };
    const answer = await runSsh(question);
    const took = Math.round(performance.now() - began);
    const record = {
      client: answer.client,
      output: answer.output,
      errors: answer.errors,
      status: answer.status,
      nonce,
      forcedCommand,
      server: null as readonly string[] | null,
    };
    const first = judgeTrial(record);
    // A success needs no explanation; the log is read only for a failure.
    const outcome =
      first.failed === null
        ? first
        : judgeTrial({ ...record, server: await readSshdWords(mark, name, answer.localPort) });
    return { ...outcome, ...target, notChecked: listUnchecked(key, target), took };
  } finally {
    file.remove();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** What a kill left: a directory with public keys. */
function sweepScratch(run: string): void {
  for (const name of readdirSync(run).filter((one) => one.startsWith('trial-hosts-'))) {
    const directory = path.join(run, name);
    const age = Date.now() - (statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > SCRATCH_MS) rmSync(directory, { recursive: true, force: true });
  }
}

function listUnchecked(key: TrialKey, { address }: TrialTarget): string[] {
  return [
    ...(key.isOfSameKind ? [] : ['the kind of the user’s own key']),
    `rules for addresses other than ${address} (--from ADDRESS)`,
    'the network between the user and this node',
  ];
}

const failureMark = ({ run }: Paths): string => path.join(run, 'trial-failed');

/** Seconds. */
function waitAfterFailure(paths: Paths): number {
  const at = statSync(failureMark(paths), { throwIfNoEntry: false })?.mtimeMs;
  if (at === undefined) return 0;
  const age = (Date.now() - at) / 1000;
  return age >= 0 && age < PAUSE_AFTER_FAILURE ? Math.ceil(PAUSE_AFTER_FAILURE - age) : 0;
}

function noteFailure(paths: Paths): void {
  const now = new Date();
  writeFileSync(failureMark(paths), '', { mode: 0o600 });
  utimesSync(failureMark(paths), now, now);
}
