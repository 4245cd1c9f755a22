// SAML SSO of the console: entering the Metadata URL, Test, Deploy SSO, and sign-ins from here or from the identity provider.
import { randomUUID } from 'node:crypto';
import { ScimError } from '../protocol/scim-error.ts';
import type { Assertion, Claims } from './claims.ts';
import { fetchMetadata } from './fetch-metadata.ts';
import { createOpenRequests, createUsedAssertions, type OpenRequest, type Purpose } from './open-requests.ts';
import type { ServiceProvider } from './service-provider.ts';
import type { SamlProvider, SsoState } from './sso-state.ts';
import { readEnvelope } from './xml.ts';

/** A sign-in that was believed. */
export interface FinishedSignIn {
  /** `unsolicited`: it began at the identity provider. */
  readonly purpose: Purpose | 'unsolicited';
  readonly claims: Claims;
  /** Path of the console; null: the first page. */
  readonly returnTo: string | null;
}

/** How the last *Test* ended. */
export type TestResult =
  | { readonly at: string; readonly claims: Claims; readonly problem: null }
  | { readonly at: string; readonly claims: null; readonly problem: string };

export interface Sso {
  readonly acsUrl: string;
  readonly entityId: string;
  /** Null until a Metadata URL was entered. */
  state(): SsoState | null;
  /** Null until a *Test* ended since the start. */
  lastTest(): TestResult | null;
  /**
   * Reads the metadata. While SSO is deployed new certificates of the same identity provider count at once, and
   * another identity provider becomes the candidate, which is tested and deployed beside the one in use.
   * @returns what became of it.
   */
  configure(metadataUrl: string): Promise<'entered' | 'rotated' | 'candidate'>;
  /** Forgets the candidate. */
  dismiss(): void;
  /**
   * Begins a sign-in of one browser.
   * @returns where the browser goes, at the identity provider.
   * @throws ScimError 409 while it is not configured, or not deployed (`sign-in`).
   */
  begin(purpose: Purpose, browser: string, returnTo: string | null): Promise<string>;
  /**
   * Ends it with the response that the browser posted; each request has one answer, each assertion one use.
   * @throws ScimError 403 for a response that is refused, or that another browser asked for.
   */
  finish(response: string, browser: string | null): Promise<FinishedSignIn>;
  /** Whether the response answers a *Test* of this browser, as far as can be told before it is verified. */
  isTest(response: string, browser: string | null): boolean;
  noteFailedTest(problem: string): void;
  /** @throws ScimError 409 while it is not configured. */
  deploy(): void;
  restore(state: SsoState | null): void;
}

/** Milliseconds between two readings of the metadata that bad signatures ask for. */
const REFRESH_EVERY = 10_000;

/**
 * @param consoleUrl where the console is; the ACS URL and the Entity ID lie below it.
 * @param now epoch milliseconds.
 */
export function createSso(consoleUrl: string, now: () => number): Sso {
  return new SamlSso(consoleUrl, now);
}

class SamlSso implements Sso {
  readonly acsUrl: string;
  readonly entityId: string;
  readonly #now: () => number;
  readonly #requests;
  readonly #used;
  #state: SsoState | null = null;
  #lastTest: TestResult | null = null;
  #refreshed = Number.NEGATIVE_INFINITY;

  constructor(consoleUrl: string, now: () => number) {
    this.acsUrl = `${consoleUrl}/saml/acs`;
    this.entityId = `${consoleUrl}/saml/metadata`;
    this.#now = now;
    this.#requests = createOpenRequests(now);
    this.#used = createUsedAssertions(now);
  }

  state(): SsoState | null {
    return this.#state;
  }

  lastTest(): TestResult | null {
    return this.#lastTest;
  }

  async configure(metadataUrl: string): Promise<'entered' | 'rotated' | 'candidate'> {
    const provider = await fetchMetadata(metadataUrl);
    const state = this.#state;
    if (state !== null && provider.entityId === state.provider.entityId) {
      this.#state = { ...state, metadataUrl, provider, candidate: null };
      return 'rotated';
    }
    if (state?.isDeployed === true) {
      this.#state = { ...state, candidate: { metadataUrl, provider, tested: null } };
      return 'candidate';
    }
    this.#state = { metadataUrl, provider, tested: null, isDeployed: false, candidate: null };
    return 'entered';
  }

  dismiss(): void {
    if (this.#state !== null) this.#state = { ...this.#state, candidate: null };
  }

  async begin(purpose: Purpose, browser: string, returnTo: string | null): Promise<string> {
    const { provider, candidate, isDeployed } = this.#requireState();
    if (purpose === 'sign-in' && !isDeployed) {
      const hint = 'an administrator chooses Deploy SSO on the page SAML SSO';
      throw new ScimError(409, null, `SAML SSO is not deployed: ${hint}`);
    }
    // An NCName does not begin with a digit (SAML core section 1.3.4).
    const requestId = `_${randomUUID()}`;
    const asked = purpose === 'test' ? (candidate?.provider ?? provider) : provider;
    const url = await (await this.#open(asked)).makeRequest(requestId);
    this.#requests.add(requestId, { purpose, browser, begun: this.#now(), returnTo });
    return url;
  }

  async finish(response: string, browser: string | null): Promise<FinishedSignIn> {
    const { candidate, isDeployed } = this.#requireState();
    const isCandidate = candidate !== null && readEnvelope(response).issuer === candidate.provider.entityId;
    const allowsUnsolicited = isDeployed && !isCandidate;
    const { requestId, assertion } = await this.#read(response, isCandidate, allowsUnsolicited);
    const request = requestId === null ? null : this.#requests.find(requestId);
    if (requestId !== null) this.#requests.remove(requestId);
    this.#check(request, requestId, browser, isCandidate);
    if (!this.#used.use(assertion.id, assertion.expires)) {
      throw refuse('this response was used already. Begin the sign-in again');
    }
    const purpose = request?.purpose ?? 'unsolicited';
    if (purpose !== 'sign-in') this.#noteSuccess(assertion.claims, isCandidate, purpose === 'test');
    return { purpose, claims: assertion.claims, returnTo: request?.returnTo ?? null };
  }

  isTest(response: string, browser: string | null): boolean {
    const { inResponseTo } = readEnvelope(response);
    const request = inResponseTo === null ? null : this.#requests.find(inResponseTo);
    return request?.purpose === 'test' && request.browser === browser;
  }

  noteFailedTest(problem: string): void {
    this.#lastTest = { at: this.#stamp(), claims: null, problem };
  }

  deploy(): void {
    const { candidate, ...state } = this.#requireState();
    this.#state = { ...state, ...candidate, isDeployed: true, candidate: null };
  }

  restore(state: SsoState | null): void {
    this.#state = state;
  }

  #stamp(): string {
    return new Date(this.#now()).toISOString();
  }

  #requireState(): SsoState {
    if (this.#state === null)
      throw new ScimError(409, null, 'SAML SSO is not configured: enter the Metadata URL first');
    return this.#state;
  }

  /** The library is loaded by the first sign-in, not by each testbed that a test starts. */
  async #open(provider: SamlProvider): Promise<ServiceProvider> {
    const { createServiceProvider } = await import('./service-provider.ts');
    return createServiceProvider(provider, this.entityId, this.acsUrl);
  }

  /** After a rotation the certificates of the Metadata URL verify what the known ones do not. */
  async #read(
    response: string,
    isCandidate: boolean,
    allowsUnsolicited: boolean,
  ): Promise<{ readonly requestId: string | null; readonly assertion: Assertion }> {
    const isOpen = (id: string): boolean => this.#requests.find(id) !== null;
    const read = async (): ReturnType<ServiceProvider['readResponse']> => {
      const { provider, candidate } = this.#requireState();
      const service = await this.#open(isCandidate ? (candidate?.provider ?? provider) : provider);
      return service.readResponse(response, isOpen, allowsUnsolicited);
    };
    try {
      return await read();
    } catch (error) {
      const { SignInRefusal } = await import('./service-provider.ts');
      const isSignature = error instanceof SignInRefusal && error.isSignature;
      if (!isSignature || isCandidate || !(await this.#refresh())) throw error;
      return read();
    }
  }

  /** @returns whether the metadata brought other certificates of the same identity provider. */
  async #refresh(): Promise<boolean> {
    if (this.#now() - this.#refreshed < REFRESH_EVERY) return false;
    this.#refreshed = this.#now();
    const { metadataUrl, provider } = this.#requireState();
    const newer = await fetchMetadata(metadataUrl).catch(() => null);
    const isSame = newer === null || newer.certificates.join() === provider.certificates.join();
    if (isSame || newer.entityId !== provider.entityId) return false;
    this.#state = { ...this.#requireState(), provider: newer };
    return true;
  }

  #check(
    request: OpenRequest | null,
    requestId: string | null,
    browser: string | null,
    isCandidate: boolean,
  ): void {
    // Or else a user could sign another person in as himself, and be shown what that person then enters.
    if (requestId !== null && (request === null || request.browser !== browser)) {
      throw refuse('it was begun in another browser. Begin it again here');
    }
    if (isCandidate && request?.purpose !== 'test') {
      throw refuse(
        'this identity provider was entered, but is not deployed. An administrator chooses Deploy SSO',
      );
    }
  }

  #noteSuccess(claims: Claims, isCandidate: boolean, isTest: boolean): void {
    const tested = { at: this.#stamp(), email: claims.email };
    if (isTest) this.#lastTest = { at: tested.at, claims, problem: null };
    const { candidate, ...state } = this.#requireState();
    this.#state =
      isCandidate && candidate !== null
        ? { ...state, candidate: { ...candidate, tested } }
        : { ...state, candidate, tested };
  }
}

function refuse(why: string): ScimError {
  return new ScimError(403, null, `The sign-in was refused: ${why}.`);
}
