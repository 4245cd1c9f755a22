// Signs and verifies in the format of OpenSSH, with ssh-keygen(1) itself: a follower has that and no other cryptography.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../common/errors.ts';

const SSH_KEYGEN = 'ssh-keygen';
const TIMEOUT_MS = 10_000;
const KEY_HINT = 'the key must be without a passphrase, and only its owner may read it (mode 0600 or 0400)';

/**
 * The signature of a text, armored as in PROTOCOL.sshsig.
 * @param key file of a private key without a passphrase, or of a public key whose private half ssh-agent(1) has.
 * @param text latin1.
 * @throws AgentError refused
 */
export function signText(key: string, namespace: string, text: string): string {
  demandKey(key);
  try {
    return execFileSync(SSH_KEYGEN, ['-q', '-Y', 'sign', '-f', key, '-n', namespace], {
      input: Buffer.from(text, 'latin1'),
      encoding: 'latin1',
      timeout: TIMEOUT_MS,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  } catch (cause) {
    throw new AgentError('refused', `ssh-keygen cannot sign with ${key}${sayWhy(cause)}`, {
      hint: KEY_HINT,
    });
  }
}

/** @throws AgentError refused: there is no key. */
export function demandKey(key: string): void {
  if (existsSync(key)) return;
  throw new AgentError('refused', `there is no signing key ${key}`, {
    hint: `make it: ssh-keygen -t ed25519 -N '' -C sunk-agent -f ${key}`,
  });
}

/**
 * Whether one of the allowed signers has signed the text for this purpose.
 * @param allowed lines of an allowed signers file (ssh-keygen(1), ALLOWED SIGNERS).
 * @param scratch a directory that only this user writes; for the files that ssh-keygen wants.
 */
export function isSignedBy(
  {
    allowed,
    principal,
    namespace,
  }: { readonly allowed: string; readonly principal: string; readonly namespace: string },
  { text, signature }: { readonly text: string; readonly signature: string },
  scratch: string,
): boolean {
  const directory = mkdtempSync(path.join(scratch, 'verify-'));
  try {
    const files = { allowed: path.join(directory, 'allowed'), signature: path.join(directory, 'signature') };
    writeFileSync(files.allowed, allowed, 'latin1');
    writeFileSync(files.signature, signature, 'latin1');
    execFileSync(
      SSH_KEYGEN,
      ['-q', '-Y', 'verify', '-f', files.allowed, '-I', principal, '-n', namespace, '-s', files.signature],
      { input: Buffer.from(text, 'latin1'), timeout: TIMEOUT_MS, stdio: ['pipe', 'ignore', 'pipe'] },
    );
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'status' in cause && typeof cause.status === 'number') return false;
    throw cause;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * The public key of a private one, as a line of an allowed signers file needs it: type and base64.
 * @throws AgentError refused: ssh-keygen does not read it, also because others could.
 */
export function readPublicKey(key: string): string {
  try {
    const line = execFileSync(SSH_KEYGEN, ['-y', '-f', key], {
      encoding: 'latin1',
      timeout: TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return line.trim().split(' ').slice(0, 2).join(' ');
  } catch (cause) {
    throw new AgentError('refused', `ssh-keygen cannot read ${key}${sayWhy(cause)}`, { hint: KEY_HINT });
  }
}

/** The last line that ssh-keygen said, without its name. */
function sayWhy(cause: unknown): string {
  const said =
    cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim().split('\n').at(-1) : '';
  return said === undefined || said === '' ? '' : `: ${said}`;
}
