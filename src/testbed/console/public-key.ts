// An SSH public key as a person pastes it: its type, its comment and the fingerprint that ssh-keygen -l shows.
import { createHash } from 'node:crypto';

export interface PublicKey {
  readonly type: string;
  /** `SHA256:...` */
  readonly fingerprint: string;
  readonly comment: string;
}

const TYPES =
  /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/;

/** Reads one line `TYPE BASE64 [COMMENT]` (sshd(8), AUTHORIZED_KEYS, without options); null if it is none. */
export function readPublicKey(line: string): PublicKey | null {
  const [type = '', base64 = '', ...comment] = line.trim().split(/\s+/);
  if (!TYPES.test(type) || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return null;
  const blob = Buffer.from(base64, 'base64');
  // The blob begins with its own type (RFC 4253 section 6.6): what says otherwise was put together by hand.
  const length = blob.length < 4 ? 0 : blob.readUInt32BE(0);
  if (blob.subarray(4, 4 + length).toString('latin1') !== type || blob.length <= 4 + length) return null;
  const digest = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
  return { type, fingerprint: `SHA256:${digest}`, comment: comment.join(' ') };
}
