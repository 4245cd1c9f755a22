// /usr/share/doc/sunk-agent/copyright: the licence of everything that is in the package, with its text.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { findPackage } from './fetch-package.ts';

/** Licences that base-files brings; Debian Policy section 12.5 wants a reference instead of the text. */
const COMMON: Readonly<Record<string, string>> = { 'Apache-2.0': '/usr/share/common-licenses/Apache-2.0' };

const LICENCE_FILE = /^(?:licen[cs]e|copying)(?:[.-].*)?$/i;

/**
 * The file's text.
 * @param packages names of the npm packages whose code is in the package, the runtime among them.
 */
export function renderCopyright(packages: readonly string[]): string {
  const own = [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
    'Upstream-Name: sunk-agent',
    '',
    'Files: *',
    'Copyright: the authors of sunk-agent',
    'License: Apache-2.0',
    ` On Debian systems the text of this licence is in ${COMMON['Apache-2.0'] ?? ''}.`,
  ];
  return `${[...own, ...packages.flatMap(renderPackage)].join('\n')}\n`;
}

function renderPackage(name: string): string[] {
  const directory = findPackage(name);
  const manifest = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) as {
    version: string;
    license?: string;
  };
  const common = COMMON[manifest.license ?? ''];
  const text =
    common === undefined
      ? readLicence(directory)
      : `On Debian systems the text of this licence is in ${common}.`;
  const holders = [...text.matchAll(/^\W*(copyright\b.*)$/gim)].map(([, line = '']) => line.trim());
  const files = name.startsWith('node-linux-')
    ? 'usr/lib/sunk-agent/node'
    : `usr/lib/sunk-agent/* (${name} ${manifest.version})`;
  return [
    '',
    `Files: ${files}`,
    `Copyright: ${holders[0] ?? `the authors of ${name}`}`,
    `License: ${manifest.license ?? 'unknown'} (${name})`,
    ...text.split('\n').map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`)),
  ];
}

/** @throws Error where a package has neither a licence file nor names a licence. */
function readLicence(directory: string): string {
  const file = readdirSync(directory)
    .sort()
    .find((name) => LICENCE_FILE.test(name));
  if (file !== undefined) return readFileSync(path.join(directory, file), 'utf8').trim();
  const { license, homepage } = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) as {
    license?: string;
    homepage?: string;
  };
  if (license === undefined) throw new Error(`${directory} has no licence`);
  return `Licensed under ${license}, as its package says; see ${homepage ?? 'its home page'}.`;
}
