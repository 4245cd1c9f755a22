// Who may sign in, and what a session means at this moment.
import type { Claims } from '../saml/claims.ts';
import { ScimError } from '../protocol/scim-error.ts';
import type { Workspace } from '../workspace.ts';
import { findByAddress, isActive, isAdministrator, nameOf } from './people.ts';
import type { SignedIn } from './sessions.ts';
import type { Visitor } from './visit.ts';

/**
 * The user of a verified sign-in. While no user was pushed yet there is none to be found: the person who tests SSO
 * then is a guest, who sees *Clusters* and nothing else.
 * @throws ScimError 403 for a user who was not pushed, is inactive, or cannot be told from another.
 */
export function admit(workspace: Workspace, { email }: Claims): SignedIn {
  if (workspace.organisation.users.size() === 0) return { kind: 'guest', email };
  const found = findByAddress(workspace, email);
  const [user] = found;
  if (user === undefined) {
    throw refuse(
      `${email} is no user of this organisation. Assign the person to the application in the identity provider, ` +
        'wait for the next provisioning cycle, and sign in again.',
    );
  }
  if (found.length > 1) {
    throw refuse(
      `${email} is the address of ${found.length} users; give each an address of its own in the identity provider.`,
    );
  }
  if (!isActive(user)) {
    throw refuse(
      `${email} is inactive: the identity provider disabled or unassigned this person. Enable and assign the person there.`,
    );
  }
  return { kind: 'user', id: user.id };
}

function refuse(sentence: string): ScimError {
  return new ScimError(403, null, sentence);
}

/**
 * Judged at each request: a user who is disabled or loses the policy meanwhile loses access at once, and a guest
 * becomes the user who was pushed meanwhile, or no one.
 */
export function recognise(workspace: Workspace, who: SignedIn): Visitor | null {
  if (who.kind === 'local') {
    return { kind: 'local', name: 'Local administrator', isAdministrator: true, userId: null };
  }
  if (who.kind === 'guest') {
    const { users } = workspace.organisation;
    if (users.size() === 0) return { kind: 'guest', name: who.email, isAdministrator: false, userId: null };
    const [user, other] = findByAddress(workspace, who.email);
    return user === undefined || other !== undefined
      ? null
      : recognise(workspace, { kind: 'user', id: user.id });
  }
  const user = workspace.organisation.users.get(who.id);
  if (user === null || !isActive(user)) return null;
  return {
    kind: 'user',
    name: nameOf(user),
    isAdministrator: isAdministrator(workspace, who.id),
    userId: who.id,
  };
}
