// The table of the admin center's pages and actions, by the last part of the path.
import { showAppRegistration, showAppRegistrations } from './app-registrations-page.ts';
import { assign, showAddAssignment, showAssignments, unassign } from './assignment-page.ts';
import {
  addMapping,
  deleteMapping,
  discardMappings,
  saveMappings,
  showGroupMappings,
  showMappings,
  showNewMapping,
  showUserMappings,
} from './attribute-mapping-page.ts';
import {
  createOwnApplication,
  showCreateApplication,
  showEnterpriseApps,
  showGallery,
  showOverview,
} from './enterprise-apps-page.ts';
import { addGroup, changeMembers, deleteGroup, renameGroup, showGroup, showGroups } from './groups-page.ts';
import {
  changeStatus,
  connect,
  restart,
  showConnectivity,
  showProvisioning,
  startNow,
} from './provisioning-page.ts';
import { provision, showLogs, showOnDemand } from './provisioning-runs-page.ts';
import {
  deleteClaim,
  saveBasicSaml,
  saveCertificates,
  saveClaim,
  showBasicSaml,
  showCertificates,
  showClaim,
  showClaims,
} from './saml/saml-edit-pages.ts';
import { addGroupClause, deleteGroupClause, saveUserScope } from './scoping-filters.ts';
import { showSaml, showSingleSignOn, showTest, startTest } from './saml/single-sign-on-page.ts';
import { addUser, changeState, editUser, showUser, showUsers } from './users-page.ts';
import type { Act, ShowPage } from './visit.ts';

export const PAGES: Readonly<Record<string, ShowPage>> = {
  'enterprise-apps': showEnterpriseApps,
  'new-application': showGallery,
  'create-application': showCreateApplication,
  overview: showOverview,
  'app-registrations': showAppRegistrations,
  'app-registration': showAppRegistration,
  'users-and-groups': showAssignments,
  'add-assignment': showAddAssignment,
  'single-sign-on': showSingleSignOn,
  saml: showSaml,
  'basic-saml-configuration': showBasicSaml,
  claims: showClaims,
  claim: showClaim,
  'saml-certificates': showCertificates,
  'test-single-sign-on': showTest,
  provisioning: showProvisioning,
  connectivity: showConnectivity,
  'provision-on-demand': showOnDemand,
  'provisioning-logs': showLogs,
  'attribute-mapping': showMappings,
  'user-mappings': showUserMappings,
  'new-mapping': showNewMapping,
  'group-mappings': showGroupMappings,
  users: showUsers,
  user: showUser,
  groups: showGroups,
  group: showGroup,
};

export const ACTIONS: Readonly<Record<string, Act>> = {
  'create-application': createOwnApplication,
  'add-assignment': assign,
  'remove-assignment': unassign,
  'basic-saml-configuration': saveBasicSaml,
  claim: saveClaim,
  'delete-claim': deleteClaim,
  'saml-certificates': saveCertificates,
  'test-single-sign-on': startTest,
  connectivity: connect,
  'provisioning-status': changeStatus,
  'start-cycle': startNow,
  'restart-provisioning': restart,
  'provision-on-demand': provision,
  'new-mapping': addMapping,
  'delete-mapping': deleteMapping,
  'save-mappings': saveMappings,
  'discard-mappings': discardMappings,
  'user-scope': saveUserScope,
  'group-scope': addGroupClause,
  'delete-group-clause': deleteGroupClause,
  'new-user': addUser,
  'edit-user': editUser,
  'change-user': changeState,
  'new-group': addGroup,
  'add-member': (visit, fields) => changeMembers(visit, fields, 'add-member'),
  'remove-member': (visit, fields) => changeMembers(visit, fields, 'remove-member'),
  'rename-group': renameGroup,
  'delete-group': deleteGroup,
};
