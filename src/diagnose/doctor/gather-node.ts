// What the running node answers: units, name service, key helper, PAM and sshd.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { runKeyHelper } from '../../host/keys/helper-output.ts';
import { askNameService, readServices } from '../../host/nss/name-service.ts';
import { askPamAccount } from '../../host/probes/pam-account.ts';
import { runProgram } from '../../host/probes/run-program.ts';
import { examineSshd, hasSshdDropIn } from '../../host/sshd/sshd.ts';
import type { SshdFinding, SshdSettings } from '../../host/sshd/sshd-findings.ts';
import { isUnitActive } from '../../host/probes/node-state.ts';
import { askSshd, readSshdFacts } from '../../host/sshd/sshd-program.ts';
import { findListeningFault } from '../trial/find-listening-fault.ts';
import type { NodeContext } from '../../agent/node-context.ts';
import { type ProbeResult, tryProbe } from '../probe.ts';
import type { Facts, NamesFacts } from './facts.ts';
import {
  decideRunning,
  explainDiffering,
  findCounting,
  findDiffering,
  findHelperFault,
  findOtherwise,
  findWithoutShadow,
  isNscdHung,
} from './node-answers.ts';

/** @param sample managed accounts; the helper and PAM are asked about the first. */
export async function gatherNodeFacts(
  context: NodeContext,
  sample: readonly string[],
): Promise<Pick<Facts, 'units' | 'names' | 'helperFault' | 'pam'>> {
  const { root } = context.paths;
  if (root !== '/') {
    const elsewhere: ProbeResult<never> = { ok: false, why: `not checked below ${root}` };
    return { units: null, names: elsewhere, helperFault: null, pam: elsewhere };
  }
  const [first = null] = sample;
  const [units, names, helperFault, pam] = await Promise.all([
    readUnits(),
    tryProbe(() => askNames(sample, context)),
    first !== null && context.config.keys.serve === 'command' ? compareHelper(context, first) : null,
    tryProbe(async () => (first === null ? null : askPamAccount(first))),
  ]);
  return { units, names, helperFault, pam };
}

/** @param name a managed account; null: there is none yet. */
export async function gatherSshdFacts(
  context: NodeContext,
  name: string | null,
): Promise<
  Pick<Facts, 'sshd' | 'hasSshdDropIn' | 'isSshdRunning' | 'expiry'> & { settingsOfRoot: SshdSettings | null }
> {
  const { root } = context.paths;
  const hasDropIn = await hasSshdDropIn(context.config, root);
  const [sshd, forRoot, { expiry }, isRunning] = await Promise.all([
    tryProbe(() => askAboutSshd(context, name, hasDropIn)),
    askSshd(path.join(root, 'etc/ssh/sshd_config'), 'root'),
    readSshdFacts(root),
    root === '/' ? isSshdRunning() : null,
  ]);
  return {
    sshd,
    hasSshdDropIn: hasDropIn,
    isSshdRunning: isRunning,
    expiry,
    settingsOfRoot: 'fault' in forRoot ? null : forRoot.settings,
  };
}

async function askAboutSshd(
  { config, paths }: NodeContext,
  name: string | null,
  hasDropIn: boolean,
): Promise<readonly SshdFinding[]> {
  const { settings, findings } = await examineSshd(config, name ?? 'root', paths.root);
  const listening = paths.root === '/' ? await findListeningFault(settings) : [];
  return [...listening, ...findCounting(findings, name, hasDropIn)];
}

async function askNames(sample: readonly string[], { config, paths }: NodeContext): Promise<NamesFacts> {
  const service = config.accounts.backend === 'local' ? 'files' : 'cache';
  const answers = await Promise.all(
    sample.map(async (name) => [name, await askNameService(name, service)] as const),
  );
  const byName = new Map(answers);
  const differing = findDiffering(byName);
  const answer = byName.get(differing[0] ?? '');
  const { isStale, service: answering } =
    answer === undefined ? { isStale: false, service: null } : explainDiffering(answer);
  return {
    services: readServices(paths.root, 'passwd'),
    shadowServices: readServices(paths.root, 'shadow'),
    withoutShadow: process.geteuid?.() === 0 ? findWithoutShadow(byName) : [],
    differing,
    isNscdHung: answer !== undefined && isNscdHung(answer),
    isStale,
    answering,
    otherwise: findOtherwise(byName),
  };
}

async function compareHelper({ paths }: NodeContext, name: string): Promise<string | null> {
  const output = await runKeyHelper(paths.root, name);
  const file = path.join(paths.keys, name);
  const expected = 'fault' in output || !existsSync(file) ? '' : readFileSync(file, 'utf8');
  return findHelperFault(name, output, expected, file);
}

async function readUnits(): Promise<{ agent: boolean; reader: boolean } | null> {
  const [agent, reader] = await Promise.all([
    isUnitActive('sunk-agent.service'),
    isUnitActive('sunk-agent-reader.service'),
  ]);
  return agent === null || reader === null ? null : { agent, reader };
}

/** The service, or the socket of systemd in its place. Without systemd any sshd, also that of a session. */
async function isSshdRunning(): Promise<boolean | null> {
  const units = await Promise.all(['ssh.service', 'sshd.service', 'ssh.socket'].map(isUnitActive));
  const isRunning = decideRunning(units);
  if (isRunning !== null) return isRunning;
  const { status, stdout } = await runProgram('pgrep', ['-x', 'sshd'], { timeout: 3000 });
  if (status === null) return null;
  return stdout.trim() !== '';
}
