// Private keys that reach the store by mistake: no byte of them is stored or logged, whatever surrounds them.
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { dropPrivateKeys, redactPrivateKeys } from '../../../../src/testbed/keys/private-keys.ts';
import { createOrganisation } from '../../../../src/testbed/protocol/resources/organisation.ts';
import { COREWEAVE_USER_SCHEMA } from '../../../../src/testbed/protocol/discovery/schemas.ts';
import { createRequestLog } from '../../../../src/testbed/request-log.ts';

const PUBLIC = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKYSfdhgmDy/uQyovF3cuPzExqY2T6Yn2vjwqG3USrbb';
const SECRET = 'U0VDUkVUU0VDUkVUU0VDUkVU';

function text(part: Buffer | string): Buffer {
  const bytes = Buffer.from(part);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A file of OpenSSH's own format (PROTOCOL.key) with this public half, and a secret in place of the private one. */
function makePrivateKey(): string {
  const blob = Buffer.from(PUBLIC.split(' ')[1] ?? '', 'base64');
  const count = Buffer.from([0, 0, 0, 1]);
  const head = [Buffer.from('openssh-key-v1\0'), text('none'), text('none'), text(''), count, text(blob)];
  const body = Buffer.concat([...head, text(Buffer.from(SECRET, 'base64'))]).toString('base64');
  const lines = body.match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join(
    '\n',
  );
}

const KEY = makePrivateKey();
const BODY = KEY.split('\n').slice(1, -2);
const FINGERPRINT = `SHA256:${createHash('sha256')
  .update(Buffer.from(PUBLIC.split(' ')[1] ?? '', 'base64'))
  .digest('base64')
  .replace(/=+$/, '')}`;

const FORMS: readonly (readonly [string, string])[] = [
  ['as it is in its file', KEY],
  ['on one line', KEY.replaceAll('\n', ' ')],
  ['with a literal \\n between its lines', KEY.replaceAll('\n', '\\n')],
  ['without its last line', KEY.replace(/-----END.*/s, '')],
  ['without its first line', KEY.replace(/^-----BEGIN.*\n/, '')],
  ['of the old format', KEY.replaceAll('OPENSSH', 'RSA')],
  ['of PuTTY', `PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\n${BODY.join('\n')}\nPrivate-MAC: 0a1b`],
  ['after a public key', `${PUBLIC} alice@laptop\n${KEY}`],
];

function expectNoSecret(shown: unknown): void {
  const where = JSON.stringify(shown);
  for (const line of BODY) expect(where).not.toContain(line);
}

it.each(FORMS)(
  'a private key %s is not stored, and raises an alarm until the keys are pushed anew',
  (_how, value) => {
    const organisation = createOrganisation({ now: () => 0 });
    const { id, resource, served } = organisation.create('User', {
      userName: 'alice@example.com',
      [COREWEAVE_USER_SCHEMA]: { sunkSshKeys: value },
    });
    expectNoSecret([resource, served, organisation.dump()]);
    expect(organisation.leaks().get(id)).toMatchObject({ at: '1970-01-01T00:00:00.000Z' });
    const patch = (path: string, value: string): void =>
      void organisation.patch('User', id, { Operations: [{ op: 'replace', path, value }] });
    patch('title', 'a title says nothing about the keys');
    expect(organisation.leaks().size).toBe(1);
    patch(`${COREWEAVE_USER_SCHEMA}:sunkSshKeys`, PUBLIC);
    expect(organisation.leaks().size).toBe(0);
  },
);

it('says which pair is compromised, and keeps the public keys beside the private one', () => {
  const { resource, leak } = dropPrivateKeys({ keys: [`${PUBLIC} laptop\n${KEY}`], other: KEY }, 'now');
  expect(resource).toEqual({ keys: [PUBLIC] });
  expect(leak).toEqual({ at: 'now', fingerprint: FINGERPRINT });
});

it.each(FORMS)('a private key %s is not logged, in any spelling of JSON', (_how, value) => {
  const log = createRequestLog(() => 0);
  const plain = JSON.stringify({ a: `x${'y'.repeat(1900)}`, sunkSshKeys: value, after: 'kept' });
  const escaped = plain.replaceAll('-', '\\u002d').replaceAll('b', '\\u0062');
  for (const body of [plain, escaped]) {
    const request = { method: 'POST', target: '/', segments: [], query: new URLSearchParams(), headers: {} };
    const answer = { status: 400, headers: {}, body };
    log.add({ ...request, body: Buffer.from(body) }, null, answer);
  }
  expectNoSecret(log.list());
  expect(redactPrivateKeys(JSON.stringify({ key: value, after: 'kept' }))).toContain('"after":"kept"');
});

it('a careless service can be had: then the key is stored as it came', () => {
  const organisation = createOrganisation({ storesPrivateKeys: () => true });
  const { resource } = organisation.create('User', {
    userName: 'a',
    [COREWEAVE_USER_SCHEMA]: { sunkSshKeys: KEY },
  });
  expect(JSON.stringify(resource)).toContain(BODY[0]);
  expect(organisation.leaks().size).toBe(0);
});
