// Says who a refusal is about: by userName or the group's name, and the SCIM id for the identity provider.
import type { Refusal } from '../../policy/model.ts';
import type { StateDatabase } from '../../state/state.ts';

/** @returns each refusal with the one it is about, such as `User bob@example.com (5d0c8f0e)`. */
export function nameRefusals(
  refusals: readonly Refusal[],
  state: Pick<StateDatabase, 'users' | 'groups'>,
): (Refusal & { readonly subject: string })[] {
  const wanted = new Set(refusals.map(({ scimId }) => scimId));
  const names = new Map<string, string>();
  for (const { record } of state.users())
    if (wanted.has(record.id)) names.set(`User ${record.id}`, record.userName);
  for (const { record } of state.groups())
    if (wanted.has(record.id)) names.set(`Group ${record.id}`, record.name);
  return refusals.map((refusal) => {
    const { kind, scimId } = refusal;
    const name = names.get(`${kind} ${scimId}`);
    const subject = (name === undefined ? `${kind} ${scimId}` : `${kind} ${name} (${scimId})`).trim();
    return { ...refusal, subject };
  });
}
