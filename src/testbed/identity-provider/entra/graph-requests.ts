// The Graph steps in the guide's order, each with the Microsoft Graph REST request that it stands for.
import type { Directory } from '../directory.ts';

const GRAPH = 'https://graph.microsoft.com/v1.0';
const CONNECT = 'GET https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize?scope=';

interface GraphStep {
  readonly title: string;
  /** After `npm run entra -- `. */
  readonly command: string;
  readonly request: readonly string[];
}

/** Text for a terminal; capital letters stand for what is to be put in. */
export function writeGraphSteps({ application }: Directory): string {
  const [property = `extension_${application.application_id.replaceAll('-', '')}_sunkSshKeys`] =
    application.extension_properties;
  const steps: readonly GraphStep[] = [
    connect('Application.ReadWrite.All'),
    {
      title: 'Find the Object ID of the app registration: App registrations, All applications, Object ID',
      command: 'application',
      request: [`GET ${GRAPH}/applications?$filter=displayName eq '${application.name}'&$select=id,appId`],
    },
    {
      title: 'Create the extension property',
      command: 'graph extension-property APP-OBJECT-ID sunkSshKeys',
      request: [
        `POST ${GRAPH}/applications/APP-OBJECT-ID/extensionProperties`,
        '{"name": "sunkSshKeys", "dataType": "String", "targetObjects": ["User"]}',
      ],
    },
    connect('User.ReadWrite.All'),
    {
      title: 'Set the key of a user',
      command: `graph update-user USER-EMAIL ${property} 'SSH-PUBLIC-KEY'`,
      request: [`PATCH ${GRAPH}/users/USER-EMAIL`, `{"${property}": "SSH-PUBLIC-KEY"}`],
    },
    {
      title: 'Read it back',
      command: 'graph get-user USER-EMAIL',
      request: [`GET ${GRAPH}/users/USER-EMAIL?$select=id,userPrincipalName,${property}`],
    },
  ];
  const lines = steps.flatMap(({ title, command, request }, index) => [
    `${index + 2}. ${title}`,
    `     npm run entra -- ${command}`,
    ...request.map((line) => `     ${line}`),
  ]);
  return `1. Install the Microsoft Graph module: nothing to install for a rehearsal\n${lines.join('\n')}\n`;
}

function connect(scope: string): GraphStep {
  return {
    title: `Connect with the scope ${scope}`,
    command: `graph connect ${scope}`,
    request: [`${CONNECT}https://graph.microsoft.com/${scope}`],
  };
}
