// The backends `nsscache`, which publishes accounts and keys for libnss-cache, and `published`, which reads them.
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../../common/errors.ts';
import { toHostWrite } from '../../common/system-error.ts';
import type { Change } from '../../plan/change.ts';
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
import { publishGeneration, readCurrent, readGeneration } from './generation.ts';
import { readAccounts, readLocalAccounts } from '../accounts/local-accounts.ts';
import { editLines, type LineEdit } from '../accounts/passwd-format.ts';

/** The texts after `apply`, until they are published. */
interface Staged {
  readonly generation: string | null;
  readonly texts: NsscacheTexts;
}

/**
 * Publishes in `directory`, one generation after the other. Collects changes until `publish`, so that no reader sees half
 * of them. Never writes the accounts below `root`, which take precedence.
 */
export function openNssCache(root: string, directory: string): AccountBackend {
  let staged: Staged | null = null;
  return {
    read: () => readAccounts(readTexts(directory)),
    readOthers: () => readLocalAccounts(root),
    apply(changes, today) {
      const generation = readGeneration(directory);
      // What a failed sync staged is dropped if another process has published since.
      const before = staged?.generation === generation ? staged.texts : readTexts(directory);
      const local = { passwd: readLocal(root, 'passwd'), group: readLocal(root, 'group') };
      const { texts, misfits } = editTexts({ ...before, gshadow: '' }, changes, today, local);
      const { passwd, group, shadow } = texts;
      staged = { generation, texts: { ...before, passwd, group, shadow } };
      return Promise.resolve(misfits);
    },
    publication: {
      readKeys: () => readKeyLines(readTexts(directory).sshkey),
      publish(changes) {
        const before = readTexts(directory);
        const base = staged;
        staged = null;
        if (base !== null && base.generation !== readGeneration(directory)) {
          throw new AgentError('host_write', `another program published in ${directory} meanwhile`, {
            hint: 'only one agent may publish in a directory; this one reads it again in the next sync',
          });
        }
        const after = sortAll(editKeys(base?.texts ?? before, changes));
        if (NSSCACHE_FILES.every((file) => after[file] === before[file])) return;
        try {
          publishGeneration(directory, renderGeneration(after), findShadowGroup(root));
        } catch (cause) {
          throw toHostWrite(`cannot publish in ${directory}`, cause);
        }
      },
    },
  };
}

/** Reads what another node publishes in `directory`, and never writes accounts. */
export function openPublished(root: string, directory: string): AccountBackend {
  return {
    // On a shared volume this node's root may not read shadow.cache; disabled accounts have nologin in any case.
    read: () =>
      readAccounts({
        passwd: readText(directory, 'passwd'),
        group: readText(directory, 'group'),
        shadow: '',
      }),
    readOthers: () => readLocalAccounts(root),
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
