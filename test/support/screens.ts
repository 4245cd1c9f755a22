// The screens that the README and OPERATING.md show, held to those of a node.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';

const DOCUMENTS = ['README.md', 'packaging/OPERATING.md'].map((file) =>
  path.resolve(import.meta.dirname, '../..', file),
);

/** Replaces what differs from run to run by the values of the documents. */
function normalise(screen: string): string {
  return screen
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, 'https://api.coreweave.com')
    .replace(/\b\d+ (?:s|min)(?= ago)/g, '4 s')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, '2026-12-04 09:30')
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '5d0c8f0e-2a71-4c39-9b1e-6f3a7d20c845')
    .replace(/\b[0-9a-f]{16}\b/g, '12337161427d8fb8')
    .replace(/SHA256:[A-Za-z0-9+/]{43}/g, 'SHA256:sVGBVyN5yGGi5i6t7bIGZzqhIchaGb6NHKg+k6VJPGo')
    .replace(/load [\d.]+ on \d+/, 'load 0.42 on 16')
    .replace(/[\d.]+ of [\d.]+ GiB memory/, '50.1 of 62.7 GiB memory')
    .replace(/[\d.]+ of [\d.]+ GiB free/g, '80.4 of 97.9 GiB free')
    .replace(/last sync  \d+/, 'last sync  2')
    .replace(/next sync  (?:due|in \d+ s)/, 'next sync  in 26 s')
    .replace(/(last sync  2) \(\w+\)/, '$1 (delta)')
    .replace(/^sync \d+/m, 'sync 2');
}

/** The documents with a screen of this command, and that screen. */
function findScreens(command: string): { readonly file: string; readonly block: string }[] {
  const found = DOCUMENTS.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const start = text.indexOf(`\`\`\`\n# ${command}\n`);
    return start === -1 ? [] : [{ file, block: text.slice(start + 4, text.indexOf('\n```', start + 4)) }];
  });
  if (found.length === 0) throw new Error(`no document shows a screen of ${command}`);
  return found;
}

/** With UPDATE_GOLDEN the documents get the screen. */
export function expectInDocuments(command: string, screen: string): void {
  const wanted = `# ${command}\n${normalise(screen)}`;
  if (process.env['UPDATE_GOLDEN'] !== undefined)
    for (const { file, block } of findScreens(command))
      writeFileSync(
        file,
        readFileSync(file, 'utf8').replace(block, () => wanted),
      );
  for (const { block } of findScreens(command)) expect(block).toBe(wanted);
}
