// A Unix socket that its owner alone may connect to, from its first moment on.
import type { Server } from 'node:net';

/** The mask of this process is another one for no longer than the call: what is written beside it has its own rights. */
export function listenPrivately(server: Server, socket: string, onListening: () => void = () => {}): void {
  const before = process.umask(0o177);
  try {
    // Node binds before it returns, and reports by events.
    server.listen(socket, onListening);
  } finally {
    process.umask(before);
  }
}
