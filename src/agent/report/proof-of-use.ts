// Which user opened a session with which key, and when: sshd's log joined with the ledger.
import { readLoginLog, type KeyLogin, type LoginLog, type LoginQuestion } from '../../host/sshd/login-log.ts';
import type { Binding } from '../../policy/model.ts';

export interface ProvenLogin extends KeyLogin {
  /** The user of the account; null: not a managed account. */
  readonly scimId: string | null;
}

export interface ProofOfUse {
  readonly logins: readonly ProvenLogin[];
  readonly source: LoginLog['source'];
}

/**
 * A name is never bound to another SCIM id, so today's ledger names the user of every login since the name was bound;
 * earlier logins of that name belong to no managed account.
 */
export function nameOwners(logins: readonly KeyLogin[], bindings: readonly Binding[]): ProvenLogin[] {
  const owners = new Map(
    bindings.flatMap((binding) => (binding.kind === 'account' ? [[binding.name, binding]] : [])),
  );
  return logins.map((login) => {
    const owner = owners.get(login.name);
    const isOwned = owner !== undefined && owner.boundAt <= login.at;
    return { ...login, scimId: isOwned ? owner.scimId : null };
  });
}

/**
 * The sessions that a key or a user opened on this node.
 * @throws AgentError refused where no log can be read.
 */
export async function proveUse(
  question: LoginQuestion,
  bindings: readonly Binding[],
  root = '/',
): Promise<ProofOfUse> {
  const { logins, source } = await readLoginLog(question, root);
  return { logins: nameOwners(logins, bindings), source };
}
