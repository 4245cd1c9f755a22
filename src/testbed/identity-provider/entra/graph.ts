// The part of Microsoft Graph that the guide uses: an extension property for the SSH keys, and setting it.
import type { Directory, Person } from '../directory.ts';

/** What each call needs an administrator's consent to. */
const NEEDED = { property: 'Application.ReadWrite.All', user: 'User.ReadWrite.All' } as const;

/** A refusal in Graph's own words, with its code. */
export class GraphError extends Error {
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.name = 'GraphError';
  }
}

/**
 * *API permissions*, *Grant admin consent*.
 * @throws GraphError if no call here needs a permission of that name.
 */
export function consent(directory: Directory, permission: string): void {
  const known: readonly string[] = Object.values(NEEDED);
  if (!known.includes(permission)) {
    throw new GraphError(
      'Request_BadRequest',
      `the guide grants ${known.join(' and ')}, not "${permission}"`,
    );
  }
  const { permissions } = directory.application;
  if (!permissions.includes(permission)) permissions.push(permission);
}

/**
 * `POST /applications/{id}/extensionProperties`.
 * @param id the application's Object ID; its Application ID is refused, as Graph does.
 * @returns the full name, `extension_<application id without dashes>_<name>`.
 * @throws GraphError
 */
export function makeExtensionProperty(directory: Directory, id: string, name: string): string {
  const { application } = directory;
  require(directory, NEEDED.property);
  if (id === application.application_id) {
    throw new GraphError(
      'Request_ResourceNotFound',
      `${id} is the Application (client) ID; this call takes the Object ID, ${application.object_id}`,
    );
  }
  if (id !== application.object_id) {
    throw new GraphError('Request_ResourceNotFound', `there is no application with the Object ID ${id}`);
  }
  if (name !== 'sunkSshKeys') {
    throw new GraphError('Request_BadRequest', `the guide calls the property sunkSshKeys, not ${name}`);
  }
  const full = `extension_${application.application_id.replaceAll('-', '')}_${name}`;
  if (!application.extension_properties.includes(full)) application.extension_properties.push(full);
  return full;
}

/**
 * `PATCH /users/{mail}` with the extension property.
 * @throws GraphError if there is no such person or property, or no consent.
 */
export function setKey(directory: Directory, email: string, key: string): void {
  require(directory, NEEDED.user);
  if (directory.application.extension_properties.length === 0) {
    throw new GraphError('Request_BadRequest', 'there is no extension property sunkSshKeys yet');
  }
  findPerson(directory, email).sunkSshKeys = key;
}

/**
 * `GET /users/{mail}?$select=...`: the extension property under its full name; left out where it is empty.
 * @throws GraphError if there is no such person, or no consent.
 */
export function getUser(directory: Directory, email: string): Readonly<Record<string, string | boolean>> {
  require(directory, NEEDED.user);
  const {
    object_id: id,
    userPrincipalName,
    displayName,
    mail,
    accountEnabled,
    sunkSshKeys,
  } = findPerson(directory, email);
  const keys = sunkSshKeys === '' ? [] : directory.application.extension_properties;
  return {
    id,
    userPrincipalName,
    displayName,
    mail,
    accountEnabled,
    ...Object.fromEntries(keys.map((name) => [name, sunkSshKeys])),
  };
}

/** Who is in the recycle bin is not found either. */
function findPerson(directory: Directory, email: string): Person {
  const person = directory.users.find(
    (one) => !one.deleted && [one.userPrincipalName, one.mail].includes(email),
  );
  if (person === undefined)
    throw new GraphError('Request_ResourceNotFound', `there is nobody called ${email}`);
  return person;
}

function require(directory: Directory, permission: string): void {
  if (directory.application.permissions.includes(permission)) return;
  throw new GraphError(
    'Authorization_RequestDenied',
    `insufficient privileges: grant ${permission} to the application, with admin consent`,
  );
}
