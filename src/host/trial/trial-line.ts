// The line of a trial key as sshd(8) reads it (AUTHORIZED_KEYS FILE FORMAT), and the file of known hosts beside it.
import { renderExpiry } from '../../policy/keys/key-file.ts';
import { runProgram } from '../probes/run-program.ts';
import { readSshdFacts } from '../sshd/sshd-program.ts';
import { TRIAL_SECONDS } from './trial-file.ts';
import { listOwnAddresses } from './trial-target.ts';

/** The name of this node in the known_hosts file of a trial. */
export const HOST_ALIAS = 'sunk-agent-trial';

export interface TrialLine {
  readonly root: string;
  /** Where sshd may see the connection come from, beside this node's own addresses. */
  readonly addresses: readonly string[];
  /** What the key forces through the user's shell. */
  readonly command: string;
  readonly publicKey: string;
}

/** `restrict` allows neither terminal nor forwarding; the key expires by sshd's clock. */
export async function renderTrialLine({ root, addresses, command, publicKey }: TrialLine): Promise<string> {
  const until = Math.floor(Date.now() / 1000) + TRIAL_SECONDS;
  const { expiry } = await readSshdFacts(root);
  const expiresAt = expiry.zulu ? renderExpiry(until, expiry) : await sayLocalTime(until);
  const from = listOwnAddresses(addresses).join(',');
  return `restrict,from="${from}",command="${command}",expiry-time="${expiresAt}" ${publicKey} trial`;
}

/** @param hostKeys `type base64`. */
export function renderKnownHosts(hostKeys: readonly string[]): string {
  return hostKeys.map((one) => `${HOST_ALIAS} ${one}\n`).join('');
}

/** As sshd before 9.1 reads it, by date(1), which has the system's own time zone. */
async function sayLocalTime(at: number): Promise<string> {
  const { stdout } = await runProgram('date', ['+%Y%m%d%H%M%S', '-d', `@${at}`], { environment: {} });
  return stdout.trim();
}
