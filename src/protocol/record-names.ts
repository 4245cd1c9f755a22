// By which names an operator may ask for a resource whose record is in quarantine; nothing of it is judged.
import type { Config } from '../config/config.ts';
import { compilePath, getProperty, isObject } from './attribute-path.ts';
import type { ResourceKind } from './records.ts';

const MAX_NAMES = 10;
const MAX_LENGTH = 256;

/** Texts alone, each once: userName, the source of the POSIX name, externalId, addresses; of a group its name. */
export function createNameReader(
  attributes: Config['scim']['attributes'],
): (kind: ResourceKind, raw: unknown) => string[] {
  const [username, group] = [compilePath(attributes.username), compilePath(attributes.group_name)];
  return (kind, raw) => {
    if (!isObject(raw)) return [];
    const own = (name: string): unknown => getProperty(raw, name);
    const texts =
      kind === 'User'
        ? [
            own('username'),
            username(raw),
            own('externalid'),
            ...readAddresses(own('emails')),
            own('displayname'),
          ]
        : [group(raw), own('displayname'), own('externalid')];
    const names = texts.filter(
      (text) => typeof text === 'string' && text !== '' && text.length <= MAX_LENGTH,
    );
    return [...new Set(names as string[])].slice(0, MAX_NAMES);
  };
}

function readAddresses(emails: unknown): unknown[] {
  const list = Array.isArray(emails) ? emails : [emails];
  return list.slice(0, MAX_NAMES).map((email) => (isObject(email) ? getProperty(email, 'value') : email));
}
