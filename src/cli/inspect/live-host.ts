// `status --host`: the host's facts as they are now, of the same disks that the pass looks at.
import { findPeople } from '../../host/probes/host-load-watch.ts';
import { showHost, type Status } from '../../agent/report/status.ts';
import { probeLoad } from '../../host/probes/host-load.ts';
import { AgentError } from '../../common/errors.ts';
import type { Paths } from '../../common/paths.ts';

/** Who is active only root learns, to whom alone the mirror belongs. @param now epoch seconds. */
export async function lookNow(
  { host }: Status,
  paths: Paths,
  now: number,
): Promise<NonNullable<Status['host']>> {
  const folders = host === null ? [paths.state] : host.disks.map(({ path }) => path);
  return showHost(await probeLoad(folders, await readPeople(paths), now));
}

async function readPeople(paths: Paths): Promise<ReadonlyMap<number, string> | null> {
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
    // A mirror that cannot be read is doctor's matter.
    if (error instanceof AgentError) return null;
    throw error;
  }
}
