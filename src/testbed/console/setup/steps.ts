// The way from nothing to a login, in five steps: the state of each, and what to do next.
import type { Workspace } from '../../workspace.ts';
import { keysOf } from '../keys.ts';
import { isActive, pushedKeysOf } from '../people.ts';

export interface SetupStep {
  readonly title: string;
  readonly state: 'done' | 'next' | 'later';
  /** How it stands, in a sentence. */
  readonly words: string;
  /** What to do, where it is not done. */
  readonly next: string;
  /** Path below the console of the page on which it is done. */
  readonly page: string;
  /** ISO time of the last sign of life; null: there was none. */
  readonly last: string | null;
}

type Finding = Omit<SetupStep, 'state'> & { readonly isDone: boolean };

/** The first that is not done is the next; those after it come later. */
export function listSetupSteps(workspace: Workspace): readonly SetupStep[] {
  const findings = [sso, scim, firstPush, key, loginNode].map((find) => find(workspace));
  const next = findings.findIndex(({ isDone }) => !isDone);
  return findings.map(({ isDone, ...step }, index) => ({
    ...step,
    state: isDone ? 'done' : index === next ? 'next' : 'later',
  }));
}

function sso({ sso, settings }: Workspace): Finding {
  const state = sso.state();
  const step = { title: 'SAML SSO', page: '/saml-sso', last: state?.tested?.at ?? null };
  if (state === null) {
    return settings.ssoDeployed
      ? {
          ...step,
          isDone: true,
          words: 'Counts as deployed: this testbed was started ready for provisioning.',
          next: '',
        }
      : {
          ...step,
          isDone: false,
          words: 'Not configured.',
          next: 'Choose Configure SAML, and enter the Metadata URL of the identity provider.',
        };
  }
  if (!state.isDeployed)
    return {
      ...step,
      isDone: false,
      words: `Configured for ${state.provider.entityId}.`,
      next: 'Choose Deploy SSO.',
    };
  const words =
    state.tested === null
      ? 'Deployed. No one has signed in yet: choose Test in the identity provider.'
      : `Deployed. The last sign-in was that of ${state.tested.email}.`;
  return { ...step, isDone: true, words, next: '' };
}

function scim({ settings, tokens }: Workspace): Finding {
  const token = tokens.list().find(({ role }) => role === 'provisioning');
  const step = { title: 'SCIM', page: '/scim-configuration', last: token?.lastUsed ?? null };
  if (!settings.enableScimApi)
    return { ...step, isDone: false, words: 'The SCIM API is off.', next: 'Switch on Enable SCIM API.' };
  if (!settings.enableAutomatedUserProvisioning)
    return {
      ...step,
      isDone: false,
      words: 'Automated User Provisioning is off.',
      next: 'Switch on Enable Automated User Provisioning.',
    };
  if (token === undefined)
    return {
      ...step,
      isDone: false,
      words: 'There is no token for the identity provider.',
      next: 'Create a token with the role provisioning, and copy it: it is shown once.',
    };
  return { ...step, isDone: true, words: `On, with the token ${token.name}.`, next: '' };
}

function firstPush({ organisation, tokens }: Workspace): Finding {
  const [users, groups] = [organisation.users.size(), organisation.groups.size()];
  const isUsed = tokens.list().some(({ role, lastUsed }) => role === 'provisioning' && lastUsed !== null);
  const newest = organisation.users.list().reduce((latest, { modified }) => Math.max(latest, modified), 0);
  return {
    title: 'First push',
    page: users === 0 ? '/provisioning-log' : '/users',
    last: newest === 0 ? null : new Date(newest).toISOString(),
    isDone: users > 0,
    words:
      users === 0
        ? isUsed
          ? 'The identity provider is connected, but has pushed no user.'
          : 'The identity provider has not connected yet.'
        : `${users} ${users === 1 ? 'user' : 'users'} and ${groups} ${groups === 1 ? 'group' : 'groups'}.`,
    next: isUsed
      ? 'Assign users and groups to the application, and set its Provisioning Status to On.'
      : 'Enter the SCIM Base URL as Tenant URL and the token as Secret token, choose Test connection, then Create.',
  };
}

function key({ organisation }: Workspace): Finding {
  const active = organisation.users.list().filter(isActive);
  const having = active.filter((user) => pushedKeysOf(user).length + user.consoleKeys.length > 0);
  // To judge all keys of thousands of users takes a second; one that is accepted is enough here.
  const accepted = having.find((user) => keysOf(user).some(({ reading }) => reading.ok));
  const words =
    having.length === 0
      ? 'No user has an SSH key.'
      : accepted === undefined
        ? `${having.length} of ${active.length} active users have keys, but login nodes accept none of them.`
        : `${having.length} of ${active.length} active users have an SSH key.`;
  return {
    title: 'SSH key',
    page: '/users',
    last: null,
    isDone: accepted !== undefined,
    words,
    next: 'Map the extension attribute sunkSshKeys in the identity provider; or a user adds a key under My SSH keys.',
  };
}

function loginNode({ settings, tokens, readers }: Workspace): Finding {
  const polls = readers.list();
  const good = polls.filter(({ status }) => status < 400);
  const last =
    polls
      .map(({ lastPoll }) => lastPoll)
      .sort()
      .at(-1) ?? null;
  const step = { title: 'Login node', page: '/login-nodes', last };
  if (!settings.enableSunkUserProvisioning)
    return {
      ...step,
      page: '/scim-configuration',
      isDone: false,
      words: 'SUNK User Provisioning is off: login nodes may read nothing.',
      next: 'Switch on Enable SUNK User Provisioning.',
    };
  if (good.length > 0)
    return {
      ...step,
      isDone: true,
      words: good.length === 1 ? 'One login node polls.' : `${good.length} login nodes poll.`,
      next: '',
    };
  if (!tokens.list().some(({ role }) => role === 'read-only'))
    return {
      ...step,
      page: '/scim-configuration',
      isDone: false,
      words: 'There is no token for login nodes.',
      next: 'Create a token with the role read-only.',
    };
  return {
    ...step,
    isDone: false,
    words: polls.length === 0 ? 'No login node has polled.' : 'Login nodes poll, but are refused.',
    next: 'Run sunk-agent init on the login node with the SCIM Base URL and the read-only token.',
  };
}
