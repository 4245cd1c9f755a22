// What is kept of SAML SSO: the identity provider that was entered, whether it was tested, whether it is deployed.
import * as z from 'zod';

const providerSchema = z.strictObject({
  /** The entityID of the identity provider: the issuer of its assertions. */
  entityId: z.string(),
  /** Where the browser is sent, by HTTP-Redirect. */
  signOnUrl: z.string(),
  /** Its signing certificates, base64 of the DER; more than one while they are being rolled over. */
  certificates: z.array(z.string()).min(1),
});

/** The last sign-in that succeeded: by *Test*, or begun at the identity provider. */
const tested = z.strictObject({ at: z.string(), email: z.string() }).nullable();

export const ssoStateSchema = z.strictObject({
  metadataUrl: z.string(),
  provider: providerSchema,
  tested,
  isDeployed: z.boolean(),
  /** Another identity provider that was entered while SSO is deployed: it is asked in tests only, until it is deployed. */
  candidate: z
    .strictObject({ metadataUrl: z.string(), provider: providerSchema, tested })
    .nullable()
    .default(null),
});

export type SamlProvider = z.output<typeof providerSchema>;
export type SsoState = z.output<typeof ssoStateSchema>;
