// The settings by which sshd denies a user before it reads a key, in its own order (sshd_config(5), DenyUsers).
import { BlockList, isIP } from 'node:net';
import { matchesPattern, type SshdSettings } from '../../../host/sshd/sshd-findings.ts';
import { error, warning, type Verdict } from '../verdict.ts';

/**
 * The first setting that denies the user; null: none does.
 * @param groups of the user, as the name service has them; empty: not known.
 * @param from the address that the user connects from; null: not said.
 */
export function findDenial(
  settings: SshdSettings,
  name: string,
  groups: readonly string[],
  from: string | null,
): Verdict | null {
  return (
    checkUsers(settings, name, from) ??
    checkGroups(settings, name, groups) ??
    checkMethods(settings) ??
    checkSession(settings)
  );
}

const list = (settings: SshdSettings, keyword: string): readonly string[] => settings.get(keyword) ?? [];

function checkUsers(settings: SshdSettings, name: string, from: string | null): Verdict | null {
  const isUser = (pattern: string): boolean => matchesPattern(splitPattern(pattern).user, name);
  const allowed = list(settings, 'allowusers');
  // A pattern with a host denies that host alone.
  const isDenied = (pattern: string): boolean => {
    const { host } = splitPattern(pattern);
    return isUser(pattern) && (host === null || (from !== null && matchesAddress(host, from)));
  };
  if (list(settings, 'denyusers').some(isDenied)) {
    return error(
      'sshd-deny-users',
      `DenyUsers in sshd_config lists ${name}`,
      'operator',
      `remove ${name} from DenyUsers in sshd_config`,
    );
  }
  if (allowed.length > 0 && !allowed.some(isUser)) {
    return error(
      'sshd-allow-users',
      `AllowUsers in sshd_config does not list ${name} (${allowed.join(' ')})`,
      'operator',
      `add ${name} to AllowUsers in sshd_config, or use AllowGroups instead`,
    );
  }
  const hosts = allowed.filter(isUser).map((pattern) => splitPattern(pattern).host);
  if (
    hosts.length === 0 ||
    hosts.some((host) => host === null || (from !== null && matchesAddress(host, from)))
  )
    return null;
  const judge = from === null ? warning : error;
  return judge(
    'sshd-allow-users-from',
    `AllowUsers in sshd_config admits ${name} only from ${hosts.join(', ')}`,
    'operator',
    `to admit ${name} from elsewhere, add the address to AllowUsers in sshd_config`,
  );
}

/** As sshd matches the host of a pattern with an address: CIDR, else a glob; host names are not resolved here. */
function matchesAddress(host: string, address: string): boolean {
  const [network = '', bits] = host.split('/');
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  if (bits === undefined || isIP(network) === 0 || !/^\d{1,3}$/.test(bits))
    return matchesPattern(host, address);
  const subnets = new BlockList();
  const length = Number(bits);
  if (length > (family === 'ipv6' ? 128 : 32)) return false;
  subnets.addSubnet(network, length, family);
  return subnets.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** `USER` or `USER@HOST` (sshd_config(5), AllowUsers); host null: from everywhere. */
function splitPattern(pattern: string): { readonly user: string; readonly host: string | null } {
  const at = pattern.indexOf('@');
  const host = at < 0 ? '*' : pattern.slice(at + 1);
  return { user: at < 0 ? pattern : pattern.slice(0, at), host: host === '*' ? null : host };
}

function checkGroups(settings: SshdSettings, name: string, groups: readonly string[]): Verdict | null {
  const [denied, allowed] = [list(settings, 'denygroups'), list(settings, 'allowgroups')];
  const culprit = groups.find((group) => denied.some((pattern) => matchesPattern(pattern, group)));
  if (culprit !== undefined) {
    return error(
      'sshd-deny-groups',
      `DenyGroups in sshd_config lists ${culprit}, a group of ${name}`,
      'operator',
      `remove ${culprit} from DenyGroups in sshd_config`,
    );
  }
  const isAllowed = groups.some((group) => allowed.some((pattern) => matchesPattern(pattern, group)));
  if (allowed.length > 0 && groups.length > 0 && !isAllowed) {
    return error(
      'sshd-allow-groups',
      `AllowGroups in sshd_config lists no group of ${name} (${allowed.join(' ')})`,
      'operator',
      'add the managed group to AllowGroups in sshd_config',
    );
  }
  return null;
}

function checkMethods(settings: SshdSettings): Verdict | null {
  const methods = list(settings, 'authenticationmethods');
  const isKeyEnough = methods
    .flatMap((value) => value.split(/\s+/))
    .some((value) => value === 'any' || value === 'publickey');
  if (methods.length === 0 || isKeyEnough) return null;
  return error(
    'sshd-methods',
    `sshd requires more than a key (AuthenticationMethods ${methods.join(' ')}), and managed accounts have no password`,
    'operator',
    'set AuthenticationMethods publickey for the managed group in sshd_config, then systemctl restart ssh',
  );
}

/** What opens no shell although the login succeeds. */
function checkSession(settings: SshdSettings): Verdict | null {
  if (list(settings, 'maxsessions')[0] === '0') {
    return error(
      'sshd-no-sessions',
      'MaxSessions 0 in sshd_config allows no session',
      'operator',
      'raise MaxSessions in sshd_config, then systemctl restart ssh',
    );
  }
  const forced = list(settings, 'forcecommand')[0] ?? 'none';
  if (forced === 'none')
    return list(settings, 'permittty')[0] === 'no'
      ? warning(
          'sshd-no-terminal',
          'sshd gives the user no terminal (PermitTTY no), so that a shell has no prompt',
          'operator',
          'remove PermitTTY from sshd_config or from its Match block, unless it is intended; then systemctl restart ssh',
        )
      : null;
  const judge = OPENS_NO_SHELL.test(forced) ? error : warning;
  return judge(
    'sshd-forced-command',
    `sshd runs ${forced} for the user instead of a shell (ForceCommand)`,
    'operator',
    'remove ForceCommand from sshd_config or from its Match block, unless it is intended; then systemctl restart ssh',
  );
}

/** What ends at once. */
const OPENS_NO_SHELL = /(?:^|\/)(?:false|nologin)$/;

/** What sshd may take of a key of that type (ssh-keygen -Q key-sig). */
const ALGORITHMS: ReadonlyMap<string, readonly string[]> = new Map([
  ['ssh-rsa', ['rsa-sha2-256', 'rsa-sha2-512', 'ssh-rsa']],
  ['sk-ssh-ed25519@openssh.com', ['sk-ssh-ed25519@openssh.com']],
  [
    'sk-ecdsa-sha2-nistp256@openssh.com',
    ['sk-ecdsa-sha2-nistp256@openssh.com', 'webauthn-sk-ecdsa-sha2-nistp256@openssh.com'],
  ],
]);

/** @param types of the keys that the user may log in with; null: sshd accepts one of them, or none is known. */
export function checkAlgorithms(settings: SshdSettings, types: readonly string[]): Verdict | null {
  const accepted = list(settings, 'pubkeyacceptedalgorithms').flatMap((value) => value.split(','));
  if (accepted.length === 0 || types.length === 0) return null;
  const isAccepted = (type: string): boolean =>
    (ALGORITHMS.get(type) ?? [type]).some((algorithm) => accepted.includes(algorithm));
  if (types.some(isAccepted)) return null;
  return error(
    'sshd-algorithms',
    `PubkeyAcceptedAlgorithms in sshd_config accepts none of the user’s keys (${[...new Set(types)].join(', ')})`,
    'operator',
    'add that kind of key to it, then systemctl restart ssh; or have the user make a key of another kind',
  );
}
