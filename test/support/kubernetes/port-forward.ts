// A port of this machine as 127.0.0.1 of a network namespace has it: a pod reaches a server that this process runs.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { LoginNode } from '../nodes/node.ts';

/** Through a socket in the file system, which both sides see. */
const FORWARDER = `
const { connect, createServer } = require('node:net');
const [socket, port] = process.argv.slice(1);
createServer((near) => {
  const far = connect(socket);
  for (const one of [near, far]) one.on('error', () => { near.destroy(); far.destroy(); });
  near.pipe(far).pipe(near);
}).listen(Number(port), '127.0.0.1', () => console.log('listening'));`;

/**
 * @param socket a path for it, not there yet.
 * @returns ends it.
 */
export async function forwardPort(node: LoginNode, port: number, socket: string): Promise<() => void> {
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const one of [near, far])
      one.on('error', () => {
        near.destroy();
        far.destroy();
      });
    near.pipe(far).pipe(near);
  }).listen(socket);
  await once(server, 'listening');
  const child = node.startInNetwork([process.execPath, '--eval', FORWARDER, socket, String(port)]);
  if (child.stdout === null) throw new Error('the forwarder has no output');
  await once(child.stdout, 'data');
  return () => {
    child.kill('SIGKILL');
    server.close();
  };
}
