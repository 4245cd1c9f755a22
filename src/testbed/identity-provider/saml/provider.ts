// The identity provider that a browser signs in at: its metadata, the sign-in page, and the admin center.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readRequest as readHttp, sendReply, type Reply, type Request } from '../../exchange.ts';
import { serveAsset } from '../../pages/assets.ts';
import { html as xml } from '../../pages/html.ts';
import { listen, stopListening } from '../../listen.ts';
import { renderReply, renderReplyTo } from '../../pages/page-reply.ts';
import { loadDirectory, type Directory } from '../directory.ts';
import { listAssignedPeople } from '../entra/scope.ts';
import { createAdminCenter } from '../admin-center/admin-center.ts';
import { startSchedule } from '../entra/schedule.ts';
import { openSigningKey, type SigningKey } from './key-pair.ts';
import { showPeople, showProblem, showWayBack } from './pages.ts';
import { makeResponse, readRequest } from './sign-in-response.ts';
import { createTests, type Tests } from './test-sign-ins.ts';

export interface SamlProviderOptions {
  /** The directory.yaml, read again at each request. */
  readonly file: string;
  /** Port on 127.0.0.1; 0 takes a free one. */
  readonly port?: number;
  /** Keeps the key pair over a restart. */
  readonly keyFile?: string;
  /** Seconds between automatic cycles; by default there are none. */
  readonly cycleEvery?: number;
}

export interface SamlProvider {
  /** What *SAML SSO* asks for. */
  readonly metadataUrl: string;
  /** The entityID: the issuer of its assertions. */
  readonly issuer: string;
  readonly signingKey: SigningKey;
  /** Signs an administrator in to the admin center. */
  readonly adminCenterUrl: string;
  close(): Promise<void>;
}

const METADATA_PATH = 'federationmetadata.xml';

/** Starts it and resolves once it listens. */
export async function startSamlProvider(options: SamlProviderOptions): Promise<SamlProvider> {
  const signingKey = openSigningKey(options.keyFile ?? null);
  const { server, origin } = await listen(options.port ?? 0);
  const issuer = `${origin}/`;
  const tests = createTests();
  const adminCenter = createAdminCenter({
    file: options.file,
    origin,
    metadataUrl: `${origin}/${METADATA_PATH}`,
    issuer,
    certificate: signingKey.certificate,
    cycleEvery: options.cycleEvery ?? null,
    startTest: () => `/sign-in?test=${tests.begin()}`,
  });
  const schedule =
    options.cycleEvery === undefined
      ? null
      : startSchedule(options.file, options.cycleEvery, (why) => process.stderr.write(`idp: ${why}\n`));

  async function answer(request: Request): Promise<Reply> {
    const path = request.segments.join('/');
    const asset = request.method === 'GET' ? serveAsset(path) : null;
    if (asset !== null) return asset;
    if (path === METADATA_PATH) return describe(issuer, `${origin}/sign-in`, signingKey);
    if (request.segments[0] === 'admin-center') return adminCenter.answer(request);
    if (path === 'sign-in') {
      const isPost = request.method === 'POST';
      const fields = isPost ? new URLSearchParams(request.body.toString('utf8')) : request.query;
      const purpose = await readPurpose(loadDirectory(options.file), fields, tests);
      if (typeof purpose === 'string') return refuse(400, purpose);
      return isPost ? signIn(purpose, fields.get('who') ?? '', issuer, signingKey) : ask(purpose);
    }
    return refuse(404, `The Metadata URL of this identity provider is ${origin}/${METADATA_PATH}.`);
  }

  async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = message.method ?? 'GET';
    try {
      sendReply(response, await answer(await readHttp(message)), method);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!response.headersSent) sendReply(response, refuse(400, why), method);
    }
  }
  server.on('request', (message, response) => void handle(message, response));
  return {
    metadataUrl: `${origin}/${METADATA_PATH}`,
    issuer,
    signingKey,
    adminCenterUrl: adminCenter.link,
    async close() {
      await schedule?.stop();
      await stopListening(server);
    },
  };
}

function refuse(status: number, sentence: string): Reply {
  return renderReply(status, showProblem(sentence));
}

/** What a sign-in is for: an application's request, or *Test* of the admin center. */
interface Purpose {
  readonly directory: Directory;
  /** Id of the request; null: no application asked. */
  readonly requestId: string | null;
  /** What the form of the sign-in page brings back. */
  readonly hidden: Readonly<Record<string, string>>;
}

/** @returns the reason instead, if the request does not fit the application. */
async function readPurpose(
  directory: Directory,
  fields: URLSearchParams,
  tests: Tests,
): Promise<Purpose | string> {
  const test = fields.get('test');
  if (test !== null) {
    if (tests.isOpen(test)) return { directory, requestId: null, hidden: { test } };
    return 'This test has expired: choose Test in the admin center again.';
  }
  const encoded = fields.get('SAMLRequest') ?? '';
  const problem = await findProblem(directory, encoded);
  if (problem !== null) return problem;
  const { id } = await readRequest(encoded);
  const hidden = { SAMLRequest: encoded, RelayState: fields.get('RelayState') ?? '' };
  return { directory, requestId: id, hidden };
}

/** Offers all enabled users; the next page refuses those who are not assigned. */
function ask({ directory, hidden }: Purpose): Reply {
  const people = directory.users.filter(({ accountEnabled, deleted }) => accountEnabled && !deleted);
  return renderReply(200, showPeople(directory.application.name, people, hidden));
}

/** The guide tests before it assigns users, so that *Test* asks for no assignment. */
async function signIn(
  { directory, requestId, hidden }: Purpose,
  who: string,
  issuer: string,
  signingKey: SigningKey,
): Promise<Reply> {
  const { saml, name } = directory.application;
  const person = directory.users.find(({ userPrincipalName }) => userPrincipalName === who);
  if (person === undefined || person.deleted || !person.accountEnabled) {
    return refuse(403, 'There is no such account, or it is disabled.');
  }
  if (requestId !== null && !listAssignedPeople(directory).includes(person)) {
    return refuse(
      403,
      `${person.userPrincipalName} is not assigned to ${name}: add the person under Users and groups.`,
    );
  }
  const response = await makeResponse(saml, person, requestId, issuer, signingKey);
  const encoded = Buffer.from(response).toString('base64');
  const page = showWayBack(saml.reply_url, encoded, hidden['RelayState'] ?? '');
  return renderReplyTo(new URL(saml.reply_url).origin, page);
}

/** Why the application's SAML page does not fit the request; null if it does. */
async function findProblem({ application: { saml } }: Directory, encoded: string): Promise<string | null> {
  const { issuer, assertionConsumerServiceURL } = await readRequest(encoded);
  if (issuer !== saml.identifier) {
    return `No application has the Identifier ${issuer}: enter it under Basic SAML Configuration (saml identifier).`;
  }
  if (assertionConsumerServiceURL !== saml.reply_url) {
    return `The Reply URL ${assertionConsumerServiceURL} is not that of the application: enter it under Basic SAML Configuration (saml reply-url).`;
  }
  return null;
}

/** SAML metadata 2.0 section 2.4.3. */
function describe(issuer: string, signOnUrl: string, { certificate }: SigningKey): Reply {
  const base64 = certificate.replaceAll(/-----[A-Z ]+-----|\s/g, '');
  const body = xml`<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${issuer}">
  <IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>
      <X509Certificate>${base64}</X509Certificate>
    </X509Data></KeyInfo></KeyDescriptor>
    <NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</NameIDFormat>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${signOnUrl}"/>
  </IDPSSODescriptor>
</EntityDescriptor>
`;
  return { status: 200, headers: { 'content-type': 'application/samlmetadata+xml' }, body: body.toString() };
}
