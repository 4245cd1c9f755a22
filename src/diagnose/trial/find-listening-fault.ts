// What is wrong with where sshd listens, asked of this node: its sockets, its addresses, and who answers as SSH.
import { listSockets } from '../../host/trial/listeners.ts';
import { listAddresses } from '../../host/trial/own-addresses.ts';
import { locateKeywords } from '../../host/sshd/locate-keywords.ts';
import { listSshdFiles } from '../../host/sshd/config-files.ts';
import { findServing, judgeListening, listConfigured } from '../../host/sshd/listening.ts';
import type { SshdFinding, SshdSettings } from '../../host/sshd/sshd-findings.ts';
import { findListener } from './find-listener.ts';

/** Of the running node alone. @param settings null: sshd does not print them, which is a finding of its own. */
export async function findListeningFault(settings: SshdSettings | null): Promise<SshdFinding[]> {
  if (settings === null) return [];
  const configured = listConfigured(settings);
  const serving = findServing(configured, listSockets());
  // systemd's socket, or an sshd that was started otherwise, may have another one.
  const other = serving.length === 0 ? await findListener([]) : null;
  const { files } = await listSshdFiles('/');
  const at = (await locateKeywords('/', files)).get('listenaddress');
  const finding = judgeListening(
    configured,
    other === null ? serving : [other],
    listAddresses(),
    at === undefined ? '' : ` (${at})`,
  );
  return finding === null ? [] : [finding];
}
