// Says who a refusal is about: by userName or the group's name, and the SCIM id for the identity provider.
import type { Refusal } from '../../policy/model.ts';
import type { StateDatabase } from '../../state/state.ts';

/** @returns of a refusal the one it is about, such as `User bob@example.com (5d0c8f0e)`. */
export function createSubjectNamer(
  state: Pick<StateDatabase, 'users' | 'groups'>,
): (refusal: Pick<Refusal, 'kind' | 'scimId'>) => string {
  let names: ReadonlyMap<string, string> | null = null;
  return ({ kind, scimId }) => {
    names ??= new Map([
      ...state.users().map(({ record }) => [`User ${record.id}`, record.userName] as const),
      ...state.groups().map(({ record }) => [`Group ${record.id}`, record.name] as const),
    ]);
    const name = names.get(`${kind} ${scimId}`);
    return (name === undefined ? `${kind} ${scimId}` : `${kind} ${name} (${scimId})`).trim();
  };
}
