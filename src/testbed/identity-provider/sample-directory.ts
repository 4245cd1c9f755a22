// The layout that the guide recommends: one group of everybody who is pushed, and one for each subgroup.
import { randomUUID } from 'node:crypto';
import { directorySchema, type Directory } from './directory.ts';
import { DEFAULT_MAPPINGS } from './entra-shapes.ts';

const PEOPLE = [
  ['alice', 'Alice', 'Ashby', 'Research'],
  ['bob', 'Bob', 'Brand', 'Research'],
  ['carol', 'Carol', 'Cole', 'Operations'],
] as const;

/** A small organisation at example.com; nothing is assigned, and provisioning is off. */
export function makeSampleDirectory(): Directory {
  const everybody = PEOPLE.map(([name]) => `${name}@example.com`);
  return directorySchema.parse({
    application: { mappings: { ...DEFAULT_MAPPINGS } },
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
      { object_id: randomUUID(), displayName: 'coreweave-users', members: everybody },
      { object_id: randomUUID(), displayName: 'slurm-users', members: everybody },
      { object_id: randomUUID(), displayName: 'slurm-admins', members: ['carol@example.com'] },
    ],
  });
}
