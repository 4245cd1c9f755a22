// The backends `nsscache`, which publishes accounts and keys for libnss-cache, and `published`, which reads them.
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../../common/errors.ts';
import { toHostWrite } from '../../common/system-error.ts';
import type { AccountChange, Change } from '../../plan/change.ts';
import type { AccountBackend } from '../accounts/account-backend.ts';
import {
  NSSCACHE_FILES,
  type NsscacheFile,
  type NsscacheTexts,
  readKeyLines,
  renderGeneration,
  renderKeyLine,
  sortLines,
} from './cache-files.ts';
import { editTexts } from '../accounts/edit-accounts.ts';
import { withGenerationLock } from './generation-lock.ts';
import { publishGeneration, readCurrent, readGeneration, restoreIndexes } from './generation.ts';
import { readAccounts } from '../accounts/local-accounts.ts';
import { editLines, type LineEdit } from '../accounts/passwd-format.ts';

/** The texts after `apply`, until they are published, and what made them of those of `generation`. */
interface Staged {
  readonly generation: string | null;
  readonly texts: NsscacheTexts;
  readonly edits: readonly Edit[];
}

interface Edit {
  readonly changes: readonly AccountChange[];
  /** Days since the epoch. */
  readonly today: number;
}

/**
 * Publishes in `directory`, one generation after the other. Collects changes until `publish`, so that no reader sees half
 * of them. Never writes the accounts below `root`, which take precedence.
 */
export function openNssCache(root: string, directory: string): AccountBackend {
  let staged: Staged | null = null;
  const edit = (before: NsscacheTexts, { changes, today }: Edit) => {
    const local = { passwd: readLocal(root, 'passwd'), group: readLocal(root, 'group') };
    const { texts, misfits } = editTexts({ ...before, gshadow: '' }, changes, today, local);
    const { passwd, group, shadow } = texts;
    return { texts: { ...before, passwd, group, shadow }, misfits };
  };

  /** The same edits on what another process has published since; all of them, or none. */
  function editAnew({ edits }: Staged): NsscacheTexts {
    return edits.reduce((before, one) => {
      const { texts, misfits } = edit(before, one);
      if (misfits.length === 0) return texts;
      throw new AgentError('host_write', `another program published in ${directory} meanwhile`, {
        hint: 'only one agent may publish in a directory; this one reads it again in the next sync',
      });
    }, readTexts(directory));
  }

  return {
    read: () => readAccounts(readTexts(directory)),
    readOthers: readAccounts,
    apply(changes, today) {
      const generation = readGeneration(directory);
      // What a failed sync staged is dropped if another process has published since.
      const base = staged?.generation === generation ? staged : null;
      const { texts, misfits } = edit(base?.texts ?? readTexts(directory), { changes, today });
      const kept = changes.filter((change) => !misfits.some((misfit) => misfit.change === change));
      staged = { generation, texts, edits: [...(base?.edits ?? []), { changes: kept, today }] };
      return Promise.resolve(misfits);
    },
    publication: {
      readKeys: () => readKeyLines(readTexts(directory).sshkey),
      publish(changes) {
        const base = staged;
        staged = null;
        try {
          // An operator's block and the daemon may publish at one moment: the second one adds to what the first one did.
          withGenerationLock(root, () => {
            const isCurrent = base?.generation === readGeneration(directory);
            const texts = base === null ? readTexts(directory) : isCurrent ? base.texts : editAnew(base);
            publishTexts(root, directory, sortAll(editKeys(texts, changes)));
          });
        } catch (cause) {
          throw cause instanceof AgentError ? cause : toHostWrite(`cannot publish in ${directory}`, cause);
        }
      },
    },
  };
}

/** Under the lock. */
function publishTexts(root: string, directory: string, texts: NsscacheTexts): void {
  const before = readTexts(directory);
  if (NSSCACHE_FILES.every((file) => texts[file] === before[file])) restoreIndexes(directory);
  else publishGeneration(directory, renderGeneration(texts), findShadowGroup(root));
}

/** Reads what another node publishes in `directory`, and never writes accounts. */
export function openPublished(directory: string): AccountBackend {
  return {
    // On a shared volume this node's root may not read shadow.cache; disabled accounts have nologin in any case.
    read: () =>
      readAccounts({
        passwd: readText(directory, 'passwd'),
        group: readText(directory, 'group'),
        shadow: '',
      }),
    readOthers: readAccounts,
    apply: () => Promise.reject(new TypeError('accounts are not written here (accounts.backend: published)')),
    publication: null,
  };
}

function readTexts(directory: string): NsscacheTexts {
  return {
    passwd: readText(directory, 'passwd'),
    group: readText(directory, 'group'),
    shadow: readText(directory, 'shadow'),
    sshkey: readText(directory, 'sshkey'),
  };
}

function readText(directory: string, file: NsscacheFile): string {
  return readCurrent(directory, `${file}.cache`) ?? '';
}

function editKeys(texts: NsscacheTexts, changes: readonly Change[]): NsscacheTexts {
  const edits = new Map<string, LineEdit>();
  for (const change of changes) {
    if (change.kind === 'account-inherit' && change.keys !== null) {
      const fields = change.keys.split(':');
      edits.set(change.name, () => fields);
    }
    if (change.kind === 'keys-remove') edits.set(change.name, () => null);
    if (change.kind === 'keys-write') {
      const line = renderKeyLine(change.name, change.text);
      const colon = line.indexOf(':');
      edits.set(change.name, () => [line.slice(0, colon), line.slice(colon + 1)]);
    }
  }
  return { ...texts, sshkey: editLines(texts.sshkey, edits) };
}

function sortAll({ passwd, group, shadow, sshkey }: NsscacheTexts): NsscacheTexts {
  return {
    passwd: sortLines(passwd),
    group: sortLines(group),
    shadow: sortLines(shadow),
    sshkey: sortLines(sshkey),
  };
}

function readLocal(root: string, name: string): string {
  return readFileSync(path.join(root, 'etc', name), 'latin1');
}

/** The group that may read /etc/shadow may read shadow.cache. */
function findShadowGroup(root: string): number | null {
  return statSync(path.join(root, 'etc/shadow'), { throwIfNoEntry: false })?.gid ?? null;
}
