// The operators' extensions, one JSON line a person, beside the freeze and outside of the state database, so that no old copy of it brings one back.
import * as z from 'zod';
import type { DesiredState, Extension } from '../../policy/model.ts';
import { replaceFile } from './operator-files.ts';
import { readListLines } from './list-lines.ts';

const line = z.strictObject({
  scimId: z.string(),
  confirmedAt: z.int(),
  until: z.int(),
  at: z.int(),
  by: z.string(),
});

/** By SCIM id; a line that is not one extends no key. */
export function readExtensions(file: string): Map<string, Extension> {
  const extensions = new Map<string, Extension>();
  for (const text of readListLines(file)) {
    const extension = parseLine(text);
    if (extension !== null) extensions.set(extension.scimId, extension);
  }
  return extensions;
}

export function writeExtensions(file: string, extensions: Iterable<Extension>): void {
  const lines = [...extensions].map((extension) => `${JSON.stringify(extension)}\n`);
  replaceFile(file, lines.join(''), 'change the line of that person');
}

/**
 * Drops what no longer counts: an extension ends for good with its time, with the next confirmation, and with the
 * first reason that disables the account, whatever the state database holds later.
 */
export function dropSpentExtensions(file: string, desired: DesiredState): void {
  const extensions = readExtensions(file);
  if (extensions.size === 0) return;
  const kept = desired.accounts.flatMap(({ extension }) => extension ?? []);
  if (kept.length < extensions.size) writeExtensions(file, kept);
}

function parseLine(text: string): Extension | null {
  try {
    return line.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
