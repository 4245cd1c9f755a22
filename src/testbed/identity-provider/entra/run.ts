// What a cycle and a provisioning on demand work with: the directory, the client and the form of the requests.
import type { Directory } from '../directory.ts';
import { followRenames } from '../renames.ts';
import { createIdpClient, type IdpClient, type LogLine } from '../idp-client.ts';

const USER_AGENT = 'entra-emulator (like Microsoft.Azure.Provisioning)';

export interface Run {
  readonly directory: Directory;
  readonly client: IdpClient;
  readonly isCompliant: boolean;
  /** No watermark: everything is matched by name again, and every membership sent again. */
  readonly isInitial: boolean;
  readonly log: LogLine[];
}

/** A run that has done nothing yet. */
export function openRun(directory: Directory): Run {
  followRenames(directory);
  const isInitial = directory.application.watermark === null;
  return { directory, ...openClient(directory), isInitial, log: [] };
}

/** @returns the client of the tenant URL, and the form that the URL chooses. */
export function openClient(directory: Directory): Pick<Run, 'client' | 'isCompliant'> {
  const { tenant_url: url, secret_token: token } = directory.application;
  const [baseUrl = '', query = ''] = url.split('?', 2);
  return {
    client: createIdpClient(baseUrl.replace(/\/+$/, ''), token, USER_AGENT),
    isCompliant: query.includes('aadOptscim062020'),
  };
}

/** Whether an id belongs to another object here: its name may have been free only since this cycle. */
export function isAnothers(ids: Readonly<Record<string, string>>, objectId: string, id: string): boolean {
  return Object.entries(ids).some(([other, taken]) => other !== objectId && taken === id);
}
