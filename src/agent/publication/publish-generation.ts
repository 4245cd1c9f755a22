// After each change: what was written on a publisher becomes a signed generation for its followers.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { AgentError, describeError } from '../../common/errors.ts';
import { nameRefusal } from '../../common/system-error.ts';
import type { NodeContext } from '../node-context.ts';
import { readKeyFiles } from '../../host/keys/authorized-keys.ts';
import { leaveOutDenied } from '../../host/keys/deny-list.ts';
import { readCurrent, readGeneration } from '../../host/nss/generation.ts';
import { readSudoers } from '../../host/sudo/sudoers.ts';
import { listDisabled, type PublishedState } from '../../publish/generation.ts';
import { openPublisher, type Publisher, type PublisherSettings } from '../../publish/publisher.ts';
import { renderLedger } from '../../state/ledger-file.ts';
import { listDecidedBlocks } from './adopt-blocks.ts';
import type { StateDatabase } from '../../state/state.ts';

/** What a sync reports of it. */
export interface PublicationReport {
  readonly serial: number;
  /** Epoch seconds. */
  readonly signedAt: number;
  /** Why followers keep the generation before; null: they do not. */
  readonly problem: string | null;
}

export type PublicationContext = Pick<NodeContext, 'config' | 'paths'> & {
  readonly state: Pick<StateDatabase, 'bindings' | 'former' | 'inherited' | 'snapshotHash'>;
};

/** Where the configuration says that this node publishes generations, and it enforces. */
export function isPublishing({ accounts, mode }: NodeContext['config']): boolean {
  return accounts.backend === 'publish' && mode === 'enforce';
}

/** Whether to sign a manifest again although nothing was decided. @param now epoch seconds. */
export function isPublicationDue(context: Pick<NodeContext, 'config' | 'paths'>, now: number): boolean {
  return isPublishing(context.config) && open(context).isDue(now);
}

/**
 * Publishes what the files of this node say, if it differs from the last generation or that one is due.
 * @returns null: this node publishes none. What fails is in the answer, since logins of pods go on without it.
 */
export function publishGeneration(context: PublicationContext, now: number): PublicationReport | null {
  if (!isPublishing(context.config)) return null;
  try {
    const { serial, signedAt } = open(context).publish(gather(context), context.state.snapshotHash(), now);
    return { serial, signedAt, problem: null };
  } catch (thrown) {
    const error = nameRefusal(thrown);
    if (!(error instanceof AgentError)) throw error;
    return { serial: 0, signedAt: 0, problem: describeError(error) };
  }
}

function open({ config, paths }: Pick<NodeContext, 'config' | 'paths'>): Publisher {
  return openPublisher(settingsOf({ config, paths }), paths.publication, paths.run);
}

export function settingsOf({ config, paths }: Pick<NodeContext, 'config' | 'paths'>): PublisherSettings {
  const { directory, key, not_after: notAfter, resign } = config.publish;
  return { directory: path.join(paths.root, directory), key: path.join(paths.root, key), notAfter, resign };
}

/** @throws AgentError refused: what was decided is no longer here, and nothing is not what was decided. */
function gather({ config, paths, state }: PublicationContext): PublishedState {
  const directory = path.join(paths.root, config.accounts.nsscache_dir);
  if (existsSync(paths.publication) && readGeneration(directory) === null)
    throw new AgentError('refused', `the accounts that this node published are no longer in ${directory}`, {
      hint: `take them from the last generation: sunk-agent ledger import ${config.publish.directory} --apply`,
    });
  const read = (name: string): string => readCurrent(directory, `${name}.cache`) ?? '';
  const texts = { passwd: read('passwd'), group: read('group'), shadow: read('shadow') };
  // If a file could not be written, followers get no more of it than the helper serves here.
  const keyFiles = leaveOutDenied(paths.denyList, readKeyFiles(paths.keys));
  const disabled = new Set(listDisabled(texts).map(({ name, uid }) => `${name}:${uid}`));
  const blocks = listDecidedBlocks(
    { paths },
    (name, uid) =>
      keyFiles.has(name) || (texts.passwd.includes(`${name}:x:${uid}:`) && !disabled.has(`${name}:${uid}`)),
  );
  const bindings = state.bindings();
  const ledger = { bindings, former: state.former(), inherited: state.inherited() };
  // A time that changes with the ledger alone, so that a quiet sync publishes nothing.
  const newest = bindings.reduce((latest, { boundAt }) => Math.max(latest, boundAt), 0);
  return {
    texts,
    keyFiles,
    sudoers: readSudoers(paths.sudoers),
    ledger: Buffer.from(renderLedger(ledger, newest), 'utf8').toString('latin1'),
    blocks,
  };
}
