// The identity provider's own directory in one readable file: people, groups, the application and what it provisioned.
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Document, isMap, isScalar, parse } from 'yaml';
import { z } from 'zod';

const person = z.strictObject({
  object_id: z.string(),
  userPrincipalName: z.string().min(1),
  displayName: z.string().default(''),
  givenName: z.string().default(''),
  surname: z.string().default(''),
  mail: z.string().default(''),
  jobTitle: z.string().default(''),
  department: z.string().default(''),
  /** userPrincipalName of the person's manager. */
  manager: z.string().default(''),
  /** The value of the extension property; one text, as Entra keeps it. */
  sunkSshKeys: z.string().default(''),
  accountEnabled: z.boolean().default(true),
  /** In the recycle bin: soft-deleted, to be restored or purged. */
  deleted: z.boolean().default(false),
  /** Since when; 30 days later a cycle deletes for good. */
  deleted_at: z
    .string()
    .refine((text) => !Number.isNaN(Date.parse(text)), 'is no date')
    .nullable()
    .default(null),
});

const condition = z.strictObject({ attribute: z.string(), equals: z.string() });

const group = z.strictObject({
  object_id: z.string(),
  displayName: z.string().min(1),
  /** userPrincipalNames, or the displayName of a nested group. */
  members: z.array(z.string()).default([]),
  /** A dynamic group: its members are all users who fulfil this. */
  dynamic: condition.nullable().default(null),
});

/** A clause of the group mapping's scoping filter; a group that fulfils all of them is pushed. */
const groupClause = z.strictObject({
  attribute: z.literal('displayName'),
  operator: z.enum(['EQUALS', 'NOT EQUALS']),
  value: z.string().min(1),
});

/** *Set up Single Sign-On with SAML*, as the application begins: the claims under their long names, one part signed. */
const saml = z.strictObject({
  /** *Identifier (Entity ID)* and *Reply URL (Assertion Consumer Service URL)*. */
  identifier: z.string().default(''),
  reply_url: z.string().default(''),
  /** *Attributes & Claims*: the claim's name to the attribute here. */
  claims: z.record(z.string(), z.string()).default({
    'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname': 'givenName',
    'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname': 'surname',
    'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress': 'mail',
  }),
  /** *Signing Option*. */
  signing: z.enum(['assertion', 'response', 'both']).default('assertion'),
});

const application = z.strictObject({
  name: z.string().default('CoreWeave'),
  /** False until *New Application* made it: the admin center does not list it yet. */
  created: z.boolean().default(true),
  /** The Object ID of the app registration. Graph wants this one; the two others are easily taken for it. */
  object_id: z.string().default(() => randomUUID()),
  /** The Object ID of the enterprise application, which is a service principal. */
  enterprise_object_id: z.string().default(() => randomUUID()),
  /** The Application (client) ID. */
  application_id: z.string().default(() => randomUUID()),
  /** Graph permissions that an administrator consented to. */
  permissions: z.array(z.string()).default([]),
  /** Full names of the extension properties. */
  extension_properties: z.array(z.string()).default([]),
  /** *Tenant URL* and *Secret Token*; `?aadOptscim062020` at the end of the URL chooses the compliant form. */
  tenant_url: z.string().default(''),
  secret_token: z.string().default(''),
  /** *Provisioning Status*. */
  provisioning: z.enum(['off', 'on', 'quarantine']).default('off'),
  /** Since the last cycle that failed, and how many tries failed before it. */
  quarantine: z
    .strictObject({ since: z.string(), tries: z.int().min(0) })
    .nullable()
    .default(null),
  /** Start of the last cycle that was not in quarantine; without one the next cycle is an initial one. */
  watermark: z.string().nullable().default(null),
  /** Sends `"addresses": null` with a new user, which some SCIM services refuse. */
  sends_null_addresses: z.boolean().default(false),
  saml: saml.prefault({}),
  /** *Users and groups*: displayNames and userPrincipalNames. */
  assigned: z.array(z.string()).default([]),
  scoping_filter: condition.nullable().default(null),
  group_scoping_filter: z.array(groupClause).default([]),
  /** *Attribute Mapping*: attribute here to path there; department is there by default, sunkSshKeys is not. */
  mappings: z.record(z.string(), z.string()).default({}),
});

export const directorySchema = z.strictObject({
  application: application.prefault({}),
  users: z.array(person).default([]),
  groups: z.array(group).default([]),
  /** What the application did: the id there of each object here, and the member ids it sent. */
  provisioned: z
    .strictObject({
      users: z.record(z.string(), z.string()).default({}),
      /** userPrincipalNames at the last cycle, by object id. */
      names: z.record(z.string(), z.string()).default({}),
      groups: z
        .record(z.string(), z.strictObject({ id: z.string(), members: z.array(z.string()) }))
        .default({}),
    })
    .prefault({}),
});

export type Directory = z.output<typeof directorySchema>;
export type Person = Directory['users'][number];
export type DirectoryGroup = Directory['groups'][number];

/** @throws Error that names the file and what is wrong in it. */
export function loadDirectory(file: string): Directory {
  const parsed = directorySchema.safeParse(readYaml(file) ?? {});
  if (parsed.success) return parsed.data;
  throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
}

function readYaml(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(`cannot read ${file}: the command init writes one`, { cause });
  }
  try {
    return parse(text) as unknown;
  } catch (cause) {
    throw new Error(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** What the file says about itself, above the key at each path. */
const COMMENTS: readonly (readonly [readonly string[], string])[] = [
  [
    ['application', 'sends_null_addresses'],
    'Whether a new user is sent with "addresses": null, which some SCIM services refuse.',
  ],
  [
    ['application', 'assigned'],
    'Users and groups: one group of all who are pushed, and one for each subgroup. Nested groups are refused.',
  ],
  [
    ['application', 'scoping_filter'],
    'Only these of all who are assigned, such as {attribute: department, equals: Research}; null: all.',
  ],
  [
    ['application', 'group_scoping_filter'],
    'Only groups for which every clause holds, such as {attribute: displayName, operator: NOT EQUALS, value: parent}.',
  ],
  [['users'], 'deleted: in the recycle bin since deleted_at; 30 days later a cycle deletes for good.'],
  [
    ['groups'],
    'dynamic: all users with, for example, {attribute: department, equals: Research}; null: members.',
  ],
];

function writeYaml(directory: Directory): string {
  const document = new Document(directory);
  for (const [path, comment] of COMMENTS) {
    const parent = document.getIn(path.slice(0, -1), true);
    if (!isMap(parent)) continue;
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
    if (isScalar(pair?.key)) pair.key.commentBefore = ` ${comment}`;
  }
  return document.toString({ lineWidth: 0 });
}

/** Writes it beside and renames, so that a cycle that is interrupted leaves a whole file. */
export function saveDirectory(file: string, directory: Directory): void {
  writeFileSync(`${file}.new`, writeYaml(directory), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
