// SAML SSO of the console: entering the Metadata URL, Test, Deploy SSO, and the sign-ins that wait for their answer.
import { randomUUID } from 'node:crypto';
import { ScimError } from '../protocol/scim-error.ts';
import type { Claims } from './claims.ts';
import { fetchMetadata } from './idp-metadata.ts';
import type { ServiceProvider } from './service-provider.ts';
import type { SsoState } from './sso-state.ts';

/** Why a browser was sent to the identity provider. */
export type Purpose = 'test' | 'sign-in';

export interface Sso {
  readonly acsUrl: string;
  readonly entityId: string;
  /** Null until a Metadata URL was entered. */
  state(): SsoState | null;
  /** Reads the metadata. New certificates of the same identity provider leave SSO deployed; another one ends it. */
  configure(metadataUrl: string): Promise<void>;
  /**
   * Begins a sign-in of one browser.
   * @returns where the browser goes, at the identity provider.
   * @throws ScimError 409 while it is not configured, or not deployed (`sign-in`).
   */
  begin(purpose: Purpose, browser: string): Promise<string>;
  /**
   * Ends it with the response that the browser posted; each request has one answer.
   * @throws ScimError 403 for a response that is not to be believed, or that another browser asked for.
   */
  finish(response: string, browser: string | null): Promise<{ purpose: Purpose; claims: Claims }>;
  /** @throws ScimError 409 while it is not configured. */
  deploy(): void;
  restore(state: SsoState | null): void;
}

interface Request {
  readonly purpose: Purpose;
  readonly browser: string;
  readonly begun: number;
}

/** Milliseconds in which a person has to sign in. */
const PATIENCE = 10 * 60_000;
const MAX_OPEN = 1000;

/**
 * @param consoleUrl where the console is; the ACS URL and the Entity ID lie below it.
 * @param now epoch milliseconds.
 */
export function createSso(consoleUrl: string, now: () => number): Sso {
  const acsUrl = `${consoleUrl}/saml/acs`;
  const entityId = `${consoleUrl}/saml/metadata`;
  const open = new Map<string, Request>();
  let state: SsoState | null = null;

  function isOpen(requestId: string): boolean {
    const request = open.get(requestId);
    return request !== undefined && now() - request.begun < PATIENCE;
  }

  function requireState(): SsoState {
    if (state === null)
      throw new ScimError(409, null, 'SAML SSO is not configured: enter the Metadata URL first');
    return state;
  }

  /** The library is loaded by the first sign-in, not by each testbed that a test starts. */
  async function openProvider(): Promise<ServiceProvider> {
    const { createServiceProvider } = await import('./service-provider.ts');
    return createServiceProvider(requireState().provider, entityId, acsUrl);
  }

  return {
    acsUrl,
    entityId,
    state: () => state,
    async configure(metadataUrl) {
      const provider = await fetchMetadata(metadataUrl);
      open.clear();
      // A rotation of certificates changes the provider, but not who it is.
      state =
        state !== null && provider.entityId === state.provider.entityId
          ? { ...state, metadataUrl, provider }
          : { metadataUrl, provider, tested: null, isDeployed: false };
    },
    async begin(purpose, browser) {
      if (purpose === 'sign-in' && !requireState().isDeployed) {
        throw new ScimError(
          409,
          null,
          'SAML SSO is not deployed: an administrator chooses Deploy SSO on the page SAML SSO',
        );
      }
      // An NCName does not begin with a digit (SAML core section 1.3.4).
      const requestId = `_${randomUUID()}`;
      const url = await (await openProvider()).makeRequest(requestId);
      open.set(requestId, { purpose, browser, begun: now() });
      const [oldest] = open.keys();
      if (open.size > MAX_OPEN && oldest !== undefined) open.delete(oldest);
      return url;
    },
    async finish(response, browser) {
      const { requestId, claims } = await (await openProvider()).readResponse(response, isOpen);
      const request = open.get(requestId);
      open.delete(requestId);
      // Or else a user could sign another person in as himself, and be shown what that person then enters.
      if (request === undefined || request.browser !== browser) {
        throw new ScimError(
          403,
          null,
          'The sign-in was refused: it was begun in another browser. Begin it again here.',
        );
      }
      if (request.purpose === 'test' && state !== null) {
        state = { ...state, tested: { at: new Date(now()).toISOString(), email: claims.email } };
      }
      return { purpose: request.purpose, claims };
    },
    deploy() {
      state = { ...requireState(), isDeployed: true };
    },
    restore(kept) {
      state = kept;
    },
  };
}
