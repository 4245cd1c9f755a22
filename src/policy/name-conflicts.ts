// Managed names and ids that another name service knows too, and otherwise: a finding, since no uid is ever changed.
import type { Binding } from './model.ts';
import type { NameQuestions, ServiceAnswer } from './name-services.ts';

/** What is asked again: bindings, and the managed group as one. */
export type AskedBinding = Pick<Binding, 'kind' | 'name' | 'id'>;

export interface NameConflict {
  readonly kind: Binding['kind'];
  /** The managed account or group. */
  readonly name: string;
  /** One clause for the operator. */
  readonly detail: string;
}

/** Questions about all of them, `size` bindings at a time. */
export function splitQuestions(bindings: readonly AskedBinding[], size: number): NameQuestions[] {
  const batches: NameQuestions[] = [];
  for (let from = 0; from < bindings.length; from += size) {
    const batch = bindings.slice(from, from + size);
    const accounts = batch.filter(({ kind }) => kind === 'account');
    const groups = batch.filter(({ kind }) => kind === 'group');
    batches.push({
      names: accounts.map(({ name }) => name),
      uids: accounts.map(({ id }) => id),
      groups: groups.map(({ name }) => name),
      gids: groups.map(({ id }) => id),
      // A group of others may well list a managed name.
      members: [],
    });
  }
  return batches;
}

/** A service that knows a name with the same id is of one mind with the ledger, as after an import. */
export function findNameConflicts(
  bindings: readonly AskedBinding[],
  answers: readonly ServiceAnswer[],
): NameConflict[] {
  return bindings.flatMap(({ kind, name, id }) => {
    const isAccount = kind === 'account';
    const what = isAccount ? 'uid' : 'gid';
    for (const { service, names, uids, groups, gids } of answers) {
      const otherId = (isAccount ? names : groups).get(name) ?? id;
      if (otherId !== id) {
        const detail = `the name service ${service} knows ${name} with the ${what} ${otherId}, which is managed here with ${id}`;
        return [{ kind, name, detail }];
      }
      const owner = (isAccount ? uids : gids).get(id) ?? name;
      if (owner !== name) {
        const detail = `the name service ${service} knows the ${what} ${id} as ${owner}'s, which is managed here as ${name}'s`;
        return [{ kind, name, detail }];
      }
    }
    return [];
  });
}
