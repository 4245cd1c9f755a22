// `scim`: the store, how it is queried, and which attribute has which value.
import * as z from 'zod';
import { absolutePath, duration, rate } from './types.ts';

const attributePath = z.string().min(1).max(500);

/** https, or http to this machine (RFC 7644 section 2 demands TLS). */
const baseUrl = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const loopback = url !== null && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && loopback))) {
    if (url.username === '' && url.password === '' && url.search === '' && url.hash === '')
      return text.replace(/\/+$/, '');
    context.addIssue({ code: 'custom', message: 'a URL without user, query or fragment' });
    return z.NEVER;
  }
  context.addIssue({
    code: 'custom',
    message: 'an https:// URL (http:// only to 127.0.0.1, [::1] or localhost)',
  });
  return z.NEVER;
});

const token = z.union([
  z.strictObject({
    credential: z
      .string()
      .regex(/^[a-zA-Z0-9_.-]+$/)
      .describe(
        'Name of a systemd credential; without systemd, a file of that name in /etc/sunk-agent/credentials.',
      ),
  }),
  z.strictObject({ file: absolutePath.describe('A file that holds the token and nothing else.') }),
]);

const query = z.strictObject({
  filter: z.string().nullable().default(null).describe('A SCIM filter, sent as it is.'),
  parameters: z
    .record(z.string(), z.string())
    .default({})
    .describe('Further query parameters, sent as they are.'),
});

export const scim = z.strictObject({
  base_url: baseUrl.describe(
    'The SCIM Base URL shown on SCIM Configuration, without a path below the organisation.',
  ),
  tokens: z
    .array(token)
    .min(1)
    .default([{ credential: 'scim-token' }])
    .describe(
      'Where the bearer tokens are, in the order in which they are tried; a 401 tries the next. A file that changes, or a Secret that is rotated in a pod, is read at once; a credential of systemd stays as it is while the unit runs: systemctl restart sunk-agent-reader.',
    ),
  users: query.prefault({}).describe('The query of /Users.'),
  groups: query.prefault({}).describe('The query of /Groups.'),
  announce: z
    .boolean()
    .default(false)
    .describe(
      'Whether each request carries this node’s name and the hash of its snapshot (Sunk-Agent-Snapshot), for a store that shows where nodes differ.',
    ),
  budget: rate
    .prefault('5/s')
    .describe('Average rate of requests to the store; the poll interval grows to keep it.'),
  max_wait: duration
    .prefault('10m')
    .describe(
      'Longest pause that the store may ask for (Retry-After); sunk-agent sync and SIGHUP ask at once, every 10 s at most.',
    ),
  ca_file: absolutePath
    .nullable()
    .default(null)
    .describe('Further certificate authorities (PEM), re-read when the file changes.'),
  attributes: z
    .strictObject({
      ssh_keys: attributePath
        .default('urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser:sunkSshKeys')
        .describe('SSH public keys.'),
      username: attributePath.default('userName').describe('The source of the POSIX name.'),
      uid: attributePath
        .nullable()
        .default('urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser:uid')
        .describe(
          'The numeric user id: a whole number in decimal digits, as a number (10004, also spelled 10004.0 or 1e4, which JSON does not tell apart) or as text ("10004"). Other text, such as "10 004", "10004.0", "1e4" or "007", puts the record into quarantine; empty text is no id.',
        ),
      gid: attributePath
        .nullable()
        .default(null)
        .describe('The primary group id; null gives each account the managed group.'),
      home: attributePath.nullable().default(null).describe('The home directory; null uses accounts.home.'),
      shell: attributePath.nullable().default(null).describe('The login shell; null uses accounts.shell.'),
      group_name: attributePath.default('displayName').describe('The name of a group.'),
      group_gid: attributePath
        .nullable()
        .default('urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveGroup:gid')
        .describe('The numeric group id, in the same forms.'),
    })
    .prefault({})
    .describe('The attribute path of each value in this store, extension URNs included.'),
  bounds: z
    .strictObject({
      page_bytes: z
        .int()
        .min(1024)
        .max(32 * 1024 * 1024)
        .default(16 * 1024 * 1024)
        .describe('Bytes in one answer.'),
      total_bytes: z
        .int()
        .min(1024)
        .default(1024 * 1024 * 1024)
        .describe('Bytes in one sync.'),
      pages: z.int().min(1).default(10_000).describe('Pages of one list.'),
      depth: z.int().min(4).max(100).default(20).describe('Nesting of an answer’s JSON.'),
      request: duration
        .prefault('30s')
        .describe('Time of one request, from the first byte sent to the last received.'),
      pass: duration.prefault('10m').describe('Time of one sync.'),
    })
    .prefault({})
    .describe(
      'Bounds of the store’s answers; an answer above one fails the sync, and the error names the bound.',
    ),
});
