// The layout that the guide recommends: one group of all users who are pushed, and one for each subgroup; one is dynamic.
import { randomUUID } from 'node:crypto';
import { UsageError } from './directory-verbs.ts';
import { directorySchema, type Directory } from './directory.ts';
import { DEFAULT_MAPPINGS } from './entra/shapes.ts';

const PEOPLE = [
  ['alice', 'Alice', 'Ashby', 'Research'],
  ['bob', 'Bob', 'Brand', 'Research'],
  ['carol', 'Carol', 'Cole', 'Operations'],
] as const;

/** A small organisation at example.com; nothing is assigned, and provisioning is off. */
export function makeSampleDirectory(): Directory {
  const allUsers = PEOPLE.map(([name]) => `${name}@example.com`);
  return directorySchema.parse({
    application: { created: false, mappings: { ...DEFAULT_MAPPINGS } },
    users: PEOPLE.map(([name, givenName, surname, department]) => ({
      object_id: randomUUID(),
      userPrincipalName: `${name}@example.com`,
      displayName: `${givenName} ${surname}`,
      givenName,
      surname,
      department,
      mail: `${name}@example.com`,
    })),
    groups: [
      { object_id: randomUUID(), displayName: 'coreweave-users', members: allUsers },
      { object_id: randomUUID(), displayName: 'slurm-users', members: allUsers },
      { object_id: randomUUID(), displayName: 'slurm-admins', members: ['carol@example.com'] },
      {
        object_id: randomUUID(),
        displayName: 'slurm-research',
        dynamic: { attribute: 'department', equals: 'Research' },
      },
    ],
  });
}

/**
 * *New application*, *Create your own application*: ids of its own, and the mappings that Entra gives it.
 * @throws UsageError without a name, or if the present application has provisioned users, which no application would disable afterwards.
 */
export function createApplication(directory: Directory, name: string): void {
  if (name === '') throw new UsageError('application create NAME');
  const { users, groups } = directory.provisioned;
  if (Object.keys(users).length + Object.keys(groups).length > 0) {
    throw new UsageError(
      `${directory.application.name} has provisioned already: begin a new --file with init`,
    );
  }
  const application = { name, mappings: { ...DEFAULT_MAPPINGS } };
  directory.application = directorySchema.parse({ application }).application;
}
