// Gathers the facts for `doctor`: files, sshd, name service and PAM asked here, the store by the reader.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { AgentError, describeError } from '../../common/errors.ts';
import { findBreakGlass } from '../../host/probes/break-glass.ts';
import { probeDisk } from '../../host/probes/disk-probe.ts';
import { runKeyHelper } from '../../host/keys/helper-output.ts';
import { readUidRange } from '../../host/accounts/login-defs.ts';
import { askNameService, readServices } from '../../host/nss/name-service.ts';
import { askPamAccount } from '../../host/probes/pam-account.ts';
import { demandReplaceable } from '../../host/fs/replaceable.ts';
import { runProgram } from '../../host/probes/run-program.ts';
import { examineSshd, hasSshdDropIn } from '../../host/sshd/sshd.ts';
import type { SshdFinding } from '../../host/sshd/sshd-findings.ts';
import { findNologin, isUnitActive } from '../../host/probes/node-state.ts';
import { askSshd, readSshdFacts } from '../../host/sshd/sshd-program.ts';
import { viewState } from '../../state/state.ts';
import type { Binding } from '../../policy/model.ts';
import { locateToken } from '../../config/tokens.ts';
import { homesDirectory } from '../../host/probes/host-load-watch.ts';
import { withReader } from '../../agent/reader-client/with-reader.ts';
import type { NodeContext } from '../../agent/node-context.ts';
import { findReaderUser } from '../../agent/reader-client/reader-user.ts';
import { readStatus } from '../../agent/report/status.ts';
import type { ProbeResult } from '../why/verdict.ts';
import type { Facts, NamesFacts, Reach } from './facts.ts';

const ACCOUNT_FILES = ['passwd', 'group', 'shadow', 'gshadow'];
/** So many managed accounts are tried. */
const SAMPLE = 20;

/** @param now epoch seconds. */
export async function gatherFacts(place: NodeContext, now: number): Promise<Facts> {
  const { config, paths, log } = place;
  const { root } = paths;
  const isReal = root === '/';
  const { bindings, fault: mirrorFault } = readBindings(paths.state);
  const open = bindings.filter(({ kind, disabledAt }) => kind === 'account' && disabledAt === null);
  const sample = open
    .map(({ name }) => name)
    .sort()
    .slice(0, SAMPLE);
  const [first = null] = sample;
  const groups = [...config.access.groups, ...config.access.sudo_groups];
  const elsewhere: ProbeResult<never> = { ok: false, why: `not asked below ${root}` };
  const [units, disks, sshd, forRoot, names, helperFault, pam, probe, sshdFacts] = await Promise.all([
    isReal ? readUnits() : null,
    Promise.all(
      [...new Set([path.join(root, 'etc'), paths.state, homesDirectory(root, config.accounts.home)])]
        .filter((folder) => existsSync(folder))
        .map(probeDisk),
    ),
    tryLook(() => askAboutSshd(place, first)),
    askSshd(path.join(root, 'etc/ssh/sshd_config'), 'root'),
    isReal ? tryLook(() => askNames(sample, place)) : elsewhere,
    isReal && first !== null && config.keys.serve === 'command' ? compareHelper(place, first) : null,
    isReal ? tryLook(async () => (first === null ? null : askPamAccount(first))) : elsewhere,
    tryLook(() => withReader(place, (reader) => reader.probe(groups))),
    readSshdFacts(root),
  ]);
  return {
    now,
    config,
    isReal,
    status: await tryLook(() => readStatus(paths.status)),
    units,
    stateFolder: reach(paths.state),
    mirrorFault,
    keyFolder: reach(paths.keys),
    disks,
    accountFilesFault: findAccountFilesFault(root),
    sshd,
    isSshdRunning: isReal ? await isSshdRunning() : null,
    names,
    helperFault,
    nologin: findNologin(root),
    uidRange: readUidRange(root),
    pam,
    tokens: config.scim.tokens.map((source) => {
      const file = locateToken(source, root, {});
      return { path: file, reach: reach(file) };
    }),
    reader: findReaderUser(root, log),
    probe,
    expiry: sshdFacts.expiry,
    breakGlass: findBreakGlass(
      root,
      new Set(open.map(({ name }) => name)),
      'fault' in forRoot ? null : forRoot.settings,
      now,
    ),
  };
}

/**
 * sshd -T needs a user that exists and is in the marker group. Before the first one it is asked for root, who shows the
 * rest; where the keys of the marker's members come from then hangs on our drop-in, which is there or not.
 */
async function askAboutSshd(
  { config, paths }: NodeContext,
  name: string | null,
): Promise<readonly SshdFinding[]> {
  const { findings } = await examineSshd(config, name ?? 'root', paths.root);
  if (name !== null || !(await hasSshdDropIn(config, paths.root))) return findings;
  return findings.filter(({ code }) => !code.startsWith('sshd-other-') && code !== 'sshd-allow-groups');
}

function readBindings(folder: string): { bindings: readonly Binding[]; fault: string | null } {
  if (!existsSync(path.join(folder, 'mirror.sqlite'))) return { bindings: [], fault: null };
  try {
    const view = viewState(folder);
    try {
      return { bindings: view.bindings(), fault: null };
    } finally {
      view.close();
    }
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { bindings: [], fault: describeError(error) };
  }
}

async function askNames(sample: readonly string[], { config, paths }: NodeContext): Promise<NamesFacts> {
  const service = config.accounts.backend === 'local' ? 'files' : 'cache';
  const answers = await Promise.all(sample.map((name) => askNameService(name, service)));
  const differing = sample.filter((_, index) => {
    const answer = answers[index];
    return JSON.stringify(answer?.entry) !== JSON.stringify(answer?.direct);
  });
  return {
    services: readServices(paths.root, 'passwd'),
    shadowServices: readServices(paths.root, 'shadow'),
    hasNscd: existsSync('/run/nscd/socket'),
    differing,
  };
}

async function compareHelper({ paths }: NodeContext, name: string): Promise<string | null> {
  const output = await runKeyHelper(paths.root, name);
  if ('fault' in output) return `the key helper does not run for ${name}: ${output.fault}`;
  const file = path.join(paths.keys, name);
  const expected = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return output.text === expected
    ? null
    : `the key helper prints for ${name} something else than ${file} holds`;
}

async function readUnits(): Promise<{ agent: boolean; reader: boolean } | null> {
  const [agent, reader] = await Promise.all([
    isUnitActive('sunk-agent.service'),
    isUnitActive('sunk-agent-reader.service'),
  ]);
  return agent === null || reader === null ? null : { agent, reader };
}

/** The listener, or systemd's socket in its place; where systemd is not, any sshd, which may be that of a session. */
async function isSshdRunning(): Promise<boolean | null> {
  const units = await Promise.all(['ssh.service', 'sshd.service', 'ssh.socket'].map(isUnitActive));
  if (!units.includes(null)) return units.includes(true);
  const { status, stdout } = await runProgram('pgrep', ['-x', 'sshd'], { timeout: 3000 });
  if (status === null) return null;
  return stdout.trim() !== '';
}

function findAccountFilesFault(root: string): string | null {
  try {
    demandReplaceable(ACCOUNT_FILES.map((name) => path.join(root, 'etc', name)));
    return null;
  } catch (error) {
    return describeError(error);
  }
}

function reach(file: string): Reach | null {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined
    ? null
    : { path: file, uid: found.uid, gid: found.gid, mode: found.mode & 0o7777 };
}

async function tryLook<T>(look: () => T | Promise<T>): Promise<ProbeResult<T>> {
  try {
    return { ok: true, value: await look() };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { ok: false, why: describeError(error) };
  }
}
