// The key pair with which the identity provider signs, and its self-signed certificate.
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import sshpk from 'sshpk';

/** Both as PEM. */
export interface SigningKey {
  readonly key: string;
  readonly certificate: string;
}

const LIFETIME_SECONDS = 3 * 365 * 24 * 3600;

export function makeSigningKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const subject = sshpk.identityFromDN('CN=Rehearsal identity provider');
  const certificate = sshpk.createSelfSignedCertificate(subject, sshpk.parsePrivateKey(key, 'pem'), {
    lifetime: LIFETIME_SECONDS,
  });
  return { key, certificate: `${certificate.toString('pem').trimEnd()}\n` };
}

/**
 * The pair that the file keeps, or a new one that is written there.
 * @param file PEM, the key first; null: a new pair at each start.
 * @throws Error for a file with something else in it.
 */
export function openSigningKey(file: string | null): SigningKey {
  if (file === null) return makeSigningKey();
  if (!existsSync(file)) {
    const made = makeSigningKey();
    writeFileSync(file, made.key + made.certificate, { mode: 0o600, flag: 'wx' });
    return made;
  }
  const text = readFileSync(file, 'utf8');
  const at = text.indexOf('-----BEGIN CERTIFICATE-----');
  const [key, certificate] = [text.slice(0, Math.max(at, 0)), text.slice(Math.max(at, 0))];
  try {
    if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) return { key, certificate };
  } catch (cause) {
    throw new Error(`${file} has no private key followed by its certificate`, { cause });
  }
  throw new Error(`${file}: the certificate is not that of the key`);
}
