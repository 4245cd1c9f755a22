// Gathers the facts for `doctor`: files, sshd, name service and PAM on this node, the store through the reader.
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { AgentError, describeError } from '../../common/errors.ts';
import { isSystemError } from '../../common/system-error.ts';
import { readLocalAccounts } from '../../host/accounts/local-accounts.ts';
import { findAgents } from '../../host/probes/find-agents.ts';
import { findUnmounted } from '../../host/probes/unmounted.ts';
import { isCanary } from '../../policy/groups/canary.ts';
import { findBreakGlass } from '../../host/probes/break-glass.ts';
import { probeDisk } from '../../host/probes/disk-probe.ts';
import { readUidRange } from '../../host/accounts/login-defs.ts';
import { withTrustedDirectory } from '../../host/fs/trusted-directory.ts';
import { demandReplaceable } from '../../host/fs/replaceable.ts';
import { findNologin } from '../../host/probes/node-state.ts';
import { viewState } from '../../state/state.ts';
import type { Binding } from '../../policy/model.ts';
import { locateToken } from '../../config/tokens.ts';
import { homesDirectory } from '../../host/probes/host-load-watch.ts';
import type { NodeContext } from '../../agent/node-context.ts';
import { findReaderUser } from '../../agent/reader-client/reader-user.ts';
import { findDistrust } from '../../agent/ingest/delta-window.ts';
import { readNameRound } from '../../agent/reconcile/name-round.ts';
import type { SyncReport } from '../../agent/reconcile/sync-report.ts';
import { readStatus } from '../../agent/report/status.ts';
import { tryProbe } from '../probe.ts';
import type { Facts, FileRights } from './facts.ts';

import { gatherAgent } from './gather-agent.ts';
import { gatherPublisher } from './gather-publisher.ts';
import { gatherSlurm } from './gather-slurm.ts';
import { gatherSudo } from './gather-sudo.ts';
import { gatherNodeFacts, gatherSshdFacts } from './gather-node.ts';

const ACCOUNT_FILES = ['passwd', 'group', 'shadow', 'gshadow'];
/** Number of managed accounts that are compared with the name service. */
const SAMPLE = 20;

/** @param now epoch seconds. */
export async function gatherFacts(context: NodeContext, now: number): Promise<Facts> {
  const { config, paths, log } = context;
  const { root } = paths;
  const { bindings, deltasOffUntil, refusals, fault: stateFault } = readState(context, now);
  const enabled = bindings
    .filter(({ kind, disabledAt }) => kind === 'account' && disabledAt === null)
    .map(({ name }) => name)
    .sort();
  const sample = enabled.slice(0, SAMPLE);
  const [first = null] = sample;
  const [node, { settingsOfRoot, ...sshd }, disks, probe] = await Promise.all([
    gatherNodeFacts(context, sample),
    gatherSshdFacts(context, first),
    gatherDisks(context),
    gatherAgent(context, now),
  ]);
  return {
    now,
    config,
    status: await tryProbe(() => readStatus(paths.status)),
    ...node,
    ...sshd,
    disks,
    ...probe,
    stateDirectory: readRights(paths.state),
    unmounted: findUnmounted(root, paths.state),
    stateFault,
    hasState: existsSync(path.join(paths.state, 'mirror.sqlite')),
    inManagedGroup: listManaged(context),
    agents: root === '/' ? findAgents() : [],
    refusals,
    deltasOffUntil,
    keyDirectory: readRights(paths.keys),
    homesHazard: findHomesHazard(context),
    accountFilesFault: findAccountFilesFault(root),
    nologin: findNologin(root),
    uidRange: readUidRange(root),
    tokens: config.scim.tokens.map((source) => {
      const file = locateToken(source, root, {});
      return { path: file, rights: readRights(file) };
    }),
    reader: findReaderUser(root, log),
    breakGlass: findBreakGlass(root, new Set(enabled), settingsOfRoot, now),
    nameRound: readNameRound(paths),
    ...gatherSudo(context, enabled),
    publisher: await gatherPublisher(context, now),
    slurm: await gatherSlurm(context),
  };
}

function gatherDisks({ config, paths }: NodeContext): Promise<Facts['disks']> {
  const { root } = paths;
  const directories = [path.join(root, 'etc'), paths.state, homesDirectory(root, config.accounts.home)];
  if (config.accounts.backend === 'publish') directories.push(path.join(root, config.publish.directory));
  return Promise.all([...new Set(directories)].filter((directory) => existsSync(directory)).map(probeDisk));
}

interface StateFacts extends Pick<Facts, 'deltasOffUntil' | 'refusals'> {
  readonly bindings: readonly Binding[];
  readonly fault: string | null;
}

function readState({ config, paths }: NodeContext, now: number): StateFacts {
  const nothing = { bindings: [], deltasOffUntil: null, refusals: [], fault: null };
  if (!existsSync(path.join(paths.state, 'mirror.sqlite'))) return nothing;
  try {
    const view = viewState(paths.state);
    try {
      return {
        bindings: view.bindings(),
        deltasOffUntil: findDistrust(view, config, now),
        refusals: view.lastSync<SyncReport>('any', () => true)?.refusals ?? [],
        fault: null,
      };
    } finally {
      view.close();
    }
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { ...nothing, fault: describeError(error) };
  }
}

/** The canary is always there. */
function listManaged({ config, paths }: NodeContext): string[] {
  return [...readLocalAccounts(paths.root).accounts.values()]
    .filter(({ entry }) => entry.gid === config.accounts.primary_gid && !isCanary(entry))
    .map(({ entry }) => entry.name);
}

function findHomesHazard({ config, paths: { root } }: NodeContext): string | null {
  try {
    return withTrustedDirectory(root, homesDirectory('/', config.accounts.home), ({ hazard }) => hazard);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return null;
  }
}

function findAccountFilesFault(root: string): string | null {
  try {
    demandReplaceable(ACCOUNT_FILES.map((name) => path.join(root, 'etc', name)));
    return null;
  } catch (error) {
    return describeError(error);
  }
}

function readRights(file: string): FileRights | null {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined
    ? null
    : { path: file, uid: found.uid, gid: found.gid, mode: found.mode & 0o7777 };
}
