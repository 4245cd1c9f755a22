// Renders the sshd drop-in: for members of the managed group sshd takes keys from sunk-agent, by default from nowhere else.
import path from 'node:path';
import type { Config } from '../../config/config.ts';

/** The drop-in, below any root. */
export const DROP_IN = 'etc/ssh/sshd_config.d/10-sunk-agent.conf';

/** Paths of the helper and the key files, below any root. */
const HELPER = 'usr/libexec/sunk-agent/authorized-keys';
const KEY_DIRECTORY = 'var/lib/sunk-agent/authorized_keys';
const TRIAL_DIRECTORY = 'run/sunk-agent/trials';

/** The user that runs the helper (sysusers.d), and nothing else, so that no other process can trace it. */
export const HELPER_USER = 'sunk-keys';

export function helperUnder(root: string): string {
  return path.join(root, HELPER);
}

export function keyDirectoryUnder(root: string): string {
  return path.join(root, KEY_DIRECTORY);
}

/** The settings that sshd must have for a member of the managed group, as `sshd -T` prints them. */
export interface KeySettings {
  readonly authorizedkeysfile: string;
  readonly authorizedkeyscommand: string;
  readonly authorizedkeyscommanduser: string;
}

/**
 * The three settings that say where keys come from. With `user_files: allow` sshd reads the user's own file
 * first; with `serve: file` the drop-in also turns off another tool's command.
 */
export function chooseKeySettings(keys: Config['keys'], root: string, helperUser: string): KeySettings {
  const own = keys.user_files === 'allow' ? ['.ssh/authorized_keys'] : [];
  if (keys.serve === 'file') {
    const trials = path.join(root, TRIAL_DIRECTORY);
    const files = [`${keyDirectoryUnder(root)}/%u`, `${trials}/%u`, ...own];
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
export function renderSshdDropIn(managedGroup: string, settings: KeySettings): string {
  const lines = [
    '# Managed by sunk-agent; changes are overwritten. See keys.serve and keys.user_files in sunk-agent.yaml(5).',
    `Match Group ${managedGroup}`,
    `  AuthorizedKeysFile ${settings.authorizedkeysfile}`,
    `  AuthorizedKeysCommand ${settings.authorizedkeyscommand}`,
    ...(settings.authorizedkeyscommand === 'none'
      ? []
      : [`  AuthorizedKeysCommandUser ${settings.authorizedkeyscommanduser}`]),
    'Match all',
  ];
  return `${lines.join('\n')}\n`;
}
