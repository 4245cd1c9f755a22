// The Entra emulator's commands: the guide's own steps, against any SCIM service.
import { UsageError } from '../directory-verbs.ts';
import { runCycle, testConnection } from './cycle.ts';
import { consent, getUser, makeExtensionProperty, setKey } from './graph.ts';
import { findSubject, provisionOnDemand } from './on-demand.ts';
import { writeStatus } from './status.ts';
import { CycleFailure, makeCycleCommands, type Program } from '../idp-cli.ts';
import { writeSteps } from '../idp-report.ts';
import { changeMapping, writeEntraMappings } from '../mapping-verbs.ts';
import { createApplication } from '../sample-directory.ts';

const USAGE = `usage: npm run entra -- [--file directory.yaml] COMMAND

  init                                 write a small directory in the layout that the guide recommends
  application [create NAME]            the enterprise application with both of its ids; a new one in place of init's
  graph consent PERMISSION             grant admin consent
  graph extension-property ID NAME     make the extension property, on the application's Object ID
  graph set-key EMAIL KEY              put a key there
  graph get-user EMAIL                 show it, under the property's full name
  saml                                 Set up Single Sign-On with SAML; npm run idp serves the sign-in page
  saml identifier URL, saml reply-url URL
  saml claim NAME ATTRIBUTE            Attributes & Claims; it takes the place of the attribute's other claim
  saml signing both                    Signing Option: assertion, response or both
  mapping                              Attribute Mapping: Direct, Match Yes or No, Always
  mapping delete ATTRIBUTE             the guide deletes department
  mapping add ATTRIBUTE PATH           Direct, Match No, Always; without PATH: that of the SSH keys
  credentials TENANT_URL SECRET_TOKEN  Admin Credentials; add ?aadOptscim062020 for the compliant form
  test-connection                      Test Connection
  assign NAME..., unassign NAME...     Users and groups
  scope [ATTRIBUTE=VALUE]              the scoping filter
  provisioning on, off, restart        Provisioning Status; restart forgets quarantine and watermark
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
    ...makeCycleCommands(async (directory, isInitial) => {
      const { application } = directory;
      if (isInitial) application.watermark = null;
      const { watermark } = application;
      const heading =
        watermark === null
          ? 'initial cycle: everything is matched anew\n'
          : `incremental cycle since ${watermark}\n`;
      return { heading, log: await runCycle(directory) };
    }, testConnection),
    async provision(directory, names) {
      if (names.length === 0) throw new UsageError('provision NAME...');
      const reports: string[] = [];
      let isWhole = true;
      // Every name is known before anything is sent.
      for (const name of names) findSubject(directory, name);
      for (const name of names) {
        const subject = findSubject(directory, name);
        const steps = await provisionOnDemand(directory, subject);
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
      const { application } = directory;
      return (
        `${application.name}\nObject ID: ${application.object_id}\n` +
        `Application ID: ${application.application_id}\n` +
        `Single sign-on: SAML, ${application.saml.reply_url || 'not set up: saml'}\n` +
        `Provisioning Status: ${application.provisioning}\n` +
        `Users and groups: ${application.assigned.join(', ') || 'none'}\n`
      );
    },
    graph(directory, [verb, one = '', other = '']) {
      if (verb === 'consent') {
        consent(directory, one);
        return `granted ${one}\n`;
      }
      if (verb === 'extension-property') return `${makeExtensionProperty(directory, one, other)}\n`;
      if (verb === 'get-user') return `${JSON.stringify(getUser(directory, one), null, 2)}\n`;
      if (verb !== 'set-key') {
        throw new UsageError('graph consent, extension-property, set-key or get-user');
      }
      setKey(directory, one, other);
      return `${one} has that key\n`;
    },
  },
};
