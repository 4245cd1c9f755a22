// A reader for the length of one command.
import { openReader, type Reader } from './reader-client.ts';
import { spawnReader } from './spawn-reader.ts';
import type { NodeContext } from '../node-context.ts';
import { findReaderUser } from './reader-user.ts';

/** Starts a reader, lets `work` use it, and ends it whatever happens. */
export async function withReader<T>(node: NodeContext, work: (reader: Reader) => Promise<T>): Promise<T> {
  const user = findReaderUser(node.paths.root, node.log);
  const { child, stream } = spawnReader({ config: node.configFile, root: node.paths.root, user });
  const reader = openReader(stream, node.config.scim.bounds);
  try {
    return await work(reader);
  } finally {
    reader.close();
    child.kill('SIGTERM');
  }
}
