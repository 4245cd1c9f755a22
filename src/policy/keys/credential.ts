// From accepted keys to credentials.
import type { AcceptedKey, Credential } from '../model.ts';

/**
 * The accepted keys of one record, until that instant.
 * @param source the record's SCIM id.
 * @param expiresAt epoch seconds; null: without an expiry.
 */
export function issueCredentials(
  keys: readonly AcceptedKey[],
  source: string,
  expiresAt: number | null,
): Credential[] {
  return keys.map(({ type, base64, fingerprint }) => ({ type, base64, fingerprint, expiresAt, source }));
}
