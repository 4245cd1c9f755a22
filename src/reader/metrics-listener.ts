// Serves the agent's metrics to Prometheus on a loopback address. The reader does it because the agent has no network.
import { createServer, type Server } from 'node:http';
import { describeError } from '../common/errors.ts';
import type { Logger } from '../common/log.ts';

export interface MetricsListener {
  /** The newest text; the first one opens the port. */
  show(text: string): void;
  close(): void;
}

/** The text format's media type (prometheus.io/docs/instrumenting/exposition_formats). */
const MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * A listener that is not open yet.
 * @param address `127.0.0.1:9911`, `[::1]:9911` or, for all addresses, `:9911`, as the configuration's schema has checked it.
 */
export function createMetricsListener(address: string, log: Logger): MetricsListener {
  let text = '';
  let server: Server | null = null;
  let lastFailure = '';

  function open(): void {
    const opened = createServer({ requestTimeout: 5000, headersTimeout: 5000 }, (request, response) => {
      request.resume();
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      const isThere = request.url === '/metrics';
      const status = !isThere ? 404 : !isRead ? 405 : 200;
      response.writeHead(status, {
        'content-type': MEDIA_TYPE,
        ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
      });
      response.end(status === 200 ? text : '');
    });
    opened.maxConnections = 16;
    opened.on('error', (error) => {
      // The next text tries again; the same failure is logged once.
      const failure = `cannot serve metrics on ${address}: ${describeError(error)}`;
      if (failure !== lastFailure) log.error(failure);
      lastFailure = failure;
      server = null;
    });
    opened.on('listening', () => {
      lastFailure = '';
      log.info(`metrics are served on http://${address}/metrics`);
    });
    const [, host = '', port = ''] = /^\[?([^\]]*)\]?:(\d+)$/.exec(address) ?? [];
    opened.listen(Number(port), host === '' ? undefined : host);
    opened.unref();
    server = opened;
  }

  return {
    show(newest) {
      text = newest;
      if (server === null) open();
    },
    close() {
      server?.close();
      server?.closeAllConnections();
    },
  };
}
