// How an answer travels when the connection itself is at fault: late, slowly, in part, or not at all.
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendReply, type Reply } from '../exchange.ts';
import type { ActiveFault } from './faults.ts';

/**
 * Sends the reply as the faults have it.
 * @param now epoch milliseconds, for the `Date` header of a clock that is off.
 */
export async function sendWithFaults(
  response: ServerResponse,
  reply: Reply,
  method: string,
  strikes: readonly ActiveFault[],
  now: number,
): Promise<void> {
  let sent = reply;
  for (const { fault } of strikes) {
    if (fault.kind === 'delay') await sleep(fault.ms, undefined, { ref: false });
    if (fault.kind === 'clock') {
      const date = new Date(now + fault.seconds * 1000).toUTCString();
      sent = { ...sent, headers: { ...sent.headers, date } };
    }
  }
  if (strikes.some(({ fault }) => fault.kind === 'reset')) {
    response.socket?.resetAndDestroy();
    return;
  }
  for (const { fault } of strikes) {
    if (fault.kind === 'cut') return cut(response, sent, fault.share);
    if (fault.kind === 'drip') return drip(response, sent, fault.ms);
  }
  sendReply(response, sent, method);
}

/** Promises the whole body and ends the connection after a share of it. */
function cut(response: ServerResponse, reply: Reply, share: number): void {
  const body = Buffer.from(reply.body ?? '');
  response.writeHead(reply.status, { ...reply.headers, 'content-length': String(body.length) });
  response.write(body.subarray(0, Math.floor(body.length * share)), () => response.socket?.destroy());
}

/** Sends the body in twenty parts, spread over the time. */
async function drip(response: ServerResponse, reply: Reply, ms: number): Promise<void> {
  const body = Buffer.from(reply.body ?? '');
  response.writeHead(reply.status, { ...reply.headers, 'content-length': String(body.length) });
  const part = Math.ceil(body.length / 20) || 1;
  for (let from = 0; from < body.length && !response.destroyed; from += part) {
    response.write(body.subarray(from, from + part));
    await sleep(ms / 20, undefined, { ref: false });
  }
  response.end();
}
