// The fields of an account's lines in passwd(5) and shadow(5).
import { DISABLED_DAY } from '../../plan/actual.ts';
import type { PasswdEntry } from '../../policy/posix.ts';
import { encodeField } from './passwd-format.ts';

/** Index of the expiry day in shadow(5). */
export const EXPIRY = 7;
/** The expiry day of a disabled account, which sshd honours with UsePAM no as well. */
export const DISABLED_FIELD = String(DISABLED_DAY);

export function renderPasswd({ name, uid, gid, gecos, dir, shell }: PasswdEntry): string[] {
  return [name, 'x', String(uid), String(gid), encodeField(gecos), encodeField(dir), shell];
}

/** `*`: no password ever matches, and keys work; a leading `!` would lock the account in sshd without PAM. */
export function newShadow(name: string, today: number): string[] {
  return [name, '*', String(today), '0', '99999', '7', '', '', ''];
}

/** Sets the expiry day; fills up a line that is too short, which the shadow tools would call malformed. */
export function withExpiry(fields: readonly string[], day: string): string[] {
  return Array.from({ length: Math.max(9, fields.length) }, (_, index) =>
    index === EXPIRY ? day : (fields[index] ?? ''),
  );
}
