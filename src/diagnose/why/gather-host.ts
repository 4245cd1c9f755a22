// What the node answers about one account name: name service, home, keys, helper, sshd, PAM and the log, all in parallel.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../../common/errors.ts';
import { runKeyHelper } from '../../host/keys/helper-output.ts';
import { listFullyDenied } from '../../host/keys/deny-list.ts';
import { probeHome } from '../../host/homes/home-probe.ts';
import { readLoginRecords } from '../../host/sshd/login-records.ts';
import { askNameService, type NameServiceAnswer, parseEntry } from '../../host/nss/name-service.ts';
import { askPamAccount } from '../../host/probes/pam-account.ts';
import { findNologin, isUnitActive } from '../../host/probes/node-state.ts';
import { findRevoked } from '../../host/sshd/revoked-keys.ts';
import { findUnreadable } from '../../host/trial/served-keys.ts';
import { examineSshd } from '../../host/sshd/sshd.ts';
import { SSHD } from '../../host/sshd/sshd-program.ts';
import { findShellFault } from '../../host/probes/shell-probe.ts';
import type { PasswdEntry } from '../../policy/posix.ts';
import { findLoginPath } from '../../agent/report/login-path.ts';
import { readNameRound } from '../../agent/reconcile/name-round.ts';
import { findListeningFault } from '../trial/find-listening-fault.ts';
import type { NodeContext } from '../../agent/node-context.ts';
import { type ProbeResult, tryProbe } from '../probe.ts';
import type { HostFacts } from './facts.ts';

type Context = Pick<NodeContext, 'config' | 'paths'>;

const NO_NAME: ProbeResult<never> = { ok: false, why: 'no account name is known' };
const ONLY_ROOT: ProbeResult<never> = { ok: false, why: 'only root can check this: use sudo' };

/** Programs answer for the running node alone, so below another root they are not asked. */
const belowRoot = (root: string): ProbeResult<never> => ({
  ok: false,
  why: `not checked below ${root}: the answer would be that of another node`,
});

/**
 * @param name null: no account name is known.
 * @param from the address that the user connects from; undefined: this machine's own.
 * @param now epoch seconds.
 */
export async function gatherHostFacts(
  context: Context,
  name: string | null,
  now: number,
  from?: string,
): Promise<HostFacts> {
  const { config, paths } = context;
  const local = name === null ? null : findLine(paths.root, name);
  const ask = askAbout(paths.root, name);
  const names = ask('user', (known) =>
    askNameService(known, config.accounts.backend === 'local' ? 'files' : 'cache'),
  );
  const [isDaemonUp, files, login, keyFile] = await Promise.all([
    paths.root === '/' ? isUnitActive('sunk-agent.service') : null,
    gatherFiles(paths.root, names, local),
    gatherLogin(context, ask, now, from),
    name === null ? NO_NAME : tryProbe(() => readKeyFile(path.join(paths.keys, name))),
  ]);
  const isDenied = name !== null && listFullyDenied(paths.denyList).includes(name);
  const conflicts = readNameRound(paths)?.conflicts ?? [];
  const conflict = conflicts.find((one) => one.kind === 'account' && one.name === name)?.detail ?? null;
  const loginPath = findLoginPath(paths, config, now);
  return {
    isDaemonUp,
    loginPath,
    local,
    names: await names,
    conflict,
    keyFile,
    unreadable: name === null ? null : await findUnreadable(paths, config, [name]),
    isDenied,
    ...files,
    ...login,
  };
}

type Ask = <T>(needs: 'root' | 'user', probe: (name: string) => Promise<T>) => Promise<ProbeResult<T>>;

function askAbout(root: string, name: string | null): Ask {
  const isRoot = process.geteuid?.() === 0;
  return async (needs, probe) => {
    if (name === null) return NO_NAME;
    if (root !== '/') return belowRoot(root);
    return needs === 'root' && !isRoot ? ONLY_ROOT : tryProbe(() => probe(name));
  };
}

/** Shell and home of the line that the name service answers, else of the node's own. */
async function gatherFiles(
  root: string,
  names: Promise<ProbeResult<NameServiceAnswer>>,
  local: PasswdEntry | null,
): Promise<Pick<HostFacts, 'shell' | 'home'>> {
  const answer = await names;
  const entry = (answer.ok ? answer.value.entry : null) ?? local;
  if (entry === null) {
    const missing: ProbeResult<never> = { ok: false, why: 'the node has no account of that name' };
    return { shell: missing, home: missing };
  }
  const { dir, uid, gid, shell } = entry;
  return {
    shell: await tryProbe(() => ({ shell, fault: findShellFault(root, shell) })),
    home: await tryProbe(() => probeHome(root, dir, { uid, gid })),
  };
}

async function gatherLogin(
  { config, paths }: Context,
  ask: Ask,
  now: number,
  from?: string,
): Promise<Pick<HostFacts, 'helper' | 'sshd' | 'pam' | 'logins'>> {
  const { root } = paths;
  const [helper, sshd, pam, logins] = await Promise.all([
    config.keys.serve === 'file' ? belowRoot(root) : ask('root', (known) => runKeyHelper(root, known)),
    ask('root', async (known) => {
      const examined = await examineSshd(config, known, root, SSHD, from);
      const revoked = await findRevoked(
        examined.settings,
        root,
        readKeyFile(path.join(paths.keys, known)) ?? '',
      );
      return {
        ...examined,
        findings: [
          ...(revoked === null ? [] : [revoked]),
          ...(await findListeningFault(examined.settings)),
          ...examined.findings,
        ],
      };
    }),
    ask('root', async (known) => ({ answer: await askPamAccount(known), nologin: findNologin(root) })),
    ask('user', async (known) => {
      const records = await readLoginRecords(root, known, now);
      if (records === null)
        throw new AgentError('refused', 'neither the journal nor auth.log can be read', { hint: '' });
      return records;
    }),
  ]);
  return { helper, sshd, pam, logins };
}

function findLine(root: string, name: string): PasswdEntry | null {
  const file = path.join(root, 'etc/passwd');
  if (!existsSync(file)) return null;
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));
  return line === undefined ? null : parseEntry(line);
}

function readKeyFile(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}
