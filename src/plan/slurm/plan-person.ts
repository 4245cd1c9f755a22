// One person: associations that are missing, that are to go, or that the controller cannot use, and the default among them; pure.
import { compare } from '../../common/text/compare.ts';
import type { DesiredSlurmPerson, SlurmRefusal } from '../../policy/slurm/desired-slurm.ts';
import type { Change } from '../change.ts';
import type { SlurmSubmitStop } from '../changes/slurm.ts';
import { chooseDefault, chooseForeign, sayDefault } from './choose-default.ts';
import { findDraining, planDrains } from './drain-slurm.ts';
import { findAlike } from './name-patterns.ts';
import { planLeftJobs, planLosses } from './plan-losses.ts';
import type { SlurmPlan } from './plan-model.ts';
import { type PersonIndex, sayForeign } from './row-index.ts';
import type { SlurmAssociationRow, SlurmUserRow } from './slurm-rows.ts';

/** What others made is neither changed nor adopted, and where it stands in the way, that is a refusal. */
export function planPerson(given: DesiredSlurmPerson, index: PersonIndex): SlurmPlan {
  const { usable } = index;
  const { scimId, name, uid } = given;
  const user = index.users.get(name);
  const all = index.associationsOf.get(name) ?? [];
  const trouble = findTrouble(given, index);
  // What the controller cannot use is taken away, and made anew when it is gone.
  const person = trouble === null ? given : { ...given, accounts: [] };
  const { isEnabled } = person;
  const wanted = person.accounts.filter((account) => usable.has(account));
  if (user !== undefined && !index.ownUsers.has(name)) {
    // No managed association can be there.
    if (person.accounts.length === 0) return NOTHING;
    const detail = sayForeign('user', name, index);
    return { ...NOTHING, refusals: [{ scimId, kind: 'User', name, code: 'slurm-user-foreign', detail }] };
  }
  const managed = all.filter(({ account, partition }) => partition === '' && usable.has(account));
  const common = { scimId, name };
  const present = new Set(managed.map(({ account }) => account));
  // While the controller does not answer, it cannot be seen whether it resolves the name.
  const missing = index.uids === null ? [] : wanted.filter((account) => !present.has(account));
  const leaving = managed
    .filter(({ account }) => !wanted.includes(account))
    // Slurm keeps that of the default account while there is another.
    .sort((a, b) => Number(isDefault(a, user)) - Number(isDefault(b, user)));
  const because = trouble?.because ?? (isEnabled ? 'not in a group of that account' : 'has no access');
  const losing = { ...common, because, isEnabled: isEnabled && trouble === null };
  const draining = trouble === null ? findDraining(person, leaving, index.drains) : [];
  const goingOn = new Set(draining.map(({ account }) => account));
  const isLast = missing.length === 0 && leaving.length === all.length;
  const alike = isLast ? findAlike(name, index.names) : null;
  const foreign = all.filter((row) => !managed.includes(row));
  const left = chooseDefault(person, wanted, managed) ?? chooseForeign(user, leaving, foreign);
  const ending = leaving.filter(({ account }) => !goingOn.has(account));
  const changes: Change[] = [
    ...planLosses(losing, ending, index, alike === null ? left : (leaving.at(-1)?.account ?? left)),
    ...planDrains(losing, leaving, draining, index.drains),
    ...planLeftJobs(losing, wanted, isEnabled ? all : managed, index),
    ...planAllowances(common, wanted, managed),
    ...missing.map((account): Change => {
      const isFirst = user === undefined && account === (person.defaultAccount ?? missing[0]);
      const why = 'in a group of that account';
      return { kind: 'slurm-association-add', ...common, account, uid, isFirst, because: why };
    }),
  ];
  if (user !== undefined && left !== null && left !== user.defaultAccount)
    changes.push({ kind: 'slurm-default-set', ...common, account: left, because: sayDefault(person) });
  const isNew = missing.length > 0 && !index.ownUsers.has(name);
  return {
    changes,
    owned: isNew ? [{ cluster: index.cluster, kind: 'user', name, scimId }] : [],
    refusals: [
      ...(trouble?.refusals ?? []),
      ...refuseForeign(person, foreign),
      ...(alike === null ? [] : [refuseAlike(person, alike)]),
    ],
    draining,
  };
}

function isDefault({ account }: SlurmAssociationRow, user: SlurmUserRow | undefined): boolean {
  return account === user?.defaultAccount;
}

function planAllowances(
  common: Pick<SlurmSubmitStop, 'scimId' | 'name'>,
  wanted: readonly string[],
  managed: readonly SlurmAssociationRow[],
): Change[] {
  return managed.flatMap(({ account, isStopped }): Change[] =>
    isStopped && wanted.includes(account)
      ? [{ kind: 'slurm-submit-allow', ...common, account, because: 'in a group of that account' }]
      : [],
  );
}

interface Trouble {
  readonly because: string;
  readonly refusals: readonly SlurmRefusal[];
}

/** Whether the controller can use this person's associations; null: it can, as far as is known. */
function findTrouble(
  { scimId, name, uid, isEnabled }: DesiredSlurmPerson,
  { uids }: PersonIndex,
): Trouble | null {
  const known = uids?.get(name);
  if (!isEnabled || known === undefined || known === uid) return null;
  const because =
    known === null
      ? 'the controller cannot resolve the name'
      : `the controller knows the name with the uid ${known}, not ${uid}`;
  const detail = `${because}: its host must resolve ${name} as this one does (getent passwd ${name} there)`;
  return { because, refusals: [{ scimId, kind: 'User', name, code: 'slurm-uid', detail }] };
}

const NOTHING: SlurmPlan = { changes: [], owned: [], refusals: [], draining: [] };

/** Who has no access keeps what others gave: that is said, for only they can take it. */
function refuseForeign(
  { scimId, name, isEnabled }: DesiredSlurmPerson,
  foreign: readonly SlurmAssociationRow[],
): SlurmRefusal[] {
  if (isEnabled || foreign.length === 0) return [];
  const accounts = [...new Set(foreign.map(({ account }) => account))].sort(compare).join(', ');
  const detail = `${name} has no access, and associations that sunk-agent did not make: ${accounts}. Remove them: sacctmgr delete user ${name}`;
  return [{ scimId, kind: 'User', name, code: 'slurm-association-foreign', detail }];
}

function refuseAlike({ scimId, name }: DesiredSlurmPerson, alike: string): SlurmRefusal {
  const detail = `Slurm would remove the associations of ${alike} with the user ${name}, whose _ it takes for any character: the last association of ${name} stays, and no job can be submitted in it`;
  return { scimId, kind: 'User', name, code: 'slurm-name-alike', detail };
}
