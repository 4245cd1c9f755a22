// A reader for the length of one command.
import { openReader, type Reader } from './reader-client.ts';
import { spawnReader } from './spawn-reader.ts';
import type { NodeContext } from '../node-context.ts';
import { findReaderUser } from './reader-user.ts';

/** Starts a reader, lets `work` use it, and ends it whatever happens. */
export async function withReader<T>(place: NodeContext, work: (reader: Reader) => Promise<T>): Promise<T> {
  const user = findReaderUser(place.paths.root, place.log);
  const { child, stream } = spawnReader({ config: place.configFile, root: place.paths.root, user });
  const reader = openReader(stream);
  try {
    return await work(reader);
  } finally {
    reader.close();
    child.kill('SIGTERM');
  }
}
