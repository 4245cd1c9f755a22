// The text of config.yaml with its comments: the example that the package installs, and what `sunk-agent init` writes.

export interface PinnedGroup {
  readonly name: string;
  /** SCIM id. */
  readonly id: string;
}

export interface ConfigChoices {
  readonly mode: 'enforce' | 'observe';
  /** null: not known yet; nothing runs. */
  readonly baseUrl: string | null;
  readonly groups: readonly PinnedGroup[];
  readonly sudoGroups: readonly PinnedGroup[];
  readonly domains: readonly string[];
  /** Paths that differ from the defaults, by their key of scim.attributes. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** The configuration of a fresh installation: it grants no access and changes nothing. */
export const EXAMPLE: ConfigChoices = {
  mode: 'observe',
  baseUrl: null,
  groups: [],
  sudoGroups: [],
  domains: [],
  attributes: {},
};

/** The whole file; every text is quoted, so that no name can become a key. */
export function renderConfig(choices: ConfigChoices): string {
  const baseUrl =
    choices.baseUrl === null
      ? '# base_url: https://api.coreweave.com/scim/ORGANISATION'
      : `base_url: ${quote(choices.baseUrl)}`;
  return `# Configuration of sunk-agent; sunk-agent.yaml(5) explains every key and its default.
#
# \`sunk-agent init\` asks for the store, its token and the groups, and writes this file; nothing runs until
# scim.base_url is set. The bearer token lies in /etc/sunk-agent/credentials/scim-token (root:sunk-reader, mode 0640).
# After a change: check \`sunk-agent plan\`, then systemctl restart sunk-agent sunk-agent-reader

# observe: plan and report, and change nothing on this node. enforce: apply the plan.
mode: ${choices.mode}

scim:
  # The SCIM Base URL, from SCIM Configuration in the console.
  ${baseUrl}${renderAttributes(choices.attributes)}

access:
  # Groups whose members may log in: the exact name in the store, and the SCIM id, so that no other group of that name
  # counts. Without a group, no one may log in.
  ${renderGroups('groups', choices.groups)}
  # Groups whose members may use sudo without a password.
  ${renderGroups('sudo_groups', choices.sudoGroups)}

accounts:
  # Mail domains whose local part may become a user name.
  domains: [${choices.domains.map(quote).join(', ')}]
  home: /home/%u
`;
}

function renderAttributes(attributes: ConfigChoices['attributes']): string {
  const lines = Object.entries(attributes).map(([key, path]) => `    ${key}: ${quote(path)}`);
  return lines.length === 0
    ? ''
    : `\n  # What this store has under paths of its own.\n  attributes:\n${lines.join('\n')}`;
}

function renderGroups(key: string, groups: readonly PinnedGroup[]): string {
  if (groups.length === 0) return `${key}: []\n  #  - name: slurm-users`;
  const lines = groups.map(({ name, id }) => `    - { name: ${quote(name)}, id: ${quote(id)} }`);
  return [`${key}:`, ...lines].join('\n');
}

/** A JSON string is a double-quoted scalar of YAML 1.2 (section 1.3 of the standard). */
function quote(text: string): string {
  return JSON.stringify(text);
}
