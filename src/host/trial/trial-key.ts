// A key pair for one trial login, of the kind that the user's own key is.
import { generateKeyPairSync } from 'node:crypto';
import sshpk from 'sshpk';
import type { Credential } from '../../policy/model.ts';
import { readKeys } from '../../policy/keys/ssh-key.ts';

export interface TrialKey {
  /** `type base64`, as sshd(8) has it. */
  readonly publicKey: string;
  /** The text of an OpenSSH private key. */
  readonly privateKey: string;
  /** Whether it is of the kind of the user's own key. A key of a FIDO device cannot be made, so another kind stands for it. */
  readonly isOfSameKind: boolean;
}

/**
 * A setting such as PubkeyAcceptedAlgorithms or RequiredRSASize admits one kind of key and not another, so the trial uses
 * the kind, and for RSA the size, of the user's first key.
 */
export function makeTrialKey(credentials: readonly Credential[]): TrialKey {
  const readings = readKeys(credentials.map(({ type, base64 }) => `${type} ${base64}`));
  const own = readings.flatMap((reading) => (reading.ok ? [reading.key] : []));
  const model = own.find(({ securityKey }) => !securityKey) ?? own[0];
  const pem = generatePem(model?.type ?? 'ssh-ed25519', model?.bits ?? 256);
  const key = sshpk.parsePrivateKey(pem, 'pkcs8');
  return {
    publicKey: key.toPublic().toString('ssh').split(' ').slice(0, 2).join(' '),
    privateKey: key.toString('ssh-private'),
    isOfSameKind: model !== undefined && !model.securityKey,
  };
}

const CURVES: Readonly<Record<string, string>> = {
  'ecdsa-sha2-nistp256': 'P-256',
  'ecdsa-sha2-nistp384': 'P-384',
  'ecdsa-sha2-nistp521': 'P-521',
  'sk-ecdsa-sha2-nistp256@openssh.com': 'P-256',
};

function generatePem(type: string, bits: number): string {
  const format = {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  } as const;
  const namedCurve = CURVES[type];
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve, ...format }).privateKey;
  if (type === 'ssh-rsa') return generateKeyPairSync('rsa', { modulusLength: bits, ...format }).privateKey;
  return generateKeyPairSync('ed25519', format).privateKey;
}
