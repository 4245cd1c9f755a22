// config.yaml to Config: one strict schema, the only home of defaults; every description becomes the man page.
import { readFileSync } from 'node:fs';
import { type Document, LineCounter, isMap, isNode, isPair, parseDocument } from 'yaml';
import * as z from 'zod';
import { AgentError } from './errors.ts';

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86400 } as const;

/** `90s`, `5m`, `2h`, `7d` to seconds. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = /^([0-9]{1,6})([smhd])$/.exec(text) ?? [];
  if (amount === undefined) return null;
  return Number(amount) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS];
}

const duration = z.string().transform((text, context) => {
  const seconds = parseDuration(text);
  if (seconds !== null && seconds > 0) return seconds;
  context.addIssue({ code: 'custom', message: 'a duration such as 30s, 5m, 2h or 7d' });
  return z.NEVER;
});

const rate = z.string().transform((text, context) => {
  const [, amount, unit] = /^([0-9]{1,6})\/([smh])$/.exec(text) ?? [];
  if (amount !== undefined && Number(amount) > 0) {
    return Number(amount) / UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS];
  }
  context.addIssue({ code: 'custom', message: 'a rate such as 5/s or 60/m' });
  return z.NEVER;
});

const share = z.number().gt(0).max(1);
const count = z.int().min(0);
const posixId = z.int().min(1000).max(2147483646);
const posixName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,30}$/, 'a POSIX name: a letter, then letters, digits, - or _');
const absolutePath = z
  .string()
  .regex(/^\/(?!.*\/\.{1,2}(\/|$))[^\0\n:]*$/, 'an absolute path without . or ..');
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

const scim = z.strictObject({
  base_url: baseUrl.describe(
    'The SCIM Base URL shown on SCIM Configuration, without a path below the organisation.',
  ),
  tokens: z
    .array(token)
    .min(1)
    .default([{ credential: 'scim-token' }])
    .describe('Where the bearer tokens are, in the order in which they are tried; a 401 tries the next.'),
  users: query.prefault({}).describe('What is asked of /Users.'),
  groups: query.prefault({}).describe('What is asked of /Groups.'),
  announce: z
    .boolean()
    .default(false)
    .describe(
      'Whether each request tells this node’s name and the hash of its snapshot (Sunk-Agent-Snapshot), for a store that shows where nodes differ.',
    ),
  budget: rate
    .prefault('5/s')
    .describe('Requests to the store, on average; the poll interval stretches to keep it.'),
  ca_file: absolutePath
    .nullable()
    .default(null)
    .describe('Further certificate authorities (PEM), re-read when the file changes.'),
  attributes: z
    .strictObject({
      ssh_keys: attributePath
        .default('urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser:sunkSshKeys')
        .describe('SSH public keys.'),
      username: attributePath.default('userName').describe('What the POSIX name is made from.'),
      uid: attributePath
        .nullable()
        .default('urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser:uid')
        .describe('The numeric user id.'),
      gid: attributePath
        .nullable()
        .default(null)
        .describe('The primary group id; null gives everybody the marker group.'),
      home: attributePath.nullable().default(null).describe('The home folder; null uses accounts.home.'),
      shell: attributePath.nullable().default(null).describe('The login shell; null uses accounts.shell.'),
      group_name: attributePath.default('displayName').describe('The name of a group.'),
      group_gid: attributePath
        .nullable()
        .default('urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveGroup:gid')
        .describe('The numeric group id.'),
    })
    .prefault({})
    .describe('Where this store keeps each fact: attribute paths, extension URNs included.'),
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
        .describe('Bytes in one pass.'),
      pages: z.int().min(1).default(10_000).describe('Pages in one list.'),
      depth: z.int().min(4).max(100).default(20).describe('Nesting of an answer’s JSON.'),
      request: duration
        .prefault('30s')
        .describe('One request, from the first byte sent to the last received.'),
      pass: duration.prefault('10m').describe('One pass.'),
    })
    .prefault({})
    .describe('What is too much; an answer beyond it fails the pass and names the bound.'),
});

const groupReference = z.strictObject({
  name: z.string().min(1).describe('The exact name at the store; case counts.'),
  id: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Its SCIM id; once pinned, another group of that name grants nothing.'),
});

const access = z.strictObject({
  groups: z
    .array(groupReference)
    .default([])
    .describe('Whose members may log in; an empty list lets in nobody.'),
  sudo_groups: z.array(groupReference).default([]).describe('Whose members may run sudo without a password.'),
  users: z
    .array(z.string())
    .default([])
    .describe('If not empty, only these userNames (a personal login pod).'),
});

const accounts = z.strictObject({
  backend: z
    .enum(['local', 'nsscache', 'published'])
    .default('local')
    .describe(
      'local: the node’s own files. nsscache: files that libnss-cache reads, for many nodes. published: accounts are another node’s to write in that way; homes, keys, sessions and sudo are this one’s.',
    ),
  nsscache_dir: absolutePath
    .default('/var/lib/sunk-agent/nsscache')
    .describe('Where the nsscache backend publishes, and published reads; see THE NSSCACHE BACKEND.'),
  ids: z.enum(['attribute', 'derived']).default('attribute').describe('Where uids and gids come from.'),
  id_range: z
    .tuple([posixId, posixId])
    .refine(([low, high]) => low <= high, 'the lower bound first')
    .default([10000, 59999])
    .describe('Ids outside of it are refused.'),
  domains: z
    .array(z.string().min(1))
    .default([])
    .describe('Mail domains whose local part may become a POSIX name.'),
  rename: z
    .enum(['keep', 'apply'])
    .default('keep')
    .describe('What a new userName does to an existing account.'),
  primary_group: posixName
    .default('sunk-users')
    .describe('The marker group: every managed account is in it.'),
  primary_gid: posixId.default(9999).describe('Its gid, the same on every node.'),
  groups: z
    .array(z.string().min(1))
    .default([])
    .describe('Patterns (* and ?) of further SCIM groups to make on the node.'),
  home: absolutePath.default('/home/%u').describe('The home folder; %u is the POSIX name.'),
  home_prefixes: z
    .array(absolutePath)
    .default(['/home', '/mnt/home'])
    .describe('Homes that the store names must lie below one of these.'),
  homes: z
    .enum(['create', 'never'])
    .default('create')
    .describe('Whether a missing home is made from /etc/skel.'),
  shell: absolutePath.default('/bin/bash').describe('The login shell; must be in /etc/shells.'),
  retention: duration.prefault('90d').describe('How long a closed account keeps its line.'),
});

const keys = z.strictObject({
  serve: z
    .enum(['command', 'file'])
    .default('command')
    .describe('sshd asks our helper, or reads our folder itself.'),
  user_files: z
    .enum(['ignore', 'allow'])
    .default('ignore')
    .describe('Whether ~/.ssh/authorized_keys counts as well.'),
  max_age: z
    .union([z.literal('never').transform(() => null), duration])
    .prefault('7d')
    .describe('A key that the store has not confirmed for so long stops working.'),
  types: z
    .array(z.string().min(1))
    .default(['ssh-ed25519', 'ecdsa-sha2-*', 'sk-*', 'ssh-rsa'])
    .describe('Key types (patterns) that are accepted.'),
  rsa_bits: z.int().min(2048).max(16384).default(3072).describe('The shortest RSA key.'),
  per_user: z.int().min(1).max(1000).default(50).describe('Keys a user at most.'),
  blocked: z
    .array(z.string().startsWith('SHA256:'))
    .default([])
    .describe('Fingerprints that are never accepted.'),
});

const LISTEN = 'a loopback address and a port, such as 127.0.0.1:9911 or [::1]:9911';

const override = z
  .strictObject({
    id: z.string().optional().describe('The person’s SCIM id ...'),
    name: z.string().optional().describe('... or userName.'),
    block: z.literal(true).optional().describe('May not log in, whatever the store says.'),
    uid: posixId.optional().describe('Has this uid.'),
    add_key: z.string().optional().describe('May also log in with this public key.'),
  })
  .refine((entry) => (entry.id === undefined) !== (entry.name === undefined), 'either id or name');

const limits = z.strictObject({
  max_loss: z
    .strictObject({
      share: share.default(0.1).describe('Share of what exists.'),
      at_least: count.default(3).describe('So many may always go.'),
      at_most: count.default(100).describe('More than so many never go unasked.'),
      window: duration.prefault('24h').describe('The sliding time over which losses add up.'),
    })
    .prefault({})
    .describe('Losses past either limit are held; one person never trips it.'),
  max_gain: z
    .strictObject({
      sudo: count.default(3).describe('New members of sudo groups.'),
      replaced_keys: share.default(0.1).describe('Share of people whose keys are all replaced.'),
      window: duration.prefault('24h').describe('The sliding time over which gains add up.'),
    })
    .prefault({})
    .describe('Gains past the limit are held.'),
  hold: duration
    .prefault('1h')
    .describe('How long explicit deactivations beyond the limit wait before they act.'),
  absences: z
    .int()
    .min(1)
    .default(2)
    .describe('Complete passes without a record before its absence counts unconfirmed.'),
});

/** The whole configuration; `z.toJSONSchema` of it is the source of sunk-agent.yaml(5). */
export const configSchema = z.strictObject({
  mode: z
    .enum(['enforce', 'observe'])
    .default('enforce')
    .describe('observe plans and reports, and changes nothing.'),
  scim: scim.describe('The store.'),
  access: access.prefault({}).describe('Who may log in.'),
  accounts: accounts.prefault({}).describe('What an account looks like.'),
  keys: keys.prefault({}).describe('Which SSH keys count, and for how long.'),
  overrides: z.array(override).default([]).describe('For the day the identity provider is wrong.'),
  sync: z
    .strictObject({
      poll: z.string().default('*/30 * * * * *').describe('When to look for changes (cron, with seconds).'),
      full: z.string().default('0 * * * *').describe('When to read everything (cron).'),
    })
    .prefault({})
    .describe('The schedule; each host adds a jitter of its own.'),
  limits: limits.prefault({}).describe('What is too much at once.'),
  offboarding: z
    .strictObject({
      hook: absolutePath
        .nullable()
        .default(null)
        .describe(
          'A program run, as root, for each account that is closed (sunk-agent hook, in sunk-agent(8)).',
        ),
      hook_timeout: duration.prefault('30s').describe('Its time limit.'),
    })
    .prefault({})
    .describe('What else happens when somebody leaves.'),
  metrics: z
    .strictObject({
      listen: z
        .string()
        .regex(/^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost):(?:[1-9]\d{0,4})$/, LISTEN)
        .refine((text) => Number(text.split(':').at(-1)) < 65_536, LISTEN)
        .nullable()
        .default(null)
        .describe('A loopback address:port where the reader serves /metrics to Prometheus.'),
      textfile: absolutePath
        .nullable()
        .default(null)
        .describe('A file for node_exporter’s textfile collector.'),
    })
    .prefault({})
    .describe('Metrics; off by default.'),
});

export type Config = z.output<typeof configSchema>;
export type GroupReference = Config['access']['groups'][number];
export type TokenSource = Config['scim']['tokens'][number];

/**
 * Reads and checks the configuration.
 * @throws AgentError config_missing or config_invalid, naming file, line, key and what was expected.
 */
export function loadConfig(file: string): Config {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AgentError('config_missing', `cannot read the configuration ${file}`, { cause });
  }
  return parseConfig(text, file);
}

/** The same for a text already read; `file` is only for messages. */
export function parseConfig(text: string, file: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const [syntax] = document.errors;
  if (syntax !== undefined) {
    const { line } = lines.linePos(syntax.pos[0]);
    throw new AgentError(
      'config_invalid',
      `${file}:${line}: not YAML: ${syntax.message.split('\n')[0] ?? ''}`,
    );
  }
  const parsed = configSchema.safeParse(plainValue(document, file));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => {
    const path = issue.path.map(String);
    const key = issue.code === 'unrecognized_keys' ? [...path, issue.keys[0] ?? ''] : path;
    const offset = offsetOf(document.contents, key);
    const line = offset === null ? '' : `:${lines.linePos(offset).line}`;
    const what = issue.code === 'unrecognized_keys' ? 'no such key' : issue.message;
    return `${file}${line}: ${key.join('.') || '(top level)'}: ${what}`;
  });
  throw new AgentError('config_invalid', issues.slice(0, 5).join('; '));
}

/** Aliases are refused: a few lines of them can stand for gigabytes. */
function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 }) ?? {};
  } catch (cause) {
    throw new AgentError('config_invalid', `${file}: anchors and aliases (&, *) are not supported`, {
      cause,
    });
  }
}

/** Where the deepest existing node on `path` starts, to turn a schema path into a line. */
function offsetOf(contents: unknown, path: readonly string[]): number | null {
  let node = contents;
  let offset: number | null = null;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && String(item.key) === step);
      if (pair === undefined) break;
      if (isNode(pair.key) && pair.key.range) offset = pair.key.range[0];
      node = pair.value;
    } else if (isNode(node) && 'items' in node && Array.isArray(node.items)) {
      node = node.items[Number(step)];
      if (isNode(node) && node.range) offset = node.range[0];
    } else break;
  }
  return offset;
}
