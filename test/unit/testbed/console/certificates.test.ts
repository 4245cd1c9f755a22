// The signing certificates of the identity provider: how long each is good, and from when on that is an alarm.
import { X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { describeCertificates } from '../../../../src/testbed/console/certificates.ts';
import { makeSigningKey } from '../../../../src/testbed/identity-provider/saml/key-pair.ts';

const { certificate } = makeSigningKey();
const { validFromDate, validToDate } = new X509Certificate(certificate);
const provider = {
  entityId: 'https://idp.example/',
  signOnUrl: 'https://idp.example/sign-in',
  certificates: [certificate.replaceAll(/-----[A-Z ]+-----|\s/g, '')],
};
const DAY = 86_400_000;

it.each([
  ['good', validToDate.getTime() - 31 * DAY, true],
  ['soon', validToDate.getTime() - 29 * DAY, false],
  ['expired', validToDate.getTime() + 1, false],
  ['not yet', validFromDate.getTime() - 2 * DAY, false],
] as const)('is %s', (state, now, isGood) => {
  expect(describeCertificates(provider, now)).toMatchObject([{ state, isGood }]);
});
