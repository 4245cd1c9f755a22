// Gathers the facts for `why`: the mirror read-only, the living host asked in parallel; works with daemon and store dead.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AgentError, describeError } from '../../common/errors.ts';
import { runKeyHelper } from '../../host/keys/helper-output.ts';
import { probeHome } from '../../host/homes/home-probe.ts';
import { openHost } from '../../host/host.ts';
import { readLoginRecords } from '../../host/sshd/login-records.ts';
import { askNameService, parseEntry } from '../../host/nss/name-service.ts';
import { askPamAccount } from '../../host/probes/pam-account.ts';
import { findNologin, isUnitActive } from '../../host/probes/node-state.ts';
import { examineSshd } from '../../host/sshd/sshd.ts';
import { findShellFault } from '../../host/probes/shell-probe.ts';
import { listDenied } from '../../host/keys/deny-list.ts';
import { viewState, type StateView } from '../../state/state.ts';
import type { Binding } from '../../policy/model.ts';
import type { PasswdEntry } from '../../policy/posix.ts';
import type { NodeContext } from '../../agent/node-context.ts';
import { decide } from '../../agent/reconcile/decide.ts';
import { judgeFreshness } from '../../agent/ingest/freshness.ts';
import { proveUse, type ProofOfUse } from '../../agent/report/proof-of-use.ts';
import { readStatus } from '../../agent/report/status.ts';
import type { Facts, PersonFacts } from './facts.ts';
import { findPerson, type FoundPerson } from '../../agent/operator/find-person.ts';
import { gatherPerson } from './gather-person.ts';
import type { ProbeResult } from './verdict.ts';

/**
 * @param fingerprint the one key that is asked about; null: all.
 * @param now epoch seconds.
 */
export async function gatherFacts(
  place: Pick<NodeContext, 'config' | 'paths'>,
  question: string,
  fingerprint: string | null,
  now: number,
): Promise<Facts> {
  const { config, paths } = place;
  const view = await tryLook(() => viewState(paths.state));
  try {
    const known = view.ok ? readOnce(view.value) : null;
    const found = known === null ? null : findPerson(question, known.users(), known.bindings(), config);
    const name = found?.name ?? (/^[a-z_][a-z0-9_.-]{0,31}$/i.test(question) ? question : null);
    const living = askHost(place, name, now);
    const person: Facts['person'] =
      known === null ? unlooked(view) : await tryLook(() => decideFor(place, known, found, now));
    const key = fingerprint ?? (question.startsWith('SHA256:') ? question : null);
    const used = key === null ? null : tryLook(() => findUse(paths.root, key, known?.bindings() ?? [], now));
    return {
      now,
      question,
      name,
      fingerprint: key,
      config,
      status: await tryLook(() => readStatus(paths.status)),
      person,
      used: await used,
      ...(await living),
    };
  } finally {
    if (view.ok) view.value.close();
  }
}

/** Sessions of that key in the last 30 days. */
function findUse(
  root: string,
  fingerprint: string,
  bindings: readonly Binding[],
  now: number,
): Promise<ProofOfUse> {
  return proveUse({ fingerprint, since: now - 30 * 86_400, limit: 20 }, bindings, root);
}

/** The lists are long, and asked for twice. */
function readOnce(view: StateView): StateView {
  const [users, bindings, groups] = [view.users(), view.bindings(), view.groups()];
  return { ...view, users: () => users, bindings: () => bindings, groups: () => groups };
}

async function decideFor(
  place: Pick<NodeContext, 'config' | 'paths'>,
  mirror: StateView,
  found: FoundPerson | null,
  now: number,
): Promise<PersonFacts | null> {
  if (found === null) return null;
  const decision = await decide(
    { ...place, state: mirror, host: openHost(place), stateFault: null },
    now,
    judgeFreshness(null, mirror, now),
  );
  return gatherPerson(found, place, mirror, mirror.groups(), decision);
}

type HostFacts = Pick<
  Facts,
  | 'isDaemonUp'
  | 'local'
  | 'names'
  | 'shell'
  | 'home'
  | 'keyFile'
  | 'helper'
  | 'isShut'
  | 'sshd'
  | 'pam'
  | 'logins'
>;

async function askHost(
  { config, paths }: Pick<NodeContext, 'config' | 'paths'>,
  name: string | null,
  now: number,
): Promise<HostFacts> {
  const { root } = paths;
  const isReal = root === '/';
  const isRoot = process.geteuid?.() === 0;
  const local = name === null ? null : findLine(root, name);
  const noName: ProbeResult<never> = { ok: false, why: 'there is no account name to ask for' };
  const elsewhere: ProbeResult<never> = {
    ok: false,
    why: `not asked below ${root}: it would answer for another node`,
  };
  const onlyRoot: ProbeResult<never> = { ok: false, why: 'only root can look at it: use sudo' };
  const ask = <T>(needsRoot: boolean, look: (name: string) => Promise<T>): Promise<ProbeResult<T>> => {
    if (name === null) return Promise.resolve(noName);
    if (!isReal) return Promise.resolve(elsewhere);
    return needsRoot && !isRoot ? Promise.resolve(onlyRoot) : tryLook(() => look(name));
  };
  const names = ask(false, (known) =>
    askNameService(known, config.accounts.backend === 'local' ? 'files' : 'cache'),
  );
  const entry = async (): Promise<PasswdEntry> => {
    const answer = await names;
    const seen = (answer.ok ? answer.value.entry : null) ?? local;
    if (seen === null) throw new AgentError('refused', 'there is no line to look up', { hint: '' });
    return seen;
  };
  const [isDaemonUp, shell, home, helper, sshd, pam, logins] = await Promise.all([
    isReal ? isUnitActive('sunk-agent.service') : null,
    tryLook(async () => {
      const { shell: found } = await entry();
      return { shell: found, fault: findShellFault(root, found) };
    }),
    tryLook(async () => {
      const { dir, uid, gid } = await entry();
      return probeHome(root, dir, { uid, gid });
    }),
    config.keys.serve === 'file' ? elsewhere : ask(true, (known) => runKeyHelper(root, known)),
    ask(true, (known) => examineSshd(config, known, root)),
    ask(true, async (known) => ({ answer: await askPamAccount(known), nologin: findNologin(root) })),
    ask(false, async (known) => {
      const records = await readLoginRecords(root, known, now);
      if (records === null)
        throw new AgentError('refused', 'neither the journal nor auth.log can be read', { hint: '' });
      return records;
    }),
  ]);
  const keyFile = name === null ? noName : await tryLook(() => readKeyFile(path.join(paths.keys, name)));
  const isShut = name !== null && listDenied(paths.shut).includes(name);
  return { isDaemonUp, local, names: await names, shell, home, keyFile, helper, isShut, sshd, pam, logins };
}

function findLine(root: string, name: string): PasswdEntry | null {
  const line = readFileSync(path.join(root, 'etc/passwd'), 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));
  return line === undefined ? null : parseEntry(line);
}

function readKeyFile(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

async function tryLook<T>(look: () => T | Promise<T>): Promise<ProbeResult<T>> {
  try {
    return { ok: true, value: await look() };
  } catch (error) {
    if (!(error instanceof AgentError) && !(error instanceof Error && 'code' in error)) throw error;
    return { ok: false, why: describeError(error) };
  }
}

function unlooked(view: ProbeResult<unknown>): ProbeResult<never> {
  return { ok: false, why: view.ok ? '' : view.why };
}
