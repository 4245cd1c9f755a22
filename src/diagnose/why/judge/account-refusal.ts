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
    FIXES[code] ?? 'decide which of the two claims gives way, then run sunk-agent sync',
  );
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
    'if what stands there is of an account that is gone, remove it; else have the user renamed at the store',
  'name-elsewhere':
    'if it is the same person, import the account (sunk-agent import); else have the user renamed at the store',
  'uid-elsewhere':
    'if it is the same person, import the account (sunk-agent import); else have the uid changed at the store',
  'nss-unavailable': 'bring that service back, or name it in nss.unasked; then run sunk-agent sync',
  'nss-must-resolve': 'see why that account does not resolve any more; then run sunk-agent sync',
  'home-other-owner':
    'find out whose files these are, and move them away; chown them only after you have read them',
  'home-no-directory': 'move it away, or put the directory itself in its place; then run sunk-agent sync',
  'home-not-examined': 'see whether its file system is mounted and who owns it; then run sunk-agent sync',
  'home-open-parent':
    'let root alone write to each directory above it (chown root, chmod go-w), or set the sticky bit (chmod +t); then run sunk-agent sync',
  'name-reserved': 'have the user renamed at the store',
  'uid-missing':
    'map the attribute of the uid (scim.attributes.uid), or the operator sets accounts.ids: derived',
  'uid-range': 'give the user a uid within accounts.id_range',
  'uid-local': 'change the uid of the local account, or have the uid of the user changed at the store',
  'uid-in-use': 'remove what stands there, or have the uid of the user changed at the store',
  'published-differs':
    'sunk-agent import /etc/passwd.cache --keep-uids keeps what the node has; or have the store changed',
  'marked-differs': 'import that account, or remove it: sunk-agent import',
};
