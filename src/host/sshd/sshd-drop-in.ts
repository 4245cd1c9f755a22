// The text of our sshd drop-in: for members of the marker group sshd takes keys from us, and by default only from us.
import path from 'node:path';
import type { Config } from '../../config/config.ts';

/** Where the helper and the key files lie, below any root. */
const HELPER = 'usr/libexec/sunk-agent/authorized-keys';
const KEY_DIRECTORY = 'var/lib/sunk-agent/authorized_keys';

/** The user that the helper runs as (sysusers.d); a user of its own, so that no other process can trace it. */
export const HELPER_USER = 'sunk-keys';

export function helperUnder(root: string): string {
  return path.join(root, HELPER);
}

export function keyDirectoryUnder(root: string): string {
  return path.join(root, KEY_DIRECTORY);
}

/** What sshd must say about a member of the marker group, in the words of `sshd -T`. */
export interface KeySettings {
  readonly authorizedkeysfile: string;
  readonly authorizedkeyscommand: string;
  readonly authorizedkeyscommanduser: string;
}

/**
 * The three settings that decide where keys come from. With `user_files: allow` sshd reads the user's own file
 * first; with `serve: file` another tool's command is switched off as well.
 */
export function chooseKeySettings(keys: Config['keys'], root: string, helperUser: string): KeySettings {
  const own = keys.user_files === 'allow' ? ['.ssh/authorized_keys'] : [];
  if (keys.serve === 'file') {
    const files = [`${keyDirectoryUnder(root)}/%u`, ...own];
    return {
      authorizedkeysfile: files.join(' '),
      authorizedkeyscommand: 'none',
      authorizedkeyscommanduser: 'none',
    };
  }
  const elsewhere = root === '/' ? '' : ` ${keyDirectoryUnder(root)}`;
  return {
    authorizedkeysfile: own[0] ?? 'none',
    authorizedkeyscommand: `${helperUnder(root)} %u${elsewhere}`,
    authorizedkeyscommanduser: helperUser,
  };
}

/** `Match all` ends the block: drop-ins are included at the top of sshd_config(5). */
export function renderSshdDropIn(marker: string, settings: KeySettings): string {
  const lines = [
    '# Managed by sunk-agent; changes are overwritten. See keys.serve and keys.user_files in sunk-agent.yaml(5).',
    `Match Group ${marker}`,
    `  AuthorizedKeysFile ${settings.authorizedkeysfile}`,
    `  AuthorizedKeysCommand ${settings.authorizedkeyscommand}`,
    ...(settings.authorizedkeyscommand === 'none'
      ? []
      : [`  AuthorizedKeysCommandUser ${settings.authorizedkeyscommanduser}`]),
    'Match all',
  ];
  return `${lines.join('\n')}\n`;
}
