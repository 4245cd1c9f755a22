// Storm and calm for Slurm: people join, move and leave while each daemon is killed at random moments; then the oracles.
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { BASE_URL } from '../support/nodes/store.ts';
import { CLUSTER } from '../support/slurm/slurm-cluster.ts';
import { type SlurmSite, startSlurmSite } from '../support/slurm/slurm-people.ts';
import { makeRng, type Rng } from './rng.ts';

const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
accounts:
  domains: [example.com]
sync: { poll: '*/2 * * * * *' }
# In so small a company a few people are many.
limits: { max_loss: { share: 1, at_most: 1000 }, max_gain: { enabled_again: 1 } }
slurm:
  mode: enforce
  every: 2s
  rules: [{ group: team-a, default: true }, { group: team-b }, { group: team-c, parent: team-a }, { group: taken }]
`;
const TEAMS = ['team-a', 'team-b', 'team-c'] as const;
/** Of the agent and of others; systemd starts the first two again by itself. */
const VICTIMS = ['sunk-agent', 'sunk-agent-slurm', 'slurmdbd', 'slurmctld', 'munge', 'mariadb'] as const;
/** What others made, which no round may change. */
const FOREIGN = `sacctmgr -iQ add account taken cluster=${CLUSTER} GrpJobs=7
  useradd -u 9001 -M local && sacctmgr -iQ add user name=local account=taken cluster=${CLUSTER} MaxJobs=3`;
const SHOW_FOREIGN = `sacctmgr -nP list assoc account=taken format=id,account,user,parentname,share,qos,grpjobs,maxjobs,maxsubmitjobs
  sacctmgr -nP list account taken; sacctmgr -nP list user local`;

export interface SlurmFigures {
  rounds: number;
  changes: number;
  readonly kills: Record<string, number>;
}

interface Person {
  readonly name: string;
  readonly id: string;
  isActive: boolean;
  readonly teams: Set<string>;
}

/**
 * Needs root on a machine that can boot nodes.
 * @param onRound called after each round with the figures so far.
 * @throws Error naming what an oracle found, and what was done since the last calm.
 */
export async function runSlurmCampaign(
  seed: number,
  rounds: number,
  span: { readonly until: number },
  onRound: (figures: SlurmFigures) => void,
): Promise<SlurmFigures> {
  const rng = makeRng(seed);
  const site = await startSlurmSite('trixie', CONFIG, (must) => must(FOREIGN));
  const figures: SlurmFigures = { rounds: 0, changes: 0, kills: {} };
  try {
    const company = await makeCompany(site);
    const foreign = site.must(SHOW_FOREIGN);
    await findCalm(site, company, foreign, []);
    while (figures.rounds < rounds && Date.now() < span.until) {
      const log: string[] = [];
      await storm({ site, company, rng, figures, log });
      await findCalm(site, company, foreign, log);
      figures.rounds += 1;
      onRound(figures);
    }
  } finally {
    await site.stop();
  }
  return figures;
}

interface Company {
  readonly people: Person[];
  readonly groups: ReadonlyMap<string, string>;
}

/** The first stays, to log in at all times. */
async function makeCompany({ store, addPerson }: SlurmSite): Promise<Company> {
  const groups = new Map<string, string>();
  for (const name of ['slurm-users', 'taken', ...TEAMS]) groups.set(name, await store.createGroup(name, []));
  const people: Person[] = [];
  for (const name of ['stays', 'ann', 'bo', 'cy']) {
    const id = await addPerson(name, ['team-b', 'taken', 'slurm-users']);
    people.push({ name, id, isActive: true, teams: new Set(['team-b']) });
  }
  return { people, groups };
}

interface Storm {
  readonly site: SlurmSite;
  readonly company: Company;
  readonly rng: Rng;
  readonly figures: SlurmFigures;
  readonly log: string[];
}

async function storm(world: Storm): Promise<void> {
  const { site, company, rng, log } = world;
  for (const { name, isActive } of company.people)
    if (isActive && rng.chance(0.5)) log.push(submitLong(site, name));
  for (let turns = 1 + rng.below(3); turns > 0; turns -= 1) {
    const killed = killOne(world);
    for (let changes = 1 + rng.below(2); changes > 0; changes -= 1) await change(world);
    const { status, stderr } = site.ssh('stays', 'true');
    if (status !== 0) fail(`a login failed (${status}): ${stderr}`, log);
    await killed;
  }
}

function submitLong({ node }: SlurmSite, name: string): string {
  const { status } = node.exec(
    `setpriv --reuid $(id -u ${name}) --regid $(id -g ${name}) --init-groups sbatch --chdir=/ --output=/dev/null --wrap 'sleep 900'`,
  );
  return `${name} submits a job: ${status}`;
}

/** Within two seconds, for up to two seconds. */
async function killOne({ site, rng, figures, log }: Storm): Promise<void> {
  const victim = rng.pick(VICTIMS);
  const [before, away] = [rng.below(2000), rng.below(2000)];
  figures.kills[victim] = (figures.kills[victim] ?? 0) + 1;
  log.push(`${victim} is killed after ${before} ms, and started after ${away} ms more`);
  await sleep(before);
  site.node.exec(`systemctl kill -s KILL ${victim}`);
  await sleep(away);
  site.node.exec(`systemctl reset-failed; systemctl start ${victim}`);
}

async function change({ site: { store, addPerson }, company, rng, figures, log }: Storm): Promise<void> {
  const { people, groups } = company;
  figures.changes += 1;
  const [, ...others] = people;
  const person = rng.pick(others);
  if (rng.chance(0.25) && people.length < 12) {
    const name = `new${people.length}`;
    const team = rng.pick(TEAMS);
    const id = await addPerson(name, [team, 'slurm-users']);
    people.push({ name, id, isActive: true, teams: new Set([team]) });
    log.push(`${name} joins ${team}`);
  } else if (rng.chance(0.4)) {
    person.isActive = !person.isActive;
    await store.setActive(person.id, person.isActive ? 'True' : 'False');
    log.push(`${person.name} ${person.isActive ? 'is back' : 'leaves'}`);
  } else {
    const team = rng.pick(TEAMS);
    const isMember = person.teams.delete(team);
    if (isMember)
      await store.request('PATCH', `/Groups/${groups.get(team)}`, {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'remove', path: `members[value eq "${person.id}"]` }],
      });
    else {
      person.teams.add(team);
      await store.addMember(team, person.id);
    }
    log.push(`${person.name} ${isMember ? 'is no more in' : 'is now in'} ${team}`);
  }
}

/** Everything runs again; Slurm is as the store says, and what others made is as it was. */
async function findCalm(site: SlurmSite, company: Company, foreign: string, log: string[]): Promise<void> {
  site.must('systemctl reset-failed; systemctl start munge mariadb');
  // slurmdbd ends where its database does, and slurmd where munge does.
  const isUp = (): boolean =>
    site.node.exec('systemctl start slurmdbd slurmctld slurmd; sacctmgr -nP list cluster && squeue -h')
      .status === 0;
  await within('all daemons answer', isUp, site, log);
  const expected = company.people
    .flatMap(({ name, isActive, teams }) => (isActive ? [...teams].map((team) => `${team}|${name}`) : []))
    .sort()
    .join('\n');
  let found = '';
  const isSame = (): boolean => {
    followFix(site, log);
    const { stdout } = site.node.exec('sacctmgr -nP list assoc format=account,user');
    const rows = stdout.split('\n').filter((line) => /^team-.*\|./.test(line));
    found = rows.sort().join('\n');
    return found === expected;
  };
  await within(
    'the associations are as the store says',
    isSame,
    site,
    log,
    () => `${found}\ninstead of\n${expected}`,
  );
  for (const { name, isActive } of company.people)
    // One that was cancelled is back where slurmctld was killed before it wrote that: the next round cancels it again.
    if (!isActive) await within(`${name}, who left, has no job`, () => isIdle(site, name), site, log);
  const now = site.must(SHOW_FOREIGN);
  if (now !== foreign) fail(`rows of others changed:\n${foreign}\nbecame\n${now}`, log);
  const usable = company.people.filter(({ isActive, teams }) => isActive && teams.size > 0);
  for (const { name } of usable.slice(0, 3)) {
    const command = `setpriv --reuid $(id -u ${name}) --regid $(id -g ${name}) --init-groups sbatch --test-only --chdir=/ --wrap true`;
    const said = (): string =>
      site.node.exec(`${command} 2>&1; scontrol -o show assoc_mgr users=${name} flags=users,assoc`).stdout;
    const maySubmit = (): boolean => {
      const { status, stderr } = site.node.exec(command);
      return status === 0 || NO_NODE.test(stderr);
    };
    await within(`${name} may submit`, maySubmit, site, log, said);
  }
}

/** Of a slurmctld that was killed and does not know its node yet: it asks for the account first. */
const NO_NODE = /node configuration is not available|node not available/;

/**
 * A slurmctld that is killed gives the number of a job that it lost to another one, and slurmdbd counts the lost one as
 * active. Here the operator does not wait until the other one has ended.
 */
function followFix({ node }: SlurmSite, log: string[]): void {
  const { stdout } = node.exec('cat /run/sunk-agent/slurm.json');
  if (!stdout.includes('Job(s) active')) return;
  const jobs = [...stdout.matchAll(/JobID = (\d+)/g)].map(([, id]) => id).join(' ');
  node.exec(`scancel ${jobs}; sleep 1; echo y | sacctmgr show runawayjobs`);
  const act = 'an operator follows the fix: sacctmgr show runawayjobs, and y';
  if (!log.includes(act)) log.push(act);
}

/** Whether squeue answers, and knows of no job. */
function isIdle({ node }: SlurmSite, name: string): boolean {
  const { status, stdout } = node.exec(`squeue -h -u ${name} -o %i`);
  return status === 0 && stdout.trim() === '';
}

async function within(
  what: string,
  isTrue: () => boolean,
  site: SlurmSite,
  log: readonly string[],
  more: () => string = () => '',
): Promise<void> {
  await eventually(what, isTrue, () => `${more()}\n${log.join('\n')}\n${site.explain()}`);
}

function fail(finding: string, log: readonly string[]): never {
  throw new Error(`${finding}\nwhat was done since the last calm:\n  ${log.join('\n  ')}`);
}
