// How a pod reaches its API server: address, authority, and a token that the kubelet replaces while the pod runs.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ApiFailure } from './api-failure.ts';

/** As the kubelet mounts it (kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin). */
const DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface ServiceAccount {
  /** Origin of the API server. */
  readonly origin: string;
  /** PEM of its authority. */
  readonly ca: string;
  /** Valid for an hour or so: read for each call. */
  readonly token: string;
  readonly namespace: string;
}

/** @throws ApiFailure api-account: this is no pod, or it has no service account. */
export function readServiceAccount(root: string, environment: NodeJS.ProcessEnv): ServiceAccount {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  if (host === undefined || host === '')
    throw new ApiFailure(
      'api-account',
      'KUBERNETES_SERVICE_HOST is not set: Secrets can be filled only in a pod (publish.secrets)',
    );
  const read = (name: string): string => {
    const file = path.join(root, DIRECTORY, name);
    try {
      return readFileSync(file, 'utf8').trim();
    } catch (cause) {
      throw new ApiFailure(
        'api-account',
        `cannot read ${file}: mount the token of a service account into the reader’s container`,
        { cause },
      );
    }
  };
  return {
    origin: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca: read('ca.crt'),
    token: read('token'),
    namespace: read('namespace'),
  };
}
