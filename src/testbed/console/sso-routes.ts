// The routes of a sign-in: to the identity provider, and back with its response.
import { html as xml } from '../pages/html.ts';
import type { Reply, Request } from '../exchange.ts';
import { ScimError } from '../protocol/scim-error.ts';
import type { FinishedSignIn } from '../saml/sso.ts';
import type { Purpose } from '../saml/open-requests.ts';
import type { Workspace } from '../workspace.ts';
import { redirect, renderReply } from '../pages/page-reply.ts';
import { makeSecret } from '../pages/secrets.ts';
import { admit } from './admission.ts';
import { readCookie, type Cookies } from './cookies.ts';
import type { Session, Sessions } from './sessions.ts';
import { showHandOver, showRefusal } from './pages/sign-in-page.ts';

/** What the sign-ins of one console work with. */
export interface SignIns {
  readonly workspace: Workspace;
  readonly sessions: Sessions;
  readonly cookies: Cookies;
}

/**
 * Sends the browser to the identity provider, with a cookie that tells this browser from others.
 * @param returnTo path below the console to which the sign-in leads.
 */
export async function beginSignIn(
  { workspace: { sso }, cookies }: SignIns,
  purpose: Purpose,
  returnTo: string | null,
): Promise<Reply> {
  const browser = makeSecret();
  try {
    return redirect(await sso.begin(purpose, browser, returnTo), cookies.signIn(browser));
  } catch (error) {
    return refuseSignIn(error);
  }
}

/** Takes the response that came back, or that the identity provider sent by itself. */
export async function endSignIn(context: SignIns, request: Request): Promise<Reply> {
  const { workspace, sessions, cookies } = context;
  const fields = new URLSearchParams(request.body.toString('utf8'));
  const response = fields.get('SAMLResponse') ?? '';
  const browser = readCookie(request, cookies.signInName);
  if (browser === null && fields.get('again') === null) return renderReply(200, showHandOver(response));
  const isTest = workspace.sso.isTest(response, browser);
  try {
    const finished = await workspace.sso.finish(response, browser);
    if (finished.purpose === 'test') return redirect('/console/saml-sso/tested', cookies.noSignIn());
    return enter(context, finished, sessions.find(readCookie(request, cookies.sessionName)));
  } catch (error) {
    if (!isTest || !(error instanceof ScimError)) return refuseSignIn(error);
    workspace.sso.noteFailedTest(error.message);
    return redirect('/console/saml-sso/tested', cookies.noSignIn());
  }
}

/** @param current who is signed in in this browser already. */
function enter(
  { workspace, sessions, cookies }: SignIns,
  { purpose, claims, returnTo }: FinishedSignIn,
  current: Session | null,
): Reply {
  const who = admit(workspace, claims);
  if (purpose === 'unsolicited' && current?.who.kind === 'local') {
    // The administrator who configures SSO tests it from the identity provider: that must not end this session.
    const text = `${claims.email} signed in from the identity provider: SAML SSO works. You are still the local administrator.`;
    current.notice = { tone: 'done', text };
    return redirect('/console/clusters');
  }
  if (purpose === 'unsolicited' && current?.who.kind === 'user' && !isSameUser(current.who, who)) {
    // No one asked for this sign-in: a stranger's page may have sent it, with a user of its own.
    const sentence = `Another user is signed in here. Sign out first, then begin the sign-in of ${claims.email} again.`;
    throw new ScimError(409, null, sentence);
  }
  const session = sessions.begin(who);
  return redirect(`/console${returnTo ?? '/clusters'}`, cookies.session(session.id));
}

function isSameUser(one: Session['who'], other: Session['who']): boolean {
  return one.kind === 'user' && other.kind === 'user' && one.id === other.id;
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
