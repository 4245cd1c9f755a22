// What one testbed holds: the SCIM service, the admin address and the console all work on it.
import { createFaults, type Faults } from './faults/faults.ts';
import { createPolicyGroups, type PolicyGroups } from './policy-groups.ts';
import {
  createOrganisation,
  type Organisation,
  type OrganisationOptions,
} from './protocol/resources/organisation.ts';
import { createReaders, type Readers } from './readers.ts';
import { createRequestLog, type RequestLog } from './request-log.ts';
import { createSso, type Sso } from './saml/sso.ts';
import { seedOrganisation } from './seed.ts';
import { NEW_ORGANISATION, settingsSchema, type Settings } from './settings.ts';
import type { SavedState } from './state-file.ts';
import { createTokens, type Tokens } from './tokens.ts';

export interface Workspace {
  readonly organisation: Organisation;
  readonly tokens: Tokens;
  readonly log: RequestLog;
  readonly faults: Faults;
  readonly policyGroups: PolicyGroups;
  readonly readers: Readers;
  readonly sso: Sso;
  settings: Settings;
}

export interface WorkspaceOptions extends Omit<OrganisationOptions, 'rules'> {
  /** Text of the provisioning token; made up by default. */
  readonly token?: string;
  /** Nothing is switched on and there is no token: the guide begins at its first step. */
  readonly isNew?: boolean;
  /** Switches that are not as they are by default. */
  readonly settings?: Partial<Settings>;
  readonly seedUsers?: number;
  readonly seedGroups?: number;
}

/** The texts of the tokens that are there from the start; empty where there is none, or none whose text is known. */
export interface FirstTokens {
  readonly token: string;
  readonly readToken: string;
}

/**
 * @param consoleUrl where the console is.
 * @param saved what an earlier run left, in place of what the options say.
 */
export function createWorkspace(
  options: WorkspaceOptions,
  consoleUrl: string,
  saved: SavedState | null,
): { workspace: Workspace; first: FirstTokens } {
  const now = options.now ?? Date.now;
  const policyGroups = createPolicyGroups();
  const organisation = createOrganisation({
    ...options,
    rules: {
      isNameTaken: (name) => workspace.settings.legacyDefaultGroups && policyGroups.isTaken(name),
      isDepartmentMapped: () => workspace.settings.departmentStopsGroups,
    },
    storesPrivateKeys: () => workspace.settings.storesPrivateKeys,
  });
  const workspace: Workspace = {
    organisation,
    tokens: createTokens(now),
    log: createRequestLog(now),
    faults: createFaults(),
    policyGroups,
    readers: createReaders(now),
    sso: createSso(consoleUrl, now),
    settings: settingsSchema.parse({ ...(options.isNew === true && NEW_ORGANISATION), ...options.settings }),
  };
  organisation.onChange(({ kind, id, act }) => {
    if (kind === 'Group' && act === 'delete') policyGroups.attach(id, []);
  });
  if (saved !== null) restoreWorkspace(workspace, saved);
  const first = issueFirstTokens(workspace.tokens, options, saved !== null);
  seedOrganisation(organisation, { users: options.seedUsers ?? 0, groups: options.seedGroups ?? 0 });
  return { workspace, first };
}

function issueFirstTokens(
  tokens: Tokens,
  { token: text, isNew = false }: WorkspaceOptions,
  isRestored: boolean,
): FirstTokens {
  if (!isNew && !isRestored) {
    const token = tokens.issue('provisioning', 'provisioning', text);
    return { token, readToken: tokens.issue('login-nodes', 'read-only') };
  }
  if (text === undefined) return { token: '', readToken: '' };
  tokens.revoke('provisioning');
  return { token: tokens.issue('provisioning', 'provisioning', text), readToken: '' };
}

function restoreWorkspace(workspace: Workspace, saved: SavedState): void {
  workspace.settings = saved.settings;
  workspace.tokens.restore(saved.tokens);
  workspace.policyGroups.restore(saved.policyGroups);
  workspace.sso.restore(saved.sso);
  workspace.organisation.restore(saved.organisation);
}

/** Everything that survives a restart: not the log, the faults and who is signed in. */
export function dumpWorkspace(workspace: Workspace, org: string): SavedState {
  return {
    version: 1,
    org,
    settings: workspace.settings,
    tokens: workspace.tokens.dump(),
    policyGroups: workspace.policyGroups.dump(),
    sso: workspace.sso.state(),
    organisation: workspace.organisation.dump(),
  };
}
