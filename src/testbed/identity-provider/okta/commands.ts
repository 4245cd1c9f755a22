// The Okta emulator's commands: an App Integration Wizard app, which sends every change as PUT.
import { UsageError } from '../directory-verbs.ts';
import { testConnection } from '../entra/cycle.ts';
import { makeCycleCommands, type Program } from '../idp-cli.ts';
import { runOktaCycle } from './cycle.ts';

const USAGE = `usage: npm run okta -- [--file directory.yaml] COMMAND

  init                                 write a small directory
  saml, saml identifier URL, saml reply-url URL, saml claim NAME SOURCE, saml signing both
                                       Configure SAML; npm run idp serves the sign-in page
  mapping                              show the attribute mappings
  mapping delete ATTRIBUTE, mapping add ATTRIBUTE PATH
  credentials BASE_URL TOKEN           SCIM connector base URL and bearer token
  test-connection                      Test Connector Configuration
  assign NAME..., unassign NAME...     Assignments and Push Groups
  provisioning on, off                 Provisioning to App
  cycle                                push everything that differs, with a log
  user add, set, disable, enable, delete, restore, purge LOGIN [ATTRIBUTE=VALUE...]
  key LOGIN KEY                        the custom attribute sunkSshKeys of the profile; mapping add sunkSshKeys
                                       sends it, as the real one does only for attributes that are mapped
  group add, add-member, remove-member, rename, remove NAME ...
`;

export const OKTA: Program = {
  name: 'okta',
  usage: USAGE,
  commands: {
    key(directory, [login = '', key]) {
      const person = directory.users.find(({ userPrincipalName }) => userPrincipalName === login);
      if (person === undefined || key === undefined) throw new UsageError('key LOGIN KEY');
      person.sunkSshKeys = key;
      return 'saved\n';
    },
    ...makeCycleCommands(async (directory, isInitial) => {
      if (isInitial) throw new UsageError('Okta compares everything in each push: cycle without --initial');
      return { heading: '', sort: 'incremental', log: await runOktaCycle(directory) };
    }, testConnection),
  },
};
