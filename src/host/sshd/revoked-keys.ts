// Whether the keys of a user are among those that sshd refuses (RevokedKeys, sshd_config(5)): a trial has a key of its own.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { listFingerprints } from '../../policy/keys/key-file-lines.ts';
import { runProgram } from '../probes/run-program.ts';
import type { SshdFinding, SshdSettings } from './sshd-findings.ts';

export const KEY_REVOKED = 'sshd-key-revoked';

/** ssh-keygen(1), KEY REVOCATION LISTS; what begins otherwise is a list of public keys, one a line. */
const KRL_MAGIC = 'SSHKRL\n';

/** null: one of the keys is not revoked, or there is no such list. @param keyFile text of the file that the helper prints. */
export async function findRevoked(
  settings: SshdSettings | null,
  root: string,
  keyFile: string,
): Promise<SshdFinding | null> {
  const named = settings?.get('revokedkeys')?.[0] ?? 'none';
  const keys = listFingerprints(keyFile);
  if (named === 'none' || keys.length === 0) return null;
  const file = path.join(root, named);
  let list: string;
  try {
    list = readFileSync(file, 'latin1');
  } catch {
    // A finding of its own: sshd refuses every key then.
    return null;
  }
  const isRevoked = list.startsWith(KRL_MAGIC) ? await askKrl(file, keyFile) : areAllListed(list, keys);
  if (!isRevoked) return null;
  const detail = `RevokedKeys of sshd (${named}) lists each key of the user (${keys.join(', ')})`;
  return { code: KEY_REVOKED, breaksLogin: false, detail };
}

/** Pure. */
export function areAllListed(list: string, fingerprints: readonly string[]): boolean {
  const listed = new Set(listFingerprints(list));
  return fingerprints.every((one) => listed.has(one));
}

/** ssh-keygen(1) ends with a status other than 0 if a key is revoked, so each is asked for alone. */
async function askKrl(krl: string, keyFile: string): Promise<boolean> {
  const directory = mkdtempSync(path.join(tmpdir(), 'sunk-agent-revoked-'));
  try {
    const key = path.join(directory, 'key');
    for (const line of keyFile.split('\n').filter((one) => listFingerprints(one).length > 0)) {
      writeFileSync(key, `${line.slice(line.search(/(?:ssh|ecdsa|sk)-\S+ AAAA/))}\n`, { mode: 0o600 });
      const { stdout } = await runProgram('ssh-keygen', ['-Q', '-f', krl, key]);
      if (!/: REVOKED$/m.test(stdout)) return false;
    }
    return true;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
