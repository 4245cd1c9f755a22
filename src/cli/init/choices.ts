// The choices of a first run: from the options, or asked on the terminal.
import { readFileSync } from 'node:fs';
import type { SyncContext } from '../../agent/reconcile/context.ts';
import { sayCount } from '../../common/text/count-noun.ts';
import { AgentError } from '../../common/errors.ts';
import type { CommandContext } from '../command.ts';
import type { Terminal } from '../terminal/prompt.ts';
import type { ConfigChoices } from './config-text.ts';
import { findDomains, listNames, pinGroups } from './store-contents.ts';

/** The base URL, from the options or the terminal. */
export async function findBaseUrl({ values }: CommandContext, terminal: Terminal | null): Promise<string> {
  const given = values['base-url'];
  if (typeof given === 'string') return given;
  if (terminal === null) throw new AgentError('usage', '--base-url is missing');
  return terminal.ask('SCIM Base URL (SCIM Configuration in the Cloud Console)');
}

/**
 * The token, from a file, this node or the terminal; never from the command line, which other users can read.
 * @throws AgentError token_missing
 */
export async function findToken(
  { values }: CommandContext,
  terminal: Terminal | null,
  kept: string | null,
): Promise<string> {
  const file = values['token-file'];
  if (typeof file === 'string') {
    try {
      return readFileSync(file === '-' ? 0 : file, 'utf8').trim();
    } catch (cause) {
      throw new AgentError('token_missing', `cannot read the token ${file}`, { cause });
    }
  }
  if (kept !== null) return kept;
  if (terminal === null) throw new AgentError('usage', '--token-file is missing (- is standard input)');
  return terminal.askSecretly('SCIM token (it is not shown)');
}

/** The groups and domains, from the options or the terminal, checked against the store. */
export async function chooseGroups(
  { values }: CommandContext,
  terminal: Terminal | null,
  baseUrl: string,
  { state }: Omit<SyncContext, 'reader'>,
): Promise<Omit<ConfigChoices, 'mode' | 'attributes'>> {
  const users = state.users().flatMap(({ record, absent }) => (absent ? [] : [record]));
  const groups = state.groups().flatMap(({ record, absent }) => (absent ? [] : [record]));
  process.stderr.write(
    `The store has ${sayCount(users.length, 'user')} and ${sayCount(groups.length, 'group')}: ${listNames(groups)}\n`,
  );
  let names = listOf(values['group']);
  let sudoNames = listOf(values['sudo-group']);
  if (names.length === 0) {
    if (terminal === null)
      throw new AgentError('usage', '--group is missing', { hint: `the store has ${listNames(groups)}` });
    names = await terminal.askList('Groups whose members may log in');
    if (sudoNames.length === 0)
      sudoNames = await terminal.askList('Groups whose members may use sudo without a password');
  }
  warnOfDefaultGroups([...names, ...sudoNames]);
  const pinned = pinGroups(names, groups);
  const sudoGroups = pinGroups(sudoNames, groups);
  const ids = new Set([...pinned, ...sudoGroups].map(({ id }) => id));
  const members = new Set(groups.filter(({ id }) => ids.has(id)).flatMap((group) => group.members));
  const found = findDomains(users.filter(({ id }) => members.has(id)).map(({ userName }) => userName));
  const domains = await chooseDomains(listOf(values['domain']), terminal, found);
  return { baseUrl, groups: pinned, sudoGroups, domains: domains.filter((domain) => domain !== '') };
}

/** Groups that older organisations have from the beginning, with the policies of the Cloud Console. */
const DEFAULT_GROUPS: ReadonlySet<string> = new Set(['admin', 'metrics', 'read', 'write', 'billing_viewer']);

function warnOfDefaultGroups(names: readonly string[]): void {
  for (const name of names.filter((one) => DEFAULT_GROUPS.has(one)))
    process.stderr.write(
      `${name} is a default group of the Cloud Console: its members are those who have that policy there, and the identity provider cannot push a group of that name. Use a group of its own instead\n`,
    );
}

/** @param found domains of the members, the most frequent first. */
async function chooseDomains(given: string[], terminal: Terminal | null, found: string[]): Promise<string[]> {
  if (given.length > 0) return given;
  const shown = found.slice(0, 10).join(' ');
  if (terminal !== null) {
    const answer = await terminal.ask('Mail domains whose local part becomes a user name', shown);
    return answer.split(/[\s,]+/);
  }
  if (found.length < 2) return found;
  throw new AgentError('usage', '--domain is missing', { hint: `members of these groups are in ${shown}` });
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
