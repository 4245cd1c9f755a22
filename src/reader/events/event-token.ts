// Reads which resource a security event token is about (RFC 9967 section 2, RFC 8417); nothing else in it is used.
import { getProperty, isObject } from '../../protocol/attribute-path.ts';
import type { ChangeNotice } from '../../protocol/messages.ts';

export interface Announcement {
  readonly resource: ChangeNotice['resources'][number];
  /** A delta never lists a deleted resource, so its name is kept. */
  readonly isDeletion: boolean;
}

const MAX_TOKEN = 64 * 1024;

/**
 * The signature is not verified: whatever a token says, the reader then asks the store itself.
 * @returns null where it names no User or Group.
 */
export function readAnnouncement(token: unknown): Announcement | null {
  if (typeof token !== 'string' || token.length > MAX_TOKEN) return null;
  const claims = parseClaims(token.split('.')[1] ?? '');
  const subject = isObject(claims) ? getProperty(claims, 'sub_id') : undefined;
  const uri = isObject(subject) ? getProperty(subject, 'uri') : undefined;
  const events = isObject(claims) ? getProperty(claims, 'events') : undefined;
  const [, kind, encoded] = /(?:^|\/)(User|Group)s\/([^/?#]{1,768})$/.exec(String(uri)) ?? [];
  const id = decode(encoded ?? '');
  if (kind === undefined || id === '') return null;
  return {
    resource: { kind: kind === 'User' ? 'User' : 'Group', id },
    isDeletion: isObject(events) && Object.keys(events).some((name) => /:delete$/i.test(name)),
  };
}

function parseClaims(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
