// The identity provider that a browser signs in at: its metadata, and a page that asks who is there.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readRequest as readHttp, sendReply, type Reply, type Request } from '../../exchange.ts';
import { serveAsset } from '../../pages/assets.ts';
import { html as xml } from '../../pages/html.ts';
import { listen, stopListening } from '../../listen.ts';
import { renderReply, renderReplyTo } from '../../pages/page-reply.ts';
import { loadDirectory, type Directory } from '../directory.ts';
import { listAssignedPeople } from '../entra/scope.ts';
import { openSigningKey, type SigningKey } from './key-pair.ts';
import { showPeople, showProblem, showWayBack } from './pages.ts';
import { makeResponse, readRequest } from './sign-in-response.ts';

export interface SamlProviderOptions {
  /** The directory.yaml, read again at each request. */
  readonly file: string;
  /** Port on 127.0.0.1; 0 takes a free one. */
  readonly port?: number;
  /** Keeps the key pair over a restart. */
  readonly keyFile?: string;
}

export interface SamlProvider {
  /** What *SAML SSO* asks for. */
  readonly metadataUrl: string;
  /** The entityID: the issuer of its assertions. */
  readonly issuer: string;
  readonly signingKey: SigningKey;
  close(): Promise<void>;
}

const METADATA_PATH = 'federationmetadata.xml';

/** Starts it and resolves once it listens. */
export async function startSamlProvider(options: SamlProviderOptions): Promise<SamlProvider> {
  const signingKey = openSigningKey(options.keyFile ?? null);
  const { server, origin } = await listen(options.port ?? 0);
  const issuer = `${origin}/`;

  async function answer(request: Request): Promise<Reply> {
    const path = request.segments.join('/');
    const asset = request.method === 'GET' ? serveAsset(path) : null;
    if (asset !== null) return asset;
    if (path === METADATA_PATH) return describe(issuer, `${origin}/sign-in`, signingKey);
    if (path === 'sign-in' && request.method === 'GET') {
      return ask(loadDirectory(options.file), request.query);
    }
    if (path === 'sign-in' && request.method === 'POST') {
      const fields = new URLSearchParams(request.body.toString('utf8'));
      return signIn(loadDirectory(options.file), fields, issuer, signingKey);
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
    close: () => stopListening(server),
  };
}

function refuse(status: number, sentence: string): Reply {
  return renderReply(status, showProblem(sentence));
}

/** Offers all enabled users; the next page refuses those who are not assigned. */
async function ask(directory: Directory, query: URLSearchParams): Promise<Reply> {
  const encoded = query.get('SAMLRequest') ?? '';
  const problem = await findProblem(directory, encoded);
  if (problem !== null) return refuse(400, problem);
  const people = directory.users.filter(({ accountEnabled, deleted }) => accountEnabled && !deleted);
  return renderReply(
    200,
    showPeople(directory.application.name, people, encoded, query.get('RelayState') ?? ''),
  );
}

async function signIn(
  directory: Directory,
  fields: URLSearchParams,
  issuer: string,
  signingKey: SigningKey,
): Promise<Reply> {
  const encoded = fields.get('SAMLRequest') ?? '';
  const problem = await findProblem(directory, encoded);
  if (problem !== null) return refuse(400, problem);
  const { saml, name } = directory.application;
  const person = directory.users.find(({ userPrincipalName }) => userPrincipalName === fields.get('who'));
  if (person === undefined || person.deleted || !person.accountEnabled) {
    return refuse(403, 'There is no such account, or it is disabled.');
  }
  if (!listAssignedPeople(directory).includes(person)) {
    return refuse(
      403,
      `${person.userPrincipalName} is not assigned to ${name}: add the person under Users and groups.`,
    );
  }
  const { id = '' } = await readRequest(encoded);
  const response = await makeResponse(saml, person, id, issuer, signingKey);
  const page = showWayBack(
    saml.reply_url,
    Buffer.from(response).toString('base64'),
    fields.get('RelayState') ?? '',
  );
  return renderReplyTo(new URL(saml.reply_url).origin, page);
}

/** Why the application's SAML page does not fit the request; null if it does. */
async function findProblem({ application: { saml } }: Directory, encoded: string): Promise<string | null> {
  const { issuer = '', assertionConsumerServiceURL = '' } = await readRequest(encoded);
  if (issuer !== saml.identifier) {
    return `No application has the Identifier ${issuer}: enter it on the SAML page (saml identifier).`;
  }
  if (assertionConsumerServiceURL !== saml.reply_url) {
    return `The Reply URL ${assertionConsumerServiceURL} is not that of the application: enter it on the SAML page (saml reply-url).`;
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
