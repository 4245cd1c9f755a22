// Settings that a command writes into config.yaml for the operator, or says where they belong if it cannot.
import { lstatSync, readFileSync } from 'node:fs';
import { describeError } from '../../common/errors.ts';
import { type ConfigEdit, editConfig, renderEdits } from './edit-config.ts';
import { replaceFiles } from '../../host/fs/atomic-file.ts';

/** `lines`: what the operator has to write where the configuration comes from, since the file cannot be written here. */
export type ConfigWrite =
  | { readonly outcome: 'written' }
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'refused'; readonly why: string; readonly lines: readonly string[] };

/**
 * Edits the configuration in its place, atomically, with owner and mode as they are. A file that another program owns (a
 * projected ConfigMap is a symbolic link, or mounted by itself) is left alone.
 */
export function writeConfigEdits(file: string, edits: readonly ConfigEdit[]): ConfigWrite {
  try {
    const text = readFileSync(file, 'utf8');
    const edited = editConfig(text, edits, file);
    if (edited === text) return { outcome: 'unchanged' };
    if (lstatSync(file).isSymbolicLink())
      return refuse(`${file} is a symbolic link: the configuration is made elsewhere`, edits);
    replaceFiles([{ file, data: edited, encoding: 'utf8', mode: 0o640 }]);
    return { outcome: 'written' };
  } catch (error) {
    return refuse(describeError(error), edits);
  }
}

function refuse(why: string, edits: readonly ConfigEdit[]): ConfigWrite {
  return { outcome: 'refused', why, lines: renderEdits(edits) };
}

/** Sentences for the operator about a configuration that was written, or that they must write by hand. */
export function describeConfigWrite(file: string, write: ConfigWrite): string[] {
  if (write.outcome === 'unchanged') return [];
  if (write.outcome === 'written') return [`${file} is written: copy it to the other nodes of the cluster`];
  return [
    `${file} is not written: ${write.why}`,
    `write this where it comes from, for all nodes of the cluster:`,
    ...write.lines.map((line) => `  ${line}`),
  ];
}
