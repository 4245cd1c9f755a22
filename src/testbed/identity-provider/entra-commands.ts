// The Entra emulator's commands: the guide's own steps, against any SCIM service.
import { UsageError } from './directory-verbs.ts';
import { runCycle, testConnection } from './entra-cycle.ts';
import { consent, makeExtensionProperty, setKey } from './entra-graph.ts';
import { findSubject, provisionOnDemand } from './entra-on-demand.ts';
import { CycleFailure, makeCycleCommands, type Program } from './idp-cli.ts';
import { writeSteps } from './idp-report.ts';

const USAGE = `usage: npm run entra -- [--file directory.yaml] COMMAND

  init                                 write a small directory in the layout that the guide recommends
  application                          show the enterprise application with both of its ids
  graph consent PERMISSION             grant admin consent
  graph extension-property ID NAME     make the extension property, on the application's Object ID
  graph set-key EMAIL KEY              put a key there
  saml                                 Set up Single Sign-On with SAML; npm run idp serves the sign-in page
  saml identifier URL, saml reply-url URL
  saml claim NAME ATTRIBUTE            Attributes & Claims; it takes the place of the attribute's other claim
  saml signing both                    Signing Option: assertion, response or both
  mapping                              show the attribute mappings
  mapping delete ATTRIBUTE             the guide deletes department
  mapping add ATTRIBUTE PATH           Direct, Match No, Always; without PATH: that of the SSH keys
  credentials TENANT_URL SECRET_TOKEN  Admin Credentials; add ?aadOptscim062020 for the compliant form
  test-connection                      Test Connection
  assign NAME..., unassign NAME...     Users and groups
  scope [ATTRIBUTE=VALUE]              the scoping filter
  provisioning on, off, restart        Provisioning Status; restart forgets quarantine and watermark
  cycle [--initial]                    one provisioning cycle, with its log; --initial: Restart provisioning
  provision NAME...                    Provision on demand: one user or group now, each step reported
  user add, set, disable, enable, delete, restore, purge UPN [ATTRIBUTE=VALUE...]
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
    application({ application }) {
      const {
        name,
        object_id: objectId,
        application_id: applicationId,
        provisioning,
        assigned,
      } = application;
      return (
        `${name}\nObject ID: ${objectId}\nApplication ID: ${applicationId}\n` +
        `Provisioning Status: ${provisioning}\nUsers and groups: ${assigned.join(', ') || 'none'}\n`
      );
    },
    graph(directory, [verb, one = '', other = '']) {
      if (verb === 'consent') {
        consent(directory, one);
        return `granted ${one}\n`;
      }
      if (verb === 'extension-property') return `${makeExtensionProperty(directory, one, other)}\n`;
      if (verb !== 'set-key') throw new UsageError('graph consent, extension-property or set-key');
      setKey(directory, one, other);
      return `${one} has that key\n`;
    },
  },
};
