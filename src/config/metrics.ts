// `metrics`: where Prometheus finds them.
import * as z from 'zod';
import { absolutePath } from './types.ts';

const LISTEN = 'a loopback address and a port, such as 127.0.0.1:9911 or [::1]:9911';

export const metrics = z.strictObject({
  listen: z
    .string()
    .regex(/^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost):(?:[1-9]\d{0,4})$/, LISTEN)
    .refine((text) => Number(text.split(':').at(-1)) < 65_536, LISTEN)
    .nullable()
    .default(null)
    .describe('A loopback address:port where the reader serves /metrics to Prometheus.'),
  pod_port: z
    .int()
    .min(1024)
    .max(65_535)
    .nullable()
    .default(null)
    .describe(
      'The same on all addresses of a pod, whose NetworkPolicy says who may ask, since the port answers everyone. Only where listen is not set.',
    ),
  textfile: absolutePath.nullable().default(null).describe('A file for node_exporter’s textfile collector.'),
});

/** Where the reader listens: `ADDRESS:PORT`, without an address for all of them; null: nowhere. */
export function readMetricsAddress({ listen, pod_port: port }: z.output<typeof metrics>): string | null {
  if (listen !== null) return listen;
  return port === null ? null : `:${port}`;
}
