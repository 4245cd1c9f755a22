// Fetches the metadata of an identity provider; each failure names what can be done about it.
import { ScimError } from '../protocol/scim-error.ts';
import { isAcceptableUrl, parseMetadata } from './idp-metadata.ts';
import type { SamlProvider } from './sso-state.ts';

const MAX_BYTES = 1024 * 1024;
const TIMEOUT_MS = 10_000;

/**
 * Fetches and reads the metadata.
 * @throws ScimError 400 for an address that is not https (loopback may do without), 502 for no usable answer.
 */
export async function fetchMetadata(url: string): Promise<SamlProvider> {
  if (!isAcceptableUrl(url)) {
    throw new ScimError(
      400,
      'invalidValue',
      'The Metadata URL must be an https URL; on loopback http will do. Copy the App Federation Metadata URL of the identity provider.',
    );
  }
  let text: string;
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    text = await readBounded(response);
    if (!response.ok) {
      throw new Error(`it answered ${response.status}`);
    }
  } catch (cause) {
    throw new ScimError(502, null, `The Metadata URL ${url} cannot be read: ${explain(cause, url)}.`, {
      cause,
    });
  }
  return parseMetadata(text);
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES)
      throw new Error(`it has more than ${MAX_BYTES} bytes, which is no metadata of one application`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** By the code of the failure below fetch's own "fetch failed". */
const REASONS: readonly (readonly [RegExp, (host: string) => string])[] = [
  [
    /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)$/,
    (host) =>
      `nothing listens at ${host}; start the identity provider (here: npm run idp), or copy its URL again`,
  ],
  [
    /^(ENOTFOUND|EAI_AGAIN)$/,
    (host) => `there is no host ${host}; compare the name with the identity provider`,
  ],
  [
    /^(TimeoutError|ETIMEDOUT|UND_ERR_\w*TIMEOUT)$/,
    (host) =>
      `${host} did not answer in ${TIMEOUT_MS / 1000} s; check the network between the two, and try again`,
  ],
  [/^(ECONNRESET|UND_ERR_SOCKET|EPIPE)$/, (host) => `${host} ended the connection; try again`],
  [
    /CERT|SELF_SIGNED|ERR_TLS|UNABLE_TO_(GET|VERIFY)|HOSTNAME_MISMATCH/,
    (host) =>
      `the TLS certificate of ${host} is not trusted; its administrator must renew it, or use the public name`,
  ],
];

function explain(cause: unknown, url: string): string {
  const { host } = new URL(url);
  for (let error: unknown = cause; error instanceof Error; error = error.cause) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
    const [, say] = REASONS.find(([pattern]) => pattern.test(code)) ?? [];
    if (say !== undefined) return say(host);
    if (/redirect/.test(error.message))
      return 'it answers with a redirect; enter the address that it leads to';
  }
  const { message } =
    cause instanceof Error && cause.cause instanceof Error ? cause.cause : new Error(String(cause));
  return `${message.replace(/^Error: /, '')}; compare the URL with that of the identity provider`;
}
