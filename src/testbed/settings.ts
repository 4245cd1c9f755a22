// The switches of the organisation: those of the Cloud Console's SCIM Configuration, and what the service offers.
import * as z from 'zod';
import { ScimError } from './protocol/scim-error.ts';

/** Every switch with the state in which a testbed starts: everything works. */
export const settingsSchema = z.strictObject({
  /** SAML SSO was deployed; Automated User Provisioning needs it. */
  ssoDeployed: z.boolean().default(true),
  /** The three toggles of SCIM Configuration. */
  enableScimApi: z.boolean().default(true),
  enableAutomatedUserProvisioning: z.boolean().default(true),
  enableSunkUserProvisioning: z.boolean().default(true),
  /** The `department` mapping: when on, a member with a department stops the group (the guide removes it). */
  departmentStopsGroups: z.boolean().default(false),
  /** A legacy organisation: it has default groups whose names no pushed group may bear. */
  legacyDefaultGroups: z.boolean().default(false),
  /** A careless service: pushed private keys are stored and served to the login nodes like any other key. */
  storesPrivateKeys: z.boolean().default(false),
  /** Login nodes get each member of a group with its userName too, as nsscache's `members/userName` needs it. */
  memberNames: z.boolean().default(false),
  /** What ServiceProviderConfig offers beside index paging. */
  cursorPaging: z.boolean().default(true),
  events: z.boolean().default(true),
});

export type Settings = z.output<typeof settingsSchema>;

/** How an organisation begins that has done no step of the guide yet. */
export const NEW_ORGANISATION: Partial<Settings> = {
  ssoDeployed: false,
  enableScimApi: false,
  enableAutomatedUserProvisioning: false,
  enableSunkUserProvisioning: false,
};

const changeSchema = z.strictObject(
  Object.fromEntries(Object.keys(settingsSchema.shape).map((name) => [name, z.boolean().optional()])),
);

/**
 * The settings with some switched.
 * @throws ScimError 400 for an unknown switch, and as the console does: no provisioning before SSO.
 */
export function changeSettings(settings: Settings, changes: unknown): Settings {
  const parsed = changeSchema.safeParse(changes);
  if (!parsed.success) throw new ScimError(400, 'invalidValue', z.prettifyError(parsed.error));
  const changed: Settings = { ...settings, ...(parsed.data as Partial<Settings>) };
  if (changed.enableAutomatedUserProvisioning && !changed.ssoDeployed) {
    throw new ScimError(
      409,
      null,
      'Enable Automated User Provisioning needs SAML SSO: configure it and choose Deploy SSO first',
    );
  }
  return changed;
}

/** Refuses what a switch that is off forbids; `role` is the token's. */
export function checkSwitches(settings: Settings, role: 'provisioning' | 'read-only'): void {
  if (!settings.enableScimApi) throw switchedOff('Enable SCIM API');
  if (role === 'provisioning' && !settings.enableAutomatedUserProvisioning) {
    throw switchedOff('Enable Automated User Provisioning');
  }
  if (role === 'read-only' && !settings.enableSunkUserProvisioning) {
    throw switchedOff('Enable SUNK User Provisioning');
  }
}

function switchedOff(name: string): ScimError {
  return new ScimError(403, null, `"${name}" is off on SCIM Configuration`);
}
