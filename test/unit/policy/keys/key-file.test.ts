import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AcceptedKey, NodeFacts } from '../../../../src/policy/model.ts';
import { issueCredentials } from '../../../../src/policy/keys/credential.ts';
import { renderExpiry, renderKeyFile } from '../../../../src/policy/keys/key-file.ts';
import { anyText } from '../../../support/records/any-text.ts';

const UTC = { zulu: true, timeZone: 'UTC' };
const AT = Date.UTC(2026, 10, 24, 12, 0, 0) / 1000;

function key(name: string): AcceptedKey {
  return { type: 'ssh-ed25519', base64: `AAAA${name}`, fingerprint: `SHA256:${name}` };
}

test('a file has one line a key, sorted by fingerprint: expiry, type, blob, SCIM id', () => {
  expect(renderKeyFile(issueCredentials([key('b'), key('a')], '2819c223-7f76', AT), UTC)).toBe(
    'expiry-time="20261124120000Z" ssh-ed25519 AAAAa 2819c223-7f76\n' +
      'expiry-time="20261124120000Z" ssh-ed25519 AAAAb 2819c223-7f76\n',
  );
});

test('without an expiry a line has no option, and without keys there is no line', () => {
  expect(renderKeyFile(issueCredentials([key('a')], 'id', null), UTC)).toBe('ssh-ed25519 AAAAa id\n');
  expect(renderKeyFile(issueCredentials([], 'id', AT), UTC)).toBe('');
});

test('a long file starts with an empty line for the helper, a short one does not', () => {
  const long = { ...key('x'), base64: 'A'.repeat(800) };
  expect(renderKeyFile(issueCredentials([long], 'id', AT), UTC)).not.toMatch(/^\n/);
  expect(
    renderKeyFile(issueCredentials([long, { ...long, fingerprint: 'SHA256:y' }], 'id', AT), UTC),
  ).toMatch(/^\nexpiry-time/);
});

test('nothing of a hostile SCIM id reaches the file but safe characters, and two ids stay two', () => {
  fc.assert(
    fc.property(anyText, (scimId) => {
      const text = renderKeyFile(issueCredentials([key('a')], scimId, null), UTC);
      expect(text).toMatch(/^ssh-ed25519 AAAAa [A-Za-z0-9._-]{1,77}\n$/);
    }),
  );
  const owner = (scimId: string): string => renderKeyFile(issueCredentials([key('a')], scimId, null), UTC);
  expect(owner('a b')).not.toBe(owner('a\nb'));
  expect(owner('x'.repeat(100))).not.toBe(owner('x'.repeat(101)));
});

test('an expiry that is no time, or out of range, is one that sshd refuses, or far away', () => {
  expect(renderExpiry(Number.NaN, UTC)).toBe('19700102000000Z');
  expect(renderExpiry(-5, UTC)).toBe('19700102000000Z');
  expect(renderExpiry(1e15, UTC)).toMatch(/^9999\d{10}Z$/);
});

test('a second begun counts as a whole one', () => {
  expect(renderExpiry(AT + 0.2, UTC)).toBe('20261124120001Z');
});

test('in a zone that is not known the expiry is late rather than early', () => {
  expect(renderExpiry(AT, { zulu: false, timeZone: 'Mars/Olympus' })).toBe('20261125030000');
});

test('an expiry in local time is late by an hour more than the largest offset of the zone within half a year', () => {
  const local = (timeZone: string): string => renderExpiry(AT, { zulu: false, timeZone });
  expect(local('Europe/Berlin')).toBe('20261124150000');
  expect(local('America/Los_Angeles')).toBe('20261124060000');
  expect(local('Asia/Kathmandu')).toBe('20261124184500');
  for (const zone of ['UTC', 'Etc/UTC', 'GMT', 'Universal']) expect(local(zone)).toBe('20261124120000');
});

test('the end of a grant is the last second before it, by no reading later', () => {
  const end = (expiresAt: number, style: NodeFacts['expiry']): string | undefined =>
    /expiry-time="(\d+Z?)"/.exec(
      renderKeyFile(
        issueCredentials([key('a')], 'id', expiresAt).map((one) => ({ ...one, isEnd: true })),
        style,
      ),
    )?.[1];
  expect(end(AT, UTC)).toBe('20261124115959Z');
  expect(end(AT + 0.5, UTC)).toBe('20261124115959Z');
  expect(end(AT, { zulu: false, timeZone: 'Europe/Berlin' })).toBe('20261124125959');
  expect(end(AT, { zulu: false, timeZone: 'America/Los_Angeles' })).toBe('20261124035959');
  expect(end(AT, { zulu: false, timeZone: 'Mars/Olympus' })).toBe('20261123235959');
  expect(end(-5, UTC)).toBe('19700102000000Z');
  expect(end(1e15, UTC)).toMatch(/^9999\d{10}Z$/);
});
