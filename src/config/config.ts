// config.yaml to Config: one strict schema, the only home of defaults; every description becomes the man page.
import { readFileSync } from 'node:fs';
import { type Document, LineCounter, isMap, isNode, isPair, parseDocument } from 'yaml';
import * as z from 'zod';
import { access } from './access.ts';
import { accounts, isPublisher } from './accounts.ts';
import { audit } from './audit.ts';
import { keys } from './keys.ts';
import { limits } from './limits.ts';
import { canary, metrics } from './monitoring.ts';
import { nss } from './nss.ts';
import { offboarding } from './offboarding.ts';
import { override } from './overrides.ts';
import { publish } from './publish.ts';
import { scim } from './scim.ts';
import { slurm } from './slurm.ts';
import { sync } from './sync.ts';
import { AgentError } from '../common/errors.ts';
import { pathsUnder } from '../common/paths.ts';
import { isSystemError, toSystemError } from '../common/system-error.ts';

/** The whole configuration; `z.toJSONSchema` of it is the source of sunk-agent.yaml(5). */
export const configSchema = z.strictObject({
  mode: z
    .enum(['enforce', 'observe'])
    .default('enforce')
    .describe('observe plans and reports, and changes nothing.'),
  scim: scim.describe('The store.'),
  access: access.prefault({}).describe('Who may log in.'),
  accounts: accounts.prefault({}).describe('What an account looks like.'),
  keys: keys.prefault({}).describe('Which SSH keys are accepted, and for how long.'),
  overrides: z.array(override).default([]).describe('For the day the identity provider is wrong.'),
  sync: sync
    .prefault({})
    .describe(
      'The schedule; each node adds a jitter of its own, also when it restarts with a state database.',
    ),
  nss: nss.prefault({}).describe('Other name services of the node.'),
  limits: limits.prefault({}).describe('The limits of the guard.'),
  offboarding: offboarding.prefault({}).describe('What else happens when a user loses access.'),
  audit: audit.prefault({}).describe('Events for monitoring, and how long the history is kept.'),
  canary: canary.prefault({}).describe('Trial logins that prove that a login works.'),
  publish: publish.prefault({}).describe('Signed generations for the pods of a cluster.'),
  slurm: slurm.prefault({}).describe('Accounts and associations of Slurm; off by default.'),
  metrics: metrics.prefault({}).describe('Metrics; off by default.'),
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
    // sunk-agent init writes no file of another name.
    const isAnother =
      isSystemError(cause) && cause.code === 'ENOENT' && !file.endsWith(pathsUnder('/').config);
    if (isAnother)
      throw new AgentError('config_missing', `there is no file ${file}`, { hint: 'check its name' });
    throw toSystemError('config_missing', `cannot read the configuration ${file}`, cause);
  }
  return parseConfig(text, file);
}

/** The same for a text that is already read; `file` is used in messages only. */
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
  if (parsed.success) return settle(parsed.data, file);
  const issues = parsed.error.issues.map((issue) => {
    const path = issue.path.map(String);
    const key = issue.code === 'unrecognized_keys' ? [...path, issue.keys[0] ?? ''] : path;
    const offset = offsetOf(document.contents, key);
    const line = offset === null ? '' : `:${lines.linePos(offset).line}`;
    const what = issue.code === 'unrecognized_keys' ? 'no such key' : issue.message;
    return `${file}${line}: ${key.join('.') || '(top level)'}: ${what}`;
  });
  // The file that the package installs names no store yet.
  const isFresh =
    !document.hasIn(['scim', 'base_url']) && parsed.error.issues.every(({ path }) => path[0] === 'scim');
  const hint = isFresh ? { hint: 'run sunk-agent init, which writes it' } : {};
  throw new AgentError('config_invalid', issues.slice(0, 5).join('; '), hint);
}

/** A publisher has no accounts of its own, so whether it makes homes is a question of its own. */
function settle(config: Config, file: string): Config {
  const { accounts: given, publish: publisher } = config;
  if (publisher.secrets !== null && !isPublisher(given))
    throw new AgentError(
      'config_invalid',
      `${file}: publish.secrets: only accounts.backend publish or nsscache has something to fill them with`,
    );
  return given.backend === 'publish' ? { ...config, accounts: { ...given, homes: publisher.homes } } : config;
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
