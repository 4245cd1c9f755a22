// From the nsscache block of a slurm chart's values to the values of the chart sunk-agent; pure.
import { parseDocument, stringify } from 'yaml';
import { AgentError } from '../../common/errors.ts';
import { isObject } from '../../protocol/attribute-path.ts';
import { type Ini, parseIni, parseQuery, toAttributePath } from './nsscache-config.ts';

export interface CarriedValues {
  /** YAML: values for the chart sunk-agent. */
  readonly text: string;
  /** What it does not carry over, a sentence each. */
  readonly left: readonly string[];
}

type Block = Readonly<Record<string, unknown>>;

/** Keys of the block that mean nothing for a publisher that stays. */
const WITHOUT_MEANING: ReadonlySet<string> = new Set([
  'enabled',
  'schedule',
  'concurrencyPolicy',
  'successfulJobsHistoryLimit',
  'failedJobsHistoryLimit',
  'suspend',
]);
const SAME_NAME = [
  'existingSecret',
  'imagePullSecrets',
  'tolerations',
  'nodeSelector',
  'affinity',
  'podSecurityContext',
];

/**
 * @param text a values file; the block is `nsscache` at its top level or below `slurm`.
 * @param file for messages.
 * @throws AgentError config_invalid
 */
export function carryValues(text: string, file: string): CarriedValues {
  const refuse = (message: string): never => {
    throw new AgentError('config_invalid', `${file}: ${message}`, {
      hint: 'give the values of the slurm chart: helm get values RELEASE -o yaml',
    });
  };
  const document = parseDocument(text);
  const [syntax] = document.errors;
  if (syntax !== undefined) return refuse(`not YAML: ${syntax.message.split('\n')[0] ?? ''}`);
  const block = findBlock(document.toJS({ maxAliasCount: 100 }));
  if (block === null) return refuse('there is no nsscache block');
  const { nsscacheConfig } = block;
  if (typeof nsscacheConfig !== 'string') return refuse('nsscache.nsscacheConfig is not a text');
  const ini = parseIni(nsscacheConfig);
  if ((ini.DEFAULT['source'] ?? 'scim') !== 'scim')
    return refuse(`source = ${ini.DEFAULT['source'] ?? ''}: only SCIM can be carried over`);
  const left: string[] = [];
  const values: Record<string, unknown> = {};
  for (const name of SAME_NAME) if (block[name] !== undefined) values[name] = block[name];
  if (typeof values['existingSecret'] !== 'string') {
    values['existingSecret'] = 'RELEASE-nsscache-scim-secret';
    left.push(
      'existingSecret is not set: put the name of the Secret with the key nsscache-scim-auth-token there',
    );
  }
  values['config'] = { mode: 'observe', ...carryConfig(ini, left) };
  carrySudo(block, values, left);
  for (const name of ['podMonitor', 'vmPodScrape']) {
    const monitor = block[name];
    if (isObject(monitor) && monitor['enabled'] === true) values[name] = { enabled: true };
  }
  values['secrets'] = { enabled: true };
  left.push(
    'secrets: the names of the Secrets that nsscache fills are not in these values: compare with kubectl get secrets',
  );
  for (const name of Object.keys(block)) {
    const isCarried = name in values || name === 'nsscacheConfig' || WITHOUT_MEANING.has(name);
    if (!isCarried && !['podMonitor', 'vmPodScrape'].includes(name))
      left.push(`nsscache.${name} is not carried over`);
  }
  return { text: stringify(values, { lineWidth: 120 }), left };
}

function findBlock(values: unknown): Block | null {
  if (!isObject(values)) return null;
  const { nsscache, slurm } = values;
  if (isObject(nsscache)) return nsscache;
  return isObject(slurm) && isObject(slurm['nsscache']) ? slurm['nsscache'] : null;
}

function carrySudo(block: Block, values: Record<string, unknown>, left: string[]): void {
  const groups = block['sudoGroups'];
  if (groups === undefined) return;
  if (Array.isArray(groups) && groups.every((one) => typeof one === 'string')) values['sudoGroups'] = groups;
  else left.push('nsscache.sudoGroups is not a list of names');
}

/** sunk-agent.yaml of nsscache.conf. */
function carryConfig({ DEFAULT: all, ...sections }: Ini, left: string[]): Record<string, unknown> {
  const { passwd = {}, group = {}, sshkey = {}, shadow = {} } = sections;
  const scim: Record<string, unknown> = { base_url: all['scim_base_url'] ?? '' };
  if (all['scim_base_url'] === undefined) left.push('scim_base_url is not set: put scim.base_url there');
  if (all['scim_auth_token'] !== undefined)
    left.push(
      'scim_auth_token is in the values: treat it as known, create a new token, and put it into the Secret',
    );
  for (const [key, usual] of [
    ['scim_users_endpoint', 'Users'],
    ['scim_groups_endpoint', 'Groups'],
  ] as const)
    if ((all[key] ?? usual).replaceAll('/', '') !== usual)
      left.push(`${key} = ${all[key] ?? ''}: only /${usual} is read`);
  if (/^(?:false|no|0|off)$/i.test(all['scim_verify_ssl'] ?? ''))
    left.push('scim_verify_ssl = false: certificates are always checked; set scim.ca_file');
  const seconds = Number(all['scim_timeout'] ?? '');
  const pages = Number(all['scim_max_cursor_pages'] ?? '');
  const bounds = {
    ...(Number.isInteger(seconds) && seconds > 0 ? { request: `${seconds}s` } : {}),
    ...(Number.isInteger(pages) && pages > 0 ? { pages } : {}),
  };
  if (Object.keys(bounds).length > 0) scim['bounds'] = bounds;
  const attributes = carryAttributes({ passwd, group, sshkey, shadow }, left);
  if (Object.keys(attributes).length > 0) scim['attributes'] = attributes;
  const users = carryUsers(all['scim_users_parameters'] ?? '', left);
  if (Object.keys(users.parameters).length > 0) scim['users'] = { parameters: users.parameters };
  left.push(
    'accounts.domains: nsscache takes a name up to its @, of any domain: list the domains whose people get an account',
  );
  const named = carryGroups(all['scim_groups_parameters'] ?? '', left);
  const home = passwd['scim_override_home_directory']?.replaceAll('%%u', '%u');
  const shell = passwd['scim_default_shell'];
  const further = named.filter((name) => !users.groups.includes(name));
  const accounts = {
    ...(further.length === 0 ? {} : { groups: further }),
    ...(home === undefined ? {} : { home, home_prefixes: [home.replace(/\/%u.*$/, '')] }),
    ...(shell === undefined ? {} : { shell }),
  };
  for (const key of Object.keys(shadow).filter((one) => one.startsWith('scim_shadow_default_')))
    left.push(`[shadow] ${key}: dates of passwords are not carried over, since no account has one`);
  listUnknown({ DEFAULT: all, passwd, group, sshkey }, left);
  return {
    scim,
    access: { groups: users.groups.map((name) => ({ name })) },
    ...(Object.keys(accounts).length === 0 ? {} : { accounts }),
  };
}

/** Paths that differ from the defaults are said by their key of scim.attributes. */
function carryAttributes(
  {
    passwd,
    group,
    sshkey,
    shadow,
  }: Readonly<Record<'passwd' | 'group' | 'sshkey' | 'shadow', Record<string, string>>>,
  left: string[],
): Record<string, string> {
  const paths: readonly (readonly [string, string | undefined])[] = [
    ['username', passwd['scim_path_username']],
    ['uid', passwd['scim_path_uid']],
    ['gid', passwd['scim_path_gid']],
    [
      'home',
      passwd['scim_override_home_directory'] === undefined ? passwd['scim_path_home_directory'] : undefined,
    ],
    ['shell', passwd['scim_path_login_shell']],
    ['ssh_keys', sshkey['scim_path_ssh_keys']],
    ['group_name', group['scim_path_groupname']],
    ['group_gid', group['scim_path_gid']],
  ];
  for (const [section, own] of [
    ['sshkey', sshkey],
    ['shadow', shadow],
    ['group', group],
  ] as const) {
    const name = own['scim_path_username'];
    if (name !== undefined && name !== passwd['scim_path_username'])
      left.push(`[${section}] scim_path_username = ${name}: a person has one name, that of [passwd]`);
  }
  return Object.fromEntries(
    paths.flatMap(([key, found]) =>
      found === undefined || found === '' ? [] : [[key, toAttributePath(found)]],
    ),
  );
}

function carryUsers(query: string, left: string[]): { groups: string[]; parameters: Record<string, string> } {
  const { groups = '', filter, cursor: _, ...parameters } = parseQuery(query);
  if (filter !== undefined)
    left.push(
      `scim_users_parameters filter=${filter}: the filter is dropped, since sunk-agent reads inactive users too, to tell them from those who are missing`,
    );
  const names = groups.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()]));
  if (names.length === 0)
    left.push('scim_users_parameters names no groups: access.groups is empty, so no one has access');
  return { groups: names, parameters };
}

/** The names of a filter like `displayName eq "a" or displayName eq "b"`. */
function carryGroups(query: string, left: string[]): string[] {
  const { filter = '', cursor: _, ...parameters } = parseQuery(query);
  for (const key of Object.keys(parameters)) left.push(`scim_groups_parameters ${key} is not carried over`);
  const names = [...filter.matchAll(/displayName\s+eq\s+"([^"]+)"/gi)].map(([, name = '']) => name);
  const rest = filter.replaceAll(/displayName\s+eq\s+"[^"]+"/gi, '').replaceAll(/\bor\b/gi, '');
  if (rest.trim() !== '')
    left.push(`scim_groups_parameters filter=${filter}: only names of groups are carried over`);
  return names;
}

/** What is read above; files, locks and retries of nsscache have no meaning here. */
const KNOWN: ReadonlySet<string> = new Set([
  'source',
  'cache',
  'maps',
  'timestamp_dir',
  'lockfile',
  'scim_base_url',
  'scim_auth_token',
  'scim_users_endpoint',
  'scim_groups_endpoint',
  'scim_users_parameters',
  'scim_groups_parameters',
  'scim_timeout',
  'scim_verify_ssl',
  'scim_max_cursor_pages',
  'scim_retry_delay',
  'scim_default_shell',
  'scim_override_home_directory',
  'scim_path_username',
  'scim_path_uid',
  'scim_path_gid',
  'scim_path_home_directory',
  'scim_path_login_shell',
  'scim_path_ssh_keys',
  'scim_path_groupname',
]);

function listUnknown(sections: Readonly<Record<string, Record<string, string>>>, left: string[]): void {
  for (const [section, entries] of Object.entries(sections))
    for (const key of Object.keys(entries))
      if (!KNOWN.has(key) && !key.startsWith('files_')) left.push(`[${section}] ${key} is not carried over`);
}
