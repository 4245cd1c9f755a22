// The part of Microsoft Graph that the guide uses: an extension property for the SSH keys, and setting it.
import type { Directory, Person } from '../directory.ts';

/** What each call needs an administrator's consent to. */
const NEEDED = { property: 'Application.ReadWrite.All', user: 'User.ReadWrite.All' } as const;
/** Can be granted, and is not enough to write an extension property. */
const NOT_ENOUGH = 'User.ReadWrite';

/** A refusal in Graph's own words, with its code. */
export class GraphError extends Error {
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.name = 'GraphError';
  }
}

/**
 * Connects with a scope: *Grant admin consent*.
 * @throws GraphError for a permission that has nothing to do with the guide.
 */
export function consent(directory: Directory, permission: string): void {
  const known: readonly string[] = [...Object.values(NEEDED), NOT_ENOUGH];
  if (!known.includes(permission)) {
    throw new GraphError(
      'Request_BadRequest',
      `the guide connects with ${Object.values(NEEDED).join(' and ')}, not "${permission}"`,
    );
  }
  const { permissions } = directory.application;
  if (!permissions.includes(permission)) permissions.push(permission);
}

/**
 * `POST /applications/{id}/extensionProperties`.
 * @param id the Object ID of the app registration; the two other ids are refused, as Graph does.
 * @returns the full name, `extension_<application id without dashes>_<name>`.
 * @throws GraphError
 */
export function makeExtensionProperty(directory: Directory, id: string, name: string): string {
  const { application } = directory;
  require(directory, NEEDED.property);
  const mistaken =
    id === application.application_id
      ? 'the Application (client) ID'
      : id === application.enterprise_object_id
        ? 'the Object ID of the enterprise application'
        : null;
  if (mistaken !== null) {
    throw new GraphError(
      'Request_ResourceNotFound',
      `${id} is ${mistaken}; this call takes the Object ID of the app registration, ${application.object_id}`,
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
 * @param property its full name; null: the one that there is.
 * @throws GraphError if there is no such user or property, or no consent.
 */
export function setKey(directory: Directory, email: string, property: string | null, key: string): void {
  require(directory, NEEDED.user);
  const [known] = directory.application.extension_properties;
  if (known === undefined) {
    throw new GraphError('Request_BadRequest', 'there is no extension property sunkSshKeys yet');
  }
  if (property !== null && !directory.application.extension_properties.includes(property)) {
    throw new GraphError(
      'Request_BadRequest',
      `a user has no property "${property}"; the name with its prefix is ${known}`,
    );
  }
  findPerson(directory, email).sunkSshKeys = key;
}

/**
 * `GET /users/{mail}?$select=...`: the extension property under its full name; left out where it is empty.
 * @throws GraphError if there is no such user, or no consent.
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

/** A user in the recycle bin is not found either. */
function findPerson(directory: Directory, email: string): Person {
  const person = directory.users.find(
    (one) => !one.deleted && [one.userPrincipalName, one.mail].includes(email),
  );
  if (person === undefined) throw new GraphError('Request_ResourceNotFound', `there is no user ${email}`);
  return person;
}

function require({ application: { permissions } }: Directory, permission: string): void {
  if (permissions.includes(permission)) return;
  const hint =
    permission === NEEDED.user && permissions.includes(NOT_ENOUGH)
      ? `; ${NOT_ENOUGH} is not sufficient for an extension property`
      : '';
  throw new GraphError(
    'Authorization_RequestDenied',
    `insufficient privileges${hint}: connect with ${permission}, with admin consent`,
  );
}
