// The routes of a sign-in: to the identity provider, and back with its response.
import { html as xml } from '../pages/html.ts';
import type { Reply, Request } from '../exchange.ts';
import type { Entry } from '../protocol/resources/collection.ts';
import { ScimError } from '../protocol/scim-error.ts';
import type { Purpose } from '../saml/sso.ts';
import type { Workspace } from '../workspace.ts';
import { redirect, renderReply } from '../pages/page-reply.ts';
import { readCookie, type Cookies } from './cookies.ts';
import { findByAddress, isActive } from './people.ts';
import { makeSecret, type Sessions } from './sessions.ts';
import { showHandOver, showRefusal, showTestResult } from './pages/sign-in-page.ts';

/** Sends the browser to the identity provider, with a cookie that tells this browser from others. */
export async function beginSignIn({ sso }: Workspace, purpose: Purpose, cookies: Cookies): Promise<Reply> {
  const browser = makeSecret();
  try {
    return redirect(await sso.begin(purpose, browser), cookies.signIn(browser));
  } catch (error) {
    return refuseSignIn(error);
  }
}

/** Takes the response that came back. */
export async function endSignIn(
  workspace: Workspace,
  sessions: Sessions,
  request: Request,
  cookies: Cookies,
): Promise<Reply> {
  const fields = new URLSearchParams(request.body.toString('utf8'));
  const response = fields.get('SAMLResponse') ?? '';
  const browser = readCookie(request, cookies.signInName);
  if (browser === null && fields.get('again') === null) return renderReply(200, showHandOver(response));
  try {
    const { purpose, claims } = await workspace.sso.finish(response, browser);
    if (purpose === 'test') {
      return renderReply(
        200,
        showTestResult(claims, describeVerdict(workspace, claims.email)),
        cookies.noSignIn(),
      );
    }
    const user = admit(workspace, claims.email);
    const session = sessions.begin({ kind: 'user', id: user.id });
    return redirect('/console/clusters', cookies.session(session.id));
  } catch (error) {
    return refuseSignIn(error);
  }
}

/** @throws ScimError 403 for a user who was not pushed, is inactive, or cannot be told from another. */
function admit(workspace: Workspace, email: string): Entry {
  const found = findByAddress(workspace, email);
  const [user] = found;
  if (user === undefined) {
    throw new ScimError(
      403,
      null,
      `${email} is no user of this organisation. Assign the person to the application in the identity provider, ` +
        'wait for the next provisioning cycle, and sign in again.',
    );
  }
  if (found.length > 1) {
    throw new ScimError(
      403,
      null,
      `${email} is the address of ${found.length} users; each needs one of its own.`,
    );
  }
  if (!isActive(user)) {
    throw new ScimError(
      403,
      null,
      `${email} is inactive: the identity provider disabled or unassigned this person.`,
    );
  }
  return user;
}

function describeVerdict(workspace: Workspace, email: string): string {
  try {
    admit(workspace, email);
    return `${email} was pushed, and could sign in once SSO is deployed.`;
  } catch (error) {
    return `A sign-in would be refused now: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function refuseSignIn(error: unknown): Reply {
  if (!(error instanceof ScimError)) throw error;
  return renderReply(error.status, showRefusal('Not signed in', error.message));
}

/** Our own metadata, for an identity provider that reads it (SAML metadata 2.0 section 2.4.4). */
export function describeServiceProvider({ sso }: Workspace): Reply {
  const body = xml`<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${sso.entityId}">
  <SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</NameIDFormat>
    <AssertionConsumerService index="0" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${sso.acsUrl}"/>
  </SPSSODescriptor>
</EntityDescriptor>
`;
  return { status: 200, headers: { 'content-type': 'application/samlmetadata+xml' }, body: body.toString() };
}
