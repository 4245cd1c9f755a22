// Removes what files of this node have of a person who left: keys, jobs set aside, grants, extensions, entries of the audit trail.
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Paths } from '../../common/paths.ts';
import { attempt } from '../../common/system-error.ts';
import { replaceFiles } from '../../host/fs/atomic-file.ts';
import { removeKeyFile } from '../../host/keys/authorized-keys.ts';
import type { Binding } from '../../policy/model.ts';
import { compileNames } from '../../state/retention/forget.ts';
import { readExtensions, writeExtensions } from '../overrides/extensions.ts';
import { readGrants, writeGrants } from '../overrides/grants.ts';

/**
 * @param names the account's name, the userName and what else the person was called.
 * @throws AgentError host_write
 */
export function forgetFiles(paths: Paths, { scimId, name, id }: Binding, names: readonly string[]): void {
  attempt(`cannot remove what is kept of ${name}`, () => {
    removeKeyFile(paths.keys, name);
    const ofUid = new RegExp(`^${id}(?:\\.|$)`);
    for (const directory of [paths.offboarded, paths.restarting, paths.rootShells, paths.hooks])
      for (const file of existsSync(directory) ? readdirSync(directory) : [])
        if (ofUid.test(file)) rmSync(path.join(directory, file), { recursive: true, force: true });
    for (const directory of [paths.denyList, paths.trials])
      rmSync(path.join(directory, name), { force: true });
    // Copies of a database that was damaged once.
    for (const file of readdirSync(paths.state))
      if (/\.damaged-\d+/.test(file)) rmSync(path.join(paths.state, file), { force: true });
  });
  attempt('cannot rewrite the backups of the account files', () => forgetBackups(paths.root, name));
  const grants = readGrants(paths.grants);
  if (grants.some((one) => one.scimId === scimId))
    writeGrants(
      paths.grants,
      grants.filter((one) => one.scimId !== scimId),
    );
  const extensions = readExtensions(paths.extended);
  if (extensions.delete(scimId)) writeExtensions(paths.extended, extensions.values());
  forgetActs(paths.audit, compileNames([scimId, ...names]));
}

/** What the shadow tools and sunk-agent leave of the last change: passwd-, shadow-, group- and gshadow-. */
function forgetBackups(root: string, name: string): void {
  for (const kind of ['passwd', 'shadow', 'group', 'gshadow']) {
    const file = path.join(root, 'etc', `${kind}-`);
    if (!existsSync(file)) continue;
    const text = readFileSync(file, 'latin1');
    const isList = kind.endsWith('group') || kind === 'gshadow';
    const kept = text
      .split('\n')
      .filter((line) => isList || !line.startsWith(`${name}:`))
      .map((line) => (isList ? dropMember(line, name) : line))
      .join('\n');
    const { mode } = statSync(file);
    if (kept !== text) replaceFiles([{ file, data: kept, encoding: 'latin1', mode: mode & 0o777 }]);
  }
}

/** In the last field, and in that of the administrators in gshadow(5). */
function dropMember(line: string, name: string): string {
  const fields = line.split(':');
  return fields
    .map((field, n) =>
      n < 2
        ? field
        : field
            .split(',')
            .filter((one) => one !== name)
            .join(','),
    )
    .join(':');
}

/** The act, its time and its operator stay; its subject goes. Each line keeps its length, by which events are read on. */
function forgetActs(file: string, isNamed: (text: string) => boolean): void {
  if (!existsSync(file)) return;
  const text = readFileSync(file, 'utf8');
  const lines = text.split('\n').map((line) => (isNamed(line) ? blank(line) : line));
  const changed = lines.join('\n');
  if (changed === text) return;
  attempt(`cannot rewrite ${file}`, () =>
    replaceFiles([{ file, data: changed, encoding: 'utf8', mode: 0o640 }]),
  );
}

function blank(line: string): string {
  const width = Buffer.byteLength(line);
  try {
    const { at, operator, act } = JSON.parse(line) as Record<string, unknown>;
    const kept = JSON.stringify({ at, operator, act, subject: '', detail: '' });
    if (Buffer.byteLength(kept) <= width) return kept.padEnd(kept.length + width - Buffer.byteLength(kept));
  } catch {
    // No entry: nothing of it is kept.
  }
  return ' '.repeat(width);
}
