// A small organisation in the Entra emulator, pushed to the testbed by the steps of the guide.
import { generateKeyPairSync } from 'node:crypto';
import path from 'node:path';
import { workDirectory } from './harness.ts';
import { ENTRA } from '../testbed/identity-provider/entra/commands.ts';
import { perform } from '../testbed/identity-provider/idp-cli.ts';

/** A fresh public key as `ssh-ed25519 BASE64` (RFC 8709 section 4). */
export function makePublicKey(): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  const field = (data: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, data.length]), data]);
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from('ssh-ed25519')), field(raw)]).toString('base64')}`;
}

/** One command of `npm run entra`. @returns what it prints. @throws Error if it fails. */
export async function entra(...args: string[]): Promise<string> {
  const { status, out, err } = await perform(ENTRA, [
    '--file',
    path.join(workDirectory, 'directory.yaml'),
    ...args,
  ]);
  if (status !== 0) throw new Error(`entra ${args.join(' ')}: ${err}${out}`);
  return out;
}

/** The guide's steps up to the first cycle. @returns the cycle's log. */
export async function connectEntra(baseUrl: string, token: string): Promise<string> {
  await entra('init');
  const [, objectId = ''] = /Object ID: (\S+)/.exec(await entra('application')) ?? [];
  await entra('graph', 'consent', 'Application.ReadWrite.All');
  await entra('graph', 'consent', 'User.ReadWrite.All');
  const property = (await entra('graph', 'extension-property', objectId, 'sunkSshKeys')).trim();
  await entra('mapping', 'delete', 'department');
  await entra('mapping', 'add', property);
  await entra('credentials', baseUrl, token);
  await entra('test-connection');
  await entra('assign', 'coreweave-users', 'slurm-users', 'slurm-admins');
  return entra('provisioning', 'on');
}
