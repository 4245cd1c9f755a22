// Users and groups that PAM gives rights: pam_wheel and pam_succeed_if in pam.d, group.conf(5) of pam_group, capability.conf(5) of pam_cap.
import path from 'node:path';
import { listDirectory } from '../fs/list-directory.ts';
import { readLatin1 } from '../fs/read-text.ts';
import { addOnce, type Privileged } from './sudo-grants.ts';

const STACKS = 'etc/pam.d';
const GROUPS = 'etc/security/group.conf';
const CAPABILITIES = 'etc/security/capability.conf';

/** Reads them below `root`. */
export function findPamGrants(root: string, found: Privileged): void {
  const stacks = listDirectory(path.join(root, STACKS)).map((name) => path.join(STACKS, name));
  for (const file of ['etc/pam.conf', ...stacks])
    for (const { text, location } of readLines(root, file)) addStackLine(text, location, found);
  for (const { text, location } of readLines(root, GROUPS)) addGroupLine(text, location, found);
  for (const { text, location } of readLines(root, CAPABILITIES)) addCapabilityLine(text, location, found);
}

interface Line {
  readonly text: string;
  readonly location: string;
}

/** Lines without comments, those that a backslash continues as one, where it begins. */
function readLines(root: string, file: string): Line[] {
  const lines: Line[] = [];
  let text = '';
  let start = 1;
  for (const [index, raw] of readLatin1(root, file).split('\n').entries()) {
    text += raw.replace(/#.*$/, '').replace(/\\$/, '\\\n');
    if (text.endsWith('\\\n')) text = `${text.slice(0, -2)} `;
    else {
      lines.push({ text, location: `/${file}:${start}` });
      text = '';
      start = index + 2;
    }
  }
  return text === '' ? lines : [...lines, { text, location: `/${file}:${start}` }];
}

/** pam_wheel(8) lets a group use su(1), pam_succeed_if(8) a user or a group do without a password. */
function addStackLine(text: string, location: string, found: Privileged): void {
  const [, control = '', module = '', options = ''] =
    /^\s*(?:\S+\s+)?-?auth\s+(\[[^\]]*\]|\S+)\s+(\S+)(.*)$/i.exec(text) ?? [];
  const words = options.trim().split(/\s+/);
  if (/(?:^|\/)pam_wheel\.so$/.test(module) && !words.includes('deny')) {
    const named = words.find((word) => word.startsWith('group='))?.slice('group='.length);
    addOnce(found.groups, named ?? 'wheel', location);
  }
  const isEnough = /^(?:sufficient$|\[.*\bsuccess=(?:done|ok|\d))/i.test(control);
  if (!/(?:^|\/)pam_succeed_if\.so$/.test(module) || !isEnough) return;
  for (const [, verb, value = ''] of options.matchAll(/\buser\s+(ingroup|=|in)\s+(\S+)/g))
    for (const name of value.split(':'))
      addOnce(verb === 'ingroup' ? found.groups : found.names, name, location);
}

/** `services;ttys;users;times;groups`: the users get the groups. A pattern may be of anyone. */
function addGroupLine(text: string, location: string, found: Privileged): void {
  const fields = text.split(';');
  const [, , users = '', , groups = ''] = fields;
  if (fields.length < 5 || groups.trim() === '') return;
  for (const [, not, name = ''] of users.matchAll(/(!?)\s*([^\s&|!]+)/g)) {
    if (not === '!' || name === '*') continue;
    if (name.startsWith('@') || name.includes('*'))
      found.unchecked.push({ what: `the users ${name}`, location });
    else if (name.startsWith('%')) addOnce(found.groups, name.slice(1), location);
    else addOnce(found.names, name, location);
  }
}

/** `capabilities user @group ...` */
function addCapabilityLine(text: string, location: string, found: Privileged): void {
  const [capabilities = '', ...users] = text.trim().split(/\s+/);
  if (capabilities === '' || capabilities === 'none') return;
  for (const name of users) {
    if (name === '*') continue;
    if (name.startsWith('@')) addOnce(found.groups, name.slice(1), location);
    else addOnce(found.names, name, location);
  }
}
