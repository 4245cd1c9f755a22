// `metrics` and `canary`: how monitoring sees whether a node works.
import * as z from 'zod';
import { absolutePath, duration } from './types.ts';

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

/** Seconds. sshd's penalties (PerSourcePenalties) for a login that fails are over by then. */
const SHORTEST = 10;

export const canary = z.strictObject({
  every: z
    .union([
      z.literal('never').transform(() => null),
      duration.refine((seconds) => seconds >= SHORTEST, `at least ${SHORTEST}s`),
    ])
    .prefault('5m')
    .describe(
      'How often a login of sunk-canary is tried on this node, for the first line of sunk-agent status; never: nothing proves that a login works.',
    ),
});
