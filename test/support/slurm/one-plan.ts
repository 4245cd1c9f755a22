// One plan for Slurm at a time, from the few rows that a test is about.
import type { SlurmPlanInput } from '../../../src/plan/slurm/plan-model.ts';
import { planSlurm } from '../../../src/plan/slurm/plan-slurm.ts';
import type {
  SlurmAccountRow,
  SlurmAssociationRow,
  SlurmOwned,
  SlurmRows,
} from '../../../src/plan/slurm/slurm-rows.ts';
import type { DesiredSlurmAccount, DesiredSlurmPerson } from '../../../src/policy/slurm/desired-slurm.ts';

export const accountRow = (name: string): SlurmAccountRow => ({
  name,
  parent: 'root',
  qos: ['normal'],
  defaultQos: '',
  fairshare: 1,
  limits: {},
});
export const desired = (name: string, more: Partial<DesiredSlurmAccount> = {}): DesiredSlurmAccount => ({
  name,
  scimId: `g-${name}`,
  parent: 'root',
  qos: null,
  defaultQos: null,
  fairshare: null,
  limits: {},
  drain: null,
  ...more,
});
export const person = (accounts: string[], more: Partial<DesiredSlurmPerson> = {}): DesiredSlurmPerson => ({
  scimId: 'u-alice',
  name: 'alice',
  uid: 20_100,
  isEnabled: true,
  accounts,
  defaultAccount: null,
  ...more,
});
let ids = 10;
export const row = (account: string, more: Partial<SlurmAssociationRow> = {}): SlurmAssociationRow => ({
  id: (ids += 1),
  account,
  user: 'alice',
  partition: '',
  isStopped: false,
  ...more,
});
export const OWNED: SlurmOwned[] = [
  { cluster: 'c', kind: 'account', name: 'ml', scimId: 'g-ml' },
  { cluster: 'c', kind: 'account', name: 'bio', scimId: 'g-bio' },
  { cluster: 'c', kind: 'user', name: 'alice', scimId: 'u-alice' },
];
export const alice = (defaultAccount: string) => ({ name: 'alice', defaultAccount });

export function plan({
  accounts = [],
  people = [],
  rows = {},
  owned = OWNED,
  held = [],
}: {
  accounts?: DesiredSlurmAccount[];
  people?: DesiredSlurmPerson[];
  rows?: Partial<SlurmRows>;
  owned?: SlurmPlanInput['owned'];
  held?: string[];
}) {
  return planSlurm({
    desired: { accounts, people, refusals: [] },
    held: new Set(held),
    stops: { now: 0, at: new Map(), blocked: new Set() },
    owned,
    rows: {
      cluster: 'c',
      accounts: ['ml', 'bio', 'legacy'].map(accountRow),
      users: [],
      associations: [],
      jobs: [],
      uids: [],
      ...rows,
    },
  });
}
export const sayAll = ({ changes }: Pick<ReturnType<typeof plan>, 'changes'>): string[] =>
  changes.map((change) => `${change.kind} ${change.name}${'account' in change ? ` ${change.account}` : ''}`);
