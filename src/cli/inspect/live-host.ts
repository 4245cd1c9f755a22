// `status --host`: the facts of the host now, of the same disks as in the status of the last sync.
import { findPeople } from '../../host/probes/host-load-watch.ts';
import { showHost, type Status } from '../../agent/report/status.ts';
import { probeLoad } from '../../host/probes/host-load.ts';
import { AgentError } from '../../common/errors.ts';
import type { Paths } from '../../common/paths.ts';

/** Only root learns which users are active, since only root reads the state database. @param now epoch seconds. */
export async function probeNow(
  { host }: Status,
  paths: Paths,
  now: number,
): Promise<NonNullable<Status['host']>> {
  const directories = host === null ? [paths.state] : host.disks.map(({ path }) => path);
  return showHost(await probeLoad(directories, await readUsers(paths), now));
}

async function readUsers(paths: Paths): Promise<ReadonlyMap<number, string> | null> {
  if (paths.root !== '/' || process.geteuid?.() !== 0) return null;
  const { viewState } = await import('../../state/state.ts');
  try {
    const view = viewState(paths.state);
    try {
      return findPeople(paths.root, view);
    } finally {
      view.close();
    }
  } catch (error) {
    // doctor reports a state database that cannot be read.
    if (error instanceof AgentError) return null;
    throw error;
  }
}
