// The Entra emulator's commands: the guide's own steps, against any SCIM service.
import { UsageError, setGroupScope } from '../directory-verbs.ts';
import type { Directory } from '../directory.ts';
import { testConnection } from './cycle.ts';
import { consent, getUser, makeExtensionProperty, setKey } from './graph.ts';
import { writeGraphSteps } from './graph-requests.ts';
import { findSubject, provisionOnDemand, summarise } from './on-demand.ts';
import { startCycle, switchProvisioning } from './start-cycle.ts';
import { writeStatus } from './status.ts';
import { CycleFailure, makeCycleCommands, reportCycle, type Cycle, type Program } from '../idp-cli.ts';
import { writeSteps } from '../idp-report.ts';
import { changeMapping, writeEntraMappings } from '../mapping-verbs.ts';
import { createApplication } from '../sample-directory.ts';

const USAGE = `usage: npm run entra -- [--file directory.yaml] COMMAND

  init                                 write a small directory in the layout that the guide recommends
  application [create NAME]            the enterprise application with its ids; a new one in place of init's
  graph                                the Graph steps in the guide's order, each with its REST request
  graph connect SCOPE                  connect with a permission, with admin consent (also: graph consent)
  graph extension-property ID NAME     make the extension property, on the app registration's Object ID
  graph update-user EMAIL PROPERTY KEY put a key there, under the property's full name
  graph set-key EMAIL KEY              the same without the property's name
  graph get-user EMAIL                 show it, under the property's full name
  saml                                 Set up Single Sign-On with SAML; npm run idp serves the sign-in page
  saml identifier URL, saml reply-url URL
  saml claim NAME SOURCE               Attributes and Claims: user.givenname, user.surname, user.mail and others
  saml signing OPTION                  Signing Option: assertion, response, both, or the words of the page
  mapping                              Attribute Mapping: Direct, Match Yes or No, Always
  mapping delete ATTRIBUTE             the guide deletes department
  mapping add ATTRIBUTE PATH           Direct, Match No, Always; without PATH: that of the SSH keys
  credentials TENANT_URL SECRET_TOKEN  Admin Credentials; add ?aadOptscim062020 for the compliant form
  test-connection                      Test Connection
  assign NAME..., unassign NAME...     Users and groups
  scope [ATTRIBUTE=VALUE]              the scoping filter of users
  scope-groups [displayName=NAME, displayName!=NAME ...]
                                       the scoping filter of groups: all clauses must hold
  provisioning on, off, restart        Provisioning Status; on begins a cycle, restart an initial one
  cycle [--initial]                    one provisioning cycle, with its log; --initial: Restart provisioning
  provision NAME...                    Provision on demand: one user or group now, each step reported
  status                               the next cycle, quarantine with the next try (6, 12, 24 hours), recycle bin
  user add, set, disable, enable, delete, restore, purge UPN [ATTRIBUTE=VALUE...]
                                       delete: the recycle bin, for 30 days; purge: for good at once
  group add, add-member, remove-member, rename, dynamic, remove NAME ...
`;

export const ENTRA: Program = {
  name: 'entra',
  usage: USAGE,
  commands: {
    ...makeCycleCommands(runEntraCycle, testConnection),
    async provisioning(directory, [state], { keep }) {
      if (state !== 'on' && state !== 'off' && state !== 'restart')
        throw new UsageError('provisioning on, off or restart');
      const isStart = switchProvisioning(directory, state);
      const words = `Provisioning Status: ${directory.application.provisioning}\n`;
      if (!isStart) return words;
      const cycle = await runEntraCycle(directory, false);
      keep(cycle.sort, cycle.log);
      return reportCycle({ ...cycle, heading: words + cycle.heading }, directory);
    },
    'scope-groups'(directory, clauses) {
      setGroupScope(directory, clauses);
      return 'saved\n';
    },
    async provision(directory, names, { keep }) {
      if (names.length === 0) throw new UsageError('provision NAME...');
      const reports: string[] = [];
      let isWhole = true;
      // Every name is known before anything is sent.
      for (const name of names) findSubject(directory, name);
      for (const name of names) {
        const subject = findSubject(directory, name);
        const steps = await provisionOnDemand(directory, subject);
        keep('on demand', [summarise(name, steps)]);
        isWhole &&= steps.every((step) => step.outcome !== 'failure');
        reports.push(writeSteps(name, steps));
      }
      if (!isWhole) throw new CycleFailure(reports.join(''));
      return reports.join('');
    },
    status: writeStatus,
    mapping(directory, args) {
      changeMapping(directory, args);
      return writeEntraMappings(directory);
    },
    application(directory, [verb, name = '']) {
      if (verb === 'create') createApplication(directory, name);
      else if (verb !== undefined) throw new UsageError('application, or application create NAME');
      return describeApplication(directory);
    },
    graph: performGraph,
  },
};

async function runEntraCycle(directory: Directory, isInitial: boolean): Promise<Cycle> {
  return startCycle(directory, isInitial);
}

function describeApplication({ application }: Directory): string {
  return (
    `${application.name}\nObject ID: ${application.object_id}\n` +
    `Application ID: ${application.application_id}\n` +
    `Object ID of the enterprise application: ${application.enterprise_object_id}\n` +
    `Single sign-on: SAML, ${application.saml.reply_url || 'not set up: saml'}\n` +
    `Provisioning Status: ${application.provisioning}\n` +
    `Users and groups: ${application.assigned.join(', ') || 'none'}\n`
  );
}

function performGraph(
  directory: Directory,
  [verb, one = '', other = '', third = '']: readonly string[],
): string {
  switch (verb) {
    case undefined:
      return writeGraphSteps(directory);
    case 'connect':
    case 'consent':
      consent(directory, one);
      return `granted ${one}\n`;
    case 'extension-property':
      return `${makeExtensionProperty(directory, one, other)}\n`;
    case 'get-user':
      return `${JSON.stringify(getUser(directory, one), null, 2)}\n`;
    case 'update-user':
      setKey(directory, one, other, third);
      return `${one} has that key\n`;
    case 'set-key':
      setKey(directory, one, null, other);
      return `${one} has that key\n`;
    default:
      throw new UsageError('graph connect, extension-property, update-user, set-key or get-user');
  }
}
