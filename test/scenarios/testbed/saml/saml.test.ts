// SAML SSO against an attacker: every response that is less than sound is refused, and says why.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  loadDirectory,
  saveDirectory,
  type Directory,
} from '../../../../src/testbed/identity-provider/directory.ts';
import { makeSigningKey } from '../../../../src/testbed/identity-provider/saml/key-pair.ts';
import {
  startSamlProvider,
  type SamlProvider,
} from '../../../../src/testbed/identity-provider/saml/provider.ts';
import { makeResponse } from '../../../../src/testbed/identity-provider/saml/sign-in-response.ts';
import { makeSampleDirectory } from '../../../../src/testbed/identity-provider/sample-directory.ts';
import type { Testbed } from '../../../../src/testbed/service.ts';
import {
  enter,
  openWindow,
  startConsole,
  type Answer,
  type Window,
} from '../../../support/testbed/browser-client.ts';

const STRANGER = makeSigningKey();

let scratch: string;
let provider: SamlProvider;
let testbed: Testbed;
let origin: string;
let directory: Directory;
/** The administrator's window; each sign-in begins in it. */
let window: Window;

beforeEach(async () => {
  scratch = mkdtempSync(path.join(tmpdir(), 'saml-'));
  const file = path.join(scratch, 'directory.yaml');
  ({ testbed, origin } = await startConsole({ now: () => Date.now() }));
  directory = makeSampleDirectory();
  directory.application.saml = {
    identifier: `${origin}/console/saml/metadata`,
    reply_url: `${origin}/console/saml/acs`,
    claims: { first_name: 'givenName', last_name: 'surname', email: 'mail' },
    signing: 'both',
  };
  directory.application.assigned = ['coreweave-users'];
  saveDirectory(file, directory);
  provider = await startSamlProvider({ file });
  window = await enter(testbed);
  await window.submit('/console/saml-sso', '/console/saml-sso/metadata', { url: provider.metadataUrl });
});

afterEach(async () => {
  vi.useRealTimers();
  await provider.close();
  rmSync(scratch, { recursive: true });
});

/** Begins a sign-in. @returns the id of its request. */
async function begin(path = '/console/saml-sso/test', from = window): Promise<string> {
  const { location } = await from.get(path);
  const { inflateRawSync } = await import('node:zlib');
  const encoded = new URL(location ?? '').searchParams.get('SAMLRequest') ?? '';
  const xml = inflateRawSync(Buffer.from(encoded, 'base64')).toString();
  expect(xml).toContain(`AssertionConsumerServiceURL="${origin}/console/saml/acs"`);
  return /\bID="([^"]+)"/.exec(xml)?.[1] ?? '';
}

type Changes = NonNullable<Parameters<typeof makeResponse>[5]>;

const person = (name = 'alice'): Directory['users'][number] =>
  directory.users.find(({ userPrincipalName }) => userPrincipalName === `${name}@example.com`)!;

async function make(requestId: string, changes: Changes = {}, key = provider.signingKey): Promise<string> {
  return makeResponse(directory.application.saml, person(), requestId, provider.issuer, key, changes);
}

const post = (xml: string, from = window): Promise<Answer> =>
  from.post('/console/saml/acs', { SAMLResponse: Buffer.from(xml).toString('base64') });

const readAlert = (text: string): string => /role="alert"[^>]*>([^<]*)/.exec(text)?.[1]?.trim() ?? '';

/** The sentence of a refusal, of which a *Test* has a page of its own; fails for anything else. */
async function refusal(answer: Promise<Answer> | Answer): Promise<string> {
  const { status, text, headers, location } = await answer;
  if (location === '/console/saml-sso/tested') {
    const page = await window.get(location);
    expect(page.text).toContain('<h1>Test failed</h1>');
    return readAlert(page.text);
  }
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(headers.get('set-cookie') ?? '').not.toContain('console-');
  return readAlert(text);
}

/** The page that a *Test* leads to. */
async function tested(answer: Promise<Answer>): Promise<string> {
  expect(await answer).toMatchObject({ status: 303, location: '/console/saml-sso/tested' });
  return (await window.get('/console/saml-sso/tested')).text;
}

async function deploy(): Promise<void> {
  await post(await make(await begin()));
  await window.submit('/console/saml-sso', '/console/saml-sso/deploy', {});
}

async function push(body: object): Promise<string> {
  const response = await fetch(`${testbed.baseUrl}/Users`, {
    method: 'POST',
    headers: { authorization: `Bearer ${testbed.token}`, 'content-type': 'application/scim+json' },
    body: JSON.stringify(body),
  });
  return ((await response.json()) as { id: string }).id;
}

describe('a response', () => {
  it('is believed with both parts signed, in answer to a request of this browser', async () => {
    const shown = /Test passed[^]*Alice[^]*Ashby[^]*alice@example.com/;
    expect(await tested(post(await make(await begin())))).toMatch(shown);
    // A reload shows it again.
    expect((await window.get('/console/saml-sso/tested')).text).toMatch(shown);
  });

  it.each([
    ['the response unsigned', { signResponse: false }, /the response is not signed/],
    ['the assertion unsigned', { signAssertion: false }, /the assertion is not signed/],
    ['nothing signed', { signAssertion: false, signResponse: false }, /the response is not signed/],
    ['another audience', { audience: 'https://other.example' }, /for another Entity ID/],
    ['another recipient', { recipient: 'https://other.example/acs' }, /not for the ACS URL/],
    ['another destination', { destination: 'https://other.example/acs' }, /Destination is not the ACS URL/],
    ['another issuer', { issuer: 'https://other.example/' }, /the issuer is/],
    ['an assertion that has expired', { lifetimeInSeconds: -120 }, /has expired/],
    ['SHA-1', { signatureAlgorithm: 'rsa-sha1', digestAlgorithm: 'sha1' }, /SHA-256 or better/],
  ] satisfies [string, Changes, RegExp][])('is refused with %s', async (_what, changes, sentence) => {
    expect(await refusal(post(await make(await begin(), changes)))).toMatch(sentence);
  });

  it('is refused with a stranger’s key, in either part', async () => {
    expect(await refusal(post(await make(await begin(), {}, STRANGER)))).toMatch(
      /the response is not signed/,
    );
    const inner = await make(await begin(), { signResponse: false }, STRANGER);
    expect(await refusal(post(inner))).toMatch(/not signed/);
  });

  it('is refused a second time, and so is every other answer to that request', async () => {
    const id = await begin();
    const xml = await make(id);
    expect(await tested(post(xml))).toContain('Test passed');
    await begin();
    expect(await refusal(post(xml))).toMatch(/answered already/);
    expect(await refusal(post(await make(id)))).toMatch(/answered already/);
  });

  it('has one of two posts at once win', async () => {
    await deploy();
    await push({ userName: 'alice@example.com' });
    const own = openWindow(origin);
    const xml = await make(await begin('/console/sign-in/start', own));
    const answers = await Promise.all([post(xml, own), post(xml, own)]);
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
  });

  it('is refused where no one asked for one', async () => {
    await begin();
    expect(await refusal(post(await make('_made-up')))).toMatch(/no sign-in that waits/);
    expect(await refusal(post(await make('')))).toMatch(/no sign-in that waits|not for the ACS URL/);
  });

  it('is refused in another browser than the one that asked', async () => {
    const id = await begin();
    const other = openWindow(origin);
    const handed = await post(await make(id), other);
    expect(handed.text).toContain('data-submit');
    const again = { SAMLResponse: Buffer.from(await make(id)).toString('base64'), again: '1' };
    expect(await refusal(other.post('/console/saml/acs', again))).toMatch(/another browser/);
  });

  it('is refused before its time, and after a wait that is too long', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const start = Date.now();
    const id = await begin();
    vi.setSystemTime(start + 180_000);
    const early = await make(id);
    vi.setSystemTime(start);
    expect(await refusal(post(early))).toMatch(/not valid yet/);
    vi.setSystemTime(start + 11 * 60_000);
    expect(await refusal(post(await make(id)))).toMatch(/no sign-in that waits/);
  });

  it('is refused when it is no XML, has a DOCTYPE, or is a giant', async () => {
    await begin();
    expect(await refusal(post(''))).toMatch(/not well-formed/);
    expect(await refusal(post('<a><b></a>'))).toMatch(/not well-formed/);
    expect(await refusal(post('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'))).toMatch(/DOCTYPE/);
    expect(await refusal(post(`<a>${'x'.repeat(300_000)}</a>`))).toMatch(/too large/);
  });

  it.each(['first_name', 'last_name', 'email'])('is refused without the claim %s', async (claim) => {
    const { [claim]: _left, ...claims } = directory.application.saml.claims;
    directory.application.saml.claims = claims;
    expect(await refusal(post(await make(await begin())))).toContain(`no claim ${claim}`);
  });
});

/** Moves the signed assertion where it is not read, and puts an evil one where it is (signature wrapping). */
describe('signature wrapping', () => {
  const ASSERTION = /<saml:Assertion [^]*<\/saml:Assertion>/;

  /** The same assertion about another person, under an id of its own and without a signature. */
  function forge(xml: string): { genuine: string; evil: string } {
    const [genuine = ''] = ASSERTION.exec(xml) ?? [];
    const evil = genuine
      .replace(/<Signature[^]*?<\/Signature>/, '')
      .replace(/ID="[^"]+"/, 'ID="_evil"')
      .replaceAll('alice@example.com', 'carol@example.com');
    expect(evil).not.toBe(genuine);
    return { genuine, evil };
  }

  it.each([
    ['the evil one first', (g: string, e: string) => e + g],
    ['the evil one last', (g: string, e: string) => g + e],
    [
      'the genuine one inside the evil one',
      (g: string, e: string) => e.replace('</saml:Assertion>', `${g}</saml:Assertion>`),
    ],
    [
      'the evil one inside the genuine one',
      (g: string, e: string) => g.replace('</saml:Assertion>', `${e}</saml:Assertion>`),
    ],
    [
      'the genuine one in an extension',
      (g: string, e: string) => `<samlp:Extensions>${g}</samlp:Extensions>${e}`,
    ],
    [
      'the genuine one in an object of the signature of the evil one',
      (g: string, e: string) => {
        const [signature = ''] = /<Signature[^]*?<\/Signature>/.exec(g) ?? [];
        const wrapped = signature.replace(
          '</Signature>',
          `<Object>${g.replace(signature, '')}</Object></Signature>`,
        );
        return e.replace('</saml:Issuer>', `</saml:Issuer>${wrapped}`);
      },
    ],
    [
      'the same id twice',
      (g: string, e: string) => e.replace('_evil', /ID="([^"]+)"/.exec(g)?.[1] ?? '') + g,
    ],
    ['the evil one alone', (_g: string, e: string) => e],
  ])('is refused: %s', async (_how, arrange) => {
    for (const signResponse of [true, false]) {
      const xml = await make(await begin(), { signResponse });
      const { genuine, evil } = forge(xml);
      const answer = await post(xml.replace(ASSERTION, () => arrange(genuine, evil)));
      expect(await refusal(answer)).toMatch(/signed|signature/i);
      expect((await window.get('/console/saml-sso/tested')).text).not.toContain('carol');
    }
  });

  it('is refused: the signed response in an object of the signature of an evil one', async () => {
    const xml = await make(await begin());
    const { evil } = forge(xml);
    const [signature = ''] = /<Signature[^]*?<\/Signature>/.exec(xml) ?? [];
    const inner = xml.replace(signature, '');
    const wrapped = signature.replace('</Signature>', () => `<Object>${inner}</Object></Signature>`);
    const outer = xml
      .replace(ASSERTION, () => evil)
      .replace(/ID="[^"]+"/, 'ID="_outer"')
      .replace(signature, () => wrapped);
    expect(outer).toContain('<Object><samlp:Response');
    expect(await refusal(post(outer))).toMatch(/signed|signature/i);
  });

  it('does not cut an address at a comment', async () => {
    person().mail = 'alice@example.com.evil.example';
    const xml = await make(await begin());
    await post(xml.replaceAll('alice@example.com.evil', 'alice@example.com<!-- -->.evil'));
    const { text } = await window.get('/console/saml-sso/tested');
    expect(text).toMatch(/Test failed|alice@example\.com\.evil\.example/);
  });
});

it('reads a claim whose namespace was left in place', async () => {
  const namespace = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
  directory.application.saml.claims = {
    [`${namespace}/first_name`]: 'givenName',
    [`${namespace}/last_name`]: 'surname',
    [`${namespace}/email`]: 'mail',
  };
  expect(await tested(post(await make(await begin())))).toContain('Test passed');
});

describe('deploying', () => {
  const enterMetadata = (url: string): Promise<Answer> =>
    window.submit('/console/saml-sso', '/console/saml-sso/metadata', { url });

  it('needs no test, and survives new metadata of the same provider', async () => {
    await window.submit('/console/saml-sso', '/console/saml-sso/deploy', {});
    expect(await window.notice()).toBe('SSO is deployed.');
    await enterMetadata(provider.metadataUrl);
    expect((await openWindow(origin).get('/console')).text).toContain('Sign in with SSO');
  });

  it('keeps the deployed provider in use until another one is deployed, which only a test can ask', async () => {
    await deploy();
    await push({ userName: 'alice@example.com' });
    const other = await startSamlProvider({ file: path.join(scratch, 'directory.yaml') });
    const own = openWindow(origin);
    const answerAs = async (from: SamlProvider, id: string): Promise<string> =>
      makeResponse(directory.application.saml, person(), id, from.issuer, from.signingKey);
    const signIn = async (from: SamlProvider): Promise<Answer> =>
      post(await answerAs(from, await begin('/console/sign-in/start', own)), own);
    await enterMetadata(other.metadataUrl);
    expect(await window.notice()).toContain('The deployed one stays in use');
    expect(await signIn(provider)).toMatchObject({ status: 303, location: '/console/clusters' });
    expect(await refusal(signIn(other))).toMatch(/entered, but is not deployed/);
    expect(await tested(post(await answerAs(other, await begin())))).toContain('Test passed');
    await window.submit('/console/saml-sso', '/console/saml-sso/dismiss', {});
    expect(await refusal(signIn(other))).toMatch(/not signed with a certificate/);
    await enterMetadata(other.metadataUrl);
    await window.submit('/console/saml-sso', '/console/saml-sso/deploy', {});
    expect(await signIn(other)).toMatchObject({ status: 303 });
    expect(await refusal(signIn(provider))).toMatch(/not signed with a certificate/);
    await other.close();
  });

  it('survives a rotation of the certificate: a bad signature has the metadata read again, at most once in 10 s', async () => {
    await deploy();
    await push({ userName: 'alice@example.com' });
    const { port } = new URL(provider.metadataUrl);
    const signIn = async (key = provider.signingKey): Promise<Answer> => {
      const own = openWindow(origin);
      return post(await make(await begin('/console/sign-in/start', own), {}, key), own);
    };
    expect(await refusal(signIn(STRANGER))).toMatch(/not signed with a certificate/);
    await provider.close();
    provider = await startSamlProvider({ file: path.join(scratch, 'directory.yaml'), port: Number(port) });
    // The stranger's try a moment ago has used up the reading of these 10 s.
    expect(await refusal(signIn())).toMatch(/not signed with a certificate/);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11_000 });
    expect(await signIn()).toMatchObject({ status: 303, location: '/console/clusters' });
  });

  it('lets pushed users in without an invitation, whatever the case, and refuses all others with a reason', async () => {
    await deploy();
    const signIn = async (): Promise<Answer> => {
      const own = openWindow(origin);
      return post(await make(await begin('/console/sign-in/start', own)), own);
    };
    await push({ userName: 'bob@example.com' });
    expect(await refusal(signIn())).toContain('alice@example.com is no user of this organisation');
    const id = await push({ userName: 'Alice@Example.com' });
    expect(await signIn()).toMatchObject({ status: 303, location: '/console/clusters' });
    await push({ userName: 'other', emails: [{ value: 'alice@example.com' }] });
    expect(await refusal(signIn())).toContain('the address of 2 users');
    await fetch(`${testbed.baseUrl}/Users/${id}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${testbed.token}`, 'content-type': 'application/scim+json' },
      body: JSON.stringify({ userName: 'alice2', active: false }),
    });
    person().mail = 'alice2';
    expect(await refusal(signIn())).toContain('alice2 is inactive');
  });

  it('gives a user only what is his own', async () => {
    await deploy();
    await push({ userName: 'alice@example.com' });
    const bob = await push({ userName: 'bob@example.com' });
    const own = openWindow(origin);
    await post(await make(await begin('/console/sign-in/start', own)), own);
    expect((await own.get('/console/account')).status).toBe(200);
    for (const page of [
      'saml-sso',
      'saml-sso/test',
      'users',
      `users/${bob}`,
      'groups',
      'provisioning-log',
      'login-nodes',
    ]) {
      expect((await own.get(`/console/${page}`)).status).toBe(403);
    }
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKYSfdhgmDy/uQyovF3cuPzExqY2T6Yn2vjwqG3USrbb x';
    expect((await own.submit('/console/account', `/console/users/${bob}/keys/add`, { key })).status).toBe(
      403,
    );
    expect((await own.submit('/console/account', '/console/account/keys/add', { key })).status).toBe(303);
    expect(await own.notice()).toMatch(/^Added SHA256:/);
  });
});

describe('a sign-in that begins at the identity provider', () => {
  const makeUnsolicited = (changes: Changes = {}): Promise<string> =>
    makeResponse(directory.application.saml, person(), null, provider.issuer, provider.signingKey, changes);
  const again = async (xml: string, from: Window): Promise<Answer> =>
    from.post('/console/saml/acs', { SAMLResponse: Buffer.from(xml).toString('base64'), again: '1' });

  it('is refused until SSO is deployed', async () => {
    expect(await refusal(again(await makeUnsolicited(), openWindow(origin)))).toMatch(
      /no sign-in that waits/,
    );
  });

  it('leads a pushed user to Clusters, once', async () => {
    await deploy();
    await push({ userName: 'alice@example.com' });
    const xml = await makeUnsolicited();
    const own = openWindow(origin);
    expect(await again(xml, own)).toMatchObject({ status: 303, location: '/console/clusters' });
    expect((await own.get('/console/account')).status).toBe(200);
    expect(await refusal(again(xml, openWindow(origin)))).toMatch(/was used already/);
    expect((await window.get('/console/saml-sso')).text).toMatch(/passed[^]*as alice@example.com/);
  });

  it.each([
    ['without a signature', { signResponse: false }, /not signed/],
    ['in answer to a request of which no one knows', { inResponseTo: '_made-up' }, /no sign-in that waits/],
    ['after its time', { lifetimeInSeconds: -120 }, /has expired/],
    ['for another audience', { audience: 'https://other.example' }, /for another Entity ID/],
  ] satisfies [string, Changes, RegExp][])('is refused %s', async (_what, changes, sentence) => {
    await deploy();
    expect(await refusal(again(await makeUnsolicited(changes), openWindow(origin)))).toMatch(sentence);
  });

  it('makes a guest while no user was pushed, with Clusters alone; later only the user who was pushed stays', async () => {
    await deploy();
    const guest = openWindow(origin);
    expect(await again(await makeUnsolicited(), guest)).toMatchObject({ location: '/console/clusters' });
    expect((await guest.get('/console/clusters')).text).toMatch(
      /alice@example.com[^]*No user was pushed yet/,
    );
    for (const page of ['overview', 'users', 'account', 'saml-sso', 'scim-configuration'])
      expect([page, (await guest.get(`/console/${page}`)).status]).toEqual([page, 403]);
    await push({ userName: 'bob@example.com' });
    expect((await guest.get('/console/clusters')).status).toBe(401);
    await push({ userName: 'alice@example.com' });
    expect((await guest.get('/console/account')).status).toBe(200);
    expect((await guest.get('/console/users')).status).toBe(403);
  });

  it('ends neither the session of the local administrator nor that of another user', async () => {
    await deploy();
    expect(await again(await makeUnsolicited(), window)).toMatchObject({ location: '/console/clusters' });
    expect(await window.notice()).toContain('alice@example.com signed in from the identity provider');
    expect((await window.get('/console/overview')).status).toBe(200);
    await push({ userName: 'alice@example.com' });
    await push({ userName: 'bob@example.com' });
    const own = openWindow(origin);
    await again(await makeUnsolicited(), own);
    const bob = await makeResponse(
      directory.application.saml,
      person('bob'),
      null,
      provider.issuer,
      provider.signingKey,
    );
    expect(await refusal(again(bob, own))).toContain('Another user is signed in here');
    expect((await own.get('/console/clusters')).text).toContain('alice@example.com');
  });
});

it('leads from a deep link through the sign-in to that page, and never elsewhere', async () => {
  await deploy();
  await push({ userName: 'alice@example.com' });
  const own = openWindow(origin);
  const { text } = await own.get('/console/account?a=1');
  const [, link = ''] = /href="(\/console\/sign-in\/start[^"]*)"/.exec(text) ?? [];
  expect(await post(await make(await begin(link, own)), own)).toMatchObject({
    location: '/console/account?a=1',
  });
  for (const to of ['//evil.example', 'https://evil.example', '/\\evil.example', '/a\r\nset-cookie: x=y']) {
    const start = `/console/sign-in/start?to=${encodeURIComponent(to)}`;
    expect(await post(await make(await begin(start, own)), own)).toMatchObject({
      location: '/console/clusters',
    });
  }
});

it('names what can be done where the metadata cannot be read', async () => {
  const enterUrl = async (url: string): Promise<string> => {
    await window.submit('/console/saml-sso', '/console/saml-sso/metadata', { url });
    return window.notice();
  };
  const gone = await startSamlProvider({ file: path.join(scratch, 'directory.yaml') });
  await gone.close();
  expect(await enterUrl(gone.metadataUrl)).toMatch(
    /nothing listens at 127\.0\.0\.1:\d+; start the identity provider/,
  );
  expect(await enterUrl('http://127.0.0.1:1/metadata')).toContain('bad port; compare the URL');
  // The form keeps what was entered.
  await window.submit('/console/saml-sso', '/console/saml-sso/metadata', { url: gone.metadataUrl });
  expect((await window.get('/console/saml-sso')).text).toContain(`value="${gone.metadataUrl}"`);
  expect(await enterUrl(`${provider.metadataUrl}x`)).toContain('it answered 404');
});

it('fetches metadata from https and loopback only', async () => {
  for (const url of ['http://idp.example/metadata', 'file:///etc/passwd', 'not a URL']) {
    await window.submit('/console/saml-sso', '/console/saml-sso/metadata', { url });
    expect(await window.notice()).toContain('must be an https URL');
  }
});

it('refuses a sign-in at the identity provider by an account that is disabled, not assigned, or unknown', async () => {
  const { location } = await window.get('/console/saml-sso/test');
  const SAMLRequest = new URL(location ?? '').searchParams.get('SAMLRequest') ?? '';
  const file = path.join(scratch, 'directory.yaml');
  const idp = openWindow(new URL(provider.metadataUrl).origin);
  const signIn = (who: string): Promise<Answer> => idp.post('/sign-in', { SAMLRequest, who });
  expect((await signIn('alice@example.com')).text).toContain('name="SAMLResponse"');
  expect(await refusal(signIn('nobody@example.com'))).toContain('no such account');
  const changed = loadDirectory(file);
  changed.users[0]!.accountEnabled = false;
  changed.groups[0]!.members = ['alice@example.com'];
  saveDirectory(file, changed);
  expect(await refusal(signIn('alice@example.com'))).toContain('disabled');
  expect(await refusal(signIn('bob@example.com'))).toContain('not assigned to CoreWeave');
  changed.application.saml.reply_url = 'https://other.example/acs';
  saveDirectory(file, changed);
  expect(await refusal(signIn('alice@example.com'))).toContain('saml reply-url');
});
