// Refusals of the policy that leave a user without an account, each with its owner and its fix.
import type { Refusal } from '../../../policy/model.ts';
import type { PersonFacts } from '../facts.ts';
import { error, type Owner, type Verdict } from '../verdict.ts';
import { sayRebind } from './say-rebind.ts';

/** Refusals that deny no login. */
const HARMLESS = /^(?:key-|shell-refused|uid-kept|gid-kept|home-kept|rename-kept)/;

/** The refusal because of which there is no enabled account; null: there is none. */
export function findAccountRefusal({ commonRefusals, refusals, desired }: PersonFacts): Refusal | null {
  if (desired !== null && desired.disabled === null) return null;
  return [...commonRefusals, ...refusals].find(({ code }) => !HARMLESS.test(code)) ?? null;
}

/** The verdict's code is `account-` and the refusal's. */
export function explainRefusal(
  { code, detail }: Refusal,
  { record, successions }: Pick<PersonFacts, 'record' | 'successions'>,
): Verdict {
  const succession = successions.find(({ kind, to }) => kind === 'account' && to === record.id);
  if (succession !== undefined) {
    const gone = `the ledger binds ${succession.name} to ${succession.from}, which the store no longer has as an active user`;
    return error(`account-${code}`, `${detail}; ${gone}`, 'operator', sayRebind(succession));
  }
  const owner: Owner = BY_PROVIDER.test(code) ? 'provider' : 'operator';
  return error(
    `account-${code}`,
    detail,
    owner,
    fixFor(code, detail) ?? 'decide which of the two claims must change, then run sunk-agent sync',
  );
}

/** With the name that another service has, where the fix is a command. */
function fixFor(code: string, detail: string): string | undefined {
  const [, name] = / knows (\S+) with the uid /.exec(detail) ?? [];
  return FIXES[code]?.replaceAll('NAME', name ?? 'NAME');
}

/** What an operator does about a home that is not safe to log in to. */
export function fixHome(code: string): string {
  return FIXES[code] ?? 'correct that, then run sunk-agent sync';
}

const BY_PROVIDER =
  /^(?:name-(?:missing|characters|plus|start|length)|uid-(?:missing|range)|gid-missing|home-p)/;

const FIXES: Readonly<Record<string, string>> = {
  'name-missing': 'map a user name for the user',
  'name-characters': 'give the user a userName of plain letters and digits',
  'name-length': 'give the user a shorter userName',
  'name-start': 'give the user a userName that starts with a letter',
  'name-plus': 'give the user a userName without a plus sign',
  'name-domain': 'if users of that domain may have accounts, add it to accounts.domains',
  'name-local': 'rename or remove the local account, or have the user renamed at the store',
  'name-in-use':
    'if that entry belongs to an account that no longer exists, remove it; else have the user renamed at the store',
  'name-elsewhere':
    'if it is the same person: getent passwd NAME >/run/NAME.passwd; sunk-agent import /run/NAME.passwd --keep-uids --apply; sunk-agent sync; else have the user renamed at the store',
  'uid-elsewhere':
    'if it is the same person, import the account (sunk-agent import); else have the uid changed at the store',
  'nss-unavailable': 'start that service again, or name it in nss.unasked; then run sunk-agent sync',
  'nss-must-resolve':
    'find out why that account no longer resolves: getent passwd ACCOUNT; then run sunk-agent sync',
  'home-other-owner':
    'find out whose files these are, and move them away; chown them only after you have read them',
  'home-no-directory': 'move it away, or replace it by the directory itself; then run sunk-agent sync',
  'home-not-examined': 'check that its file system is mounted, and who owns it; then run sunk-agent sync',
  'home-open-parent':
    'let root alone write to each directory above it (chown root, chmod go-w), or set the sticky bit (chmod +t); then run sunk-agent sync',
  'name-reserved': 'have the user renamed at the store',
  'uid-missing':
    'map the attribute of the uid (scim.attributes.uid), or have the operator set accounts.ids: derived',
  'uid-range': 'give the user a uid within accounts.id_range',
  'uid-local': 'change the uid of the local account, or have the uid of the user changed at the store',
  'uid-in-use': 'remove that entry, or have the uid of the user changed at the store',
  'published-differs':
    'to keep what the node has: sunk-agent import /etc/passwd.cache --keep-uids --apply; else have the store changed',
  'marked-differs':
    'if its uid was changed manually, change it back: usermod -u UID NAME; else import the account (sunk-agent import --local NAME --apply) or remove it',
};
