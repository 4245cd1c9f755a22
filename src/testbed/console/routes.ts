// The table of pages and actions, and who may have which.
import { showClusters } from './pages/clusters-page.ts';
import { attachPolicies, showGroup } from './pages/group-page.ts';
import { changeGroup, confirmDeletion, createGroup, deleteGroup, showGroups } from './pages/groups-page.ts';
import { showLoginNodes } from './pages/login-nodes-page.ts';
import { showProvisioningLog } from './pages/provisioning-log-page.ts';
import { showTestResult } from './pages/saml-test-page.ts';
import { deploySso, dismissCandidate, saveMetadata, showSamlSso } from './pages/saml-sso-page.ts';
import {
  changeSwitch,
  confirmRevocation,
  createToken,
  revokeToken,
  showScimConfiguration,
} from './pages/scim-configuration-page.ts';
import { showOverview } from './pages/overview-page.ts';
import { showAccount, showUser } from './pages/user-page.ts';
import { addKey, confirmRemoval, removeKey } from './pages/user-keys.ts';
import { showUsers } from './pages/users-page.ts';
import type { Act, ShowPage, Visitor } from './visit.ts';

/** Below the console's path; `*` is the id of a resource. */
const PAGES: Readonly<Record<string, ShowPage>> = {
  overview: showOverview,
  'saml-sso': showSamlSso,
  'saml-sso/test': showSamlSso,
  'saml-sso/tested': showTestResult,
  'scim-configuration': showScimConfiguration,
  'scim-configuration/revoke': confirmRevocation,
  users: showUsers,
  'users/*': showUser,
  'users/*/keys/remove': confirmRemoval,
  groups: showGroups,
  'groups/delete': confirmDeletion,
  'groups/*': showGroup,
  clusters: showClusters,
  'provisioning-log': showProvisioningLog,
  'login-nodes': showLoginNodes,
  account: showAccount,
  'account/keys/remove': (visit, _ids, query) => confirmRemoval(visit, [visit.visitor.userId ?? ''], query),
};

const ACTIONS: Readonly<Record<string, Act>> = {
  'saml-sso/metadata': saveMetadata,
  'saml-sso/deploy': deploySso,
  'saml-sso/dismiss': dismissCandidate,
  'scim-configuration/switch': changeSwitch,
  'scim-configuration/tokens': createToken,
  'scim-configuration/revoke': revokeToken,
  'groups/create': createGroup,
  'groups/change': changeGroup,
  'groups/delete': deleteGroup,
  'groups/*/policies': attachPolicies,
  'users/*/keys/add': addKey,
  'users/*/keys/remove': removeKey,
  'account/keys/add': (visit, _ids, fields) => addKey(visit, [visit.visitor.userId ?? ''], fields),
  'account/keys/remove': (visit, _ids, fields) => removeKey(visit, [visit.visitor.userId ?? ''], fields),
};

/** What is for every user who is signed in; a guest has *Clusters* alone. */
const FOR_ALL = { user: /^(clusters|account)(\/|$)/, guest: /^clusters$/, local: /^clusters$/ } as const;

export type Route =
  | { readonly show: ShowPage; readonly act: null; readonly ids: readonly string[] }
  | { readonly show: null; readonly act: Act; readonly ids: readonly string[] };

/** The page (GET) or action (POST) of a path; null if there is none. */
export function findRoute(
  method: string,
  segments: readonly string[],
  visitor: Visitor,
): Route | 'forbidden' | null {
  const path = segments.join('/');
  if (!visitor.isAdministrator && !FOR_ALL[visitor.kind].test(path)) return 'forbidden';
  if (method === 'GET') {
    const found = lookUp(PAGES, segments);
    return found === null ? null : { show: found.value, act: null, ids: found.ids };
  }
  const found = method === 'POST' ? lookUp(ACTIONS, segments) : null;
  return found === null ? null : { show: null, act: found.value, ids: found.ids };
}

/** The path itself comes before one with a resource's id in its second place. */
function lookUp<T>(
  table: Readonly<Record<string, T>>,
  segments: readonly string[],
): { value: T; ids: readonly string[] } | null {
  const own = segments.join('/');
  if (Object.hasOwn(table, own)) return { value: table[own] as T, ids: [] };
  const [first = '', id, ...rest] = segments;
  const pattern = [first, '*', ...rest].join('/');
  if (id === undefined || !Object.hasOwn(table, pattern)) return null;
  return { value: table[pattern] as T, ids: [id] };
}
