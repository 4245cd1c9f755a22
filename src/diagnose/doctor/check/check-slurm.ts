// Check `slurm`: the worker, munge, the controller's version, clock and enforcement, the worker's admin level, and the last round.
import { sayUnassigned } from '../../../agent/slurm/judge-slurm.ts';
import { fixSlurmProblem } from '../../../agent/slurm/fix-slurm-problem.ts';
import { sayCount } from '../../../common/text/count-noun.ts';
import type { SlurmConfig } from '../../../host/slurm/ask-config.ts';
import type { Facts, FileRights, SlurmFacts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

/** Munge refuses a credential that is five minutes off; seconds. */
const MOST_SKEW = 60;
const BEYOND_OWNER = 0o077;

export function checkSlurm({ slurm, config }: Facts): Finding[] {
  if (slurm === null) return [];
  const { self } = slurm;
  const answer = self.config;
  return [
    ...checkWorker(slurm),
    ...checkMunge(slurm),
    ...('fault' in answer
      ? [
          found(
            'slurm-controller',
            'error',
            `slurmctld gives no answer: ${answer.fault}`,
            'systemctl status slurmctld munge on its host',
          ),
        ]
      : [
          ...checkVersion(answer, self.clientVersion),
          ...checkClock(answer),
          ...checkEnforced(answer, config.slurm.rules),
          ...checkOperator(slurm),
        ]),
    ...checkRound(slurm),
    ...slurm.secrets.flatMap(checkSecret),
  ];
}

function checkWorker({ isWorkerRunning }: SlurmFacts): Finding[] {
  if (isWorkerRunning !== false) return [];
  const detail = 'the Slurm worker does not run, so nothing changes in Slurm';
  return [found('slurm-worker', 'error', detail, 'systemctl enable --now sunk-agent-slurm')];
}

function checkMunge({ self: { mungeFault } }: SlurmFacts): Finding[] {
  if (mungeFault === null) return [];
  const detail = `munge makes no credential on this node: ${mungeFault}`;
  return [
    found(
      'slurm-munge',
      'error',
      detail,
      'systemctl status munge; /etc/munge/munge.key must be that of the cluster',
    ),
  ];
}

/** Slurm's daemons speak with commands of their own release and of older ones, never with newer ones. */
function checkVersion({ version }: SlurmConfig, client: string | null): Finding[] {
  const [there, here] = [toRelease(version), toRelease(client ?? '')];
  if (there === null || here === null || here <= there) return [];
  const detail = `the Slurm commands here are version ${client}, and slurmctld is version ${version}: the commands must not be newer`;
  return [
    found(
      'slurm-version',
      'error',
      detail,
      'install slurm-client of slurmctld’s release, or upgrade slurmctld',
    ),
  ];
}

function toRelease(version: string): number | null {
  const [, year, month] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return year === undefined ? null : Number(year) * 100 + Number(month);
}

function checkClock({ skew }: SlurmConfig): Finding[] {
  if (skew === null || Math.abs(skew) <= MOST_SKEW) return [];
  const detail = `slurmctld’s clock is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} this one: munge refuses what is 300 s off`;
  return [found('slurm-clock', 'warning', detail, 'fix time synchronisation here or on slurmctld’s host')];
}

function checkEnforced({ enforced }: SlurmConfig, rules: Facts['config']['slurm']['rules']): Finding[] {
  const has = (...names: readonly string[]): boolean => names.some((name) => enforced.includes(name));
  const set =
    'slurm.conf on slurmctld’s host: AccountingStorageEnforce=associations,limits,qos; then systemctl restart slurmctld';
  // Each of the others implies associations (slurm.conf(5)).
  if (!has('associations', 'limits', 'qos', 'safe', 'wckeys', 'all'))
    return [
      found(
        'slurm-enforce',
        'security',
        'AccountingStorageEnforce is not set: every uid may run jobs, also without an association',
        set,
      ),
    ];
  const lost = [
    ...(has('limits', 'safe', 'all') || rules.every(({ limits }) => Object.keys(limits).length === 0)
      ? []
      : ['limits']),
    ...(has('qos', 'all') || rules.every(({ qos }) => qos === null) ? [] : ['qos']),
  ];
  return lost.map((name) =>
    found(
      'slurm-enforce-partly',
      'warning',
      `AccountingStorageEnforce lacks ${name}, so ${name} of slurm.rules has no effect`,
      set,
    ),
  );
}

function checkOperator({ user, uid, self: { worker } }: SlurmFacts): Finding[] {
  if (worker === null || worker.adminLevel === 'None') {
    const detail = `${user} is not an Operator in slurmdbd, so the worker may change nothing`;
    const command =
      worker === null
        ? `sacctmgr add user name=${user} account=root adminlevel=Operator`
        : `sacctmgr modify user where name=${user} set adminlevel=Operator`;
    return [found('slurm-operator', 'error', detail, command)];
  }
  if (worker.uid !== uid) {
    const there = worker.uid === null ? 'it cannot resolve the name' : `its uid is ${worker.uid}`;
    const detail = `slurmctld does not resolve ${user} as this node does, where its uid is ${uid}: ${there}`;
    return [
      found(
        'slurm-operator-uid',
        'error',
        detail,
        `give ${user} one uid on both hosts, then scontrol reconfigure`,
      ),
    ];
  }
  if (worker.adminLevel !== 'Administrator') return [];
  const detail = `${user} is an Administrator in slurmdbd, and an Operator is enough`;
  return [
    found(
      'slurm-operator-more',
      'warning',
      detail,
      `sacctmgr modify user where name=${user} set adminlevel=Operator`,
    ),
  ];
}

function checkRound({ status }: SlurmFacts): Finding[] {
  if (status === null) return [];
  const { failure, problems, refusals, unassigned, cluster } = status;
  if (failure !== null) {
    const detail = `Slurm cannot be compared: ${failure.problem}`;
    return [
      found(
        'slurm-round',
        'error',
        detail,
        'journalctl -u sunk-agent-slurm; systemctl status slurmdbd munge',
      ),
    ];
  }
  const [problem] = problems;
  const [refusal] = refusals;
  return [
    ...(problem === undefined
      ? []
      : [found('slurm-change', 'error', `${problem}${sayMore(problems.length)}`, fixSlurmProblem(problem))]),
    ...(refusal === undefined
      ? []
      : [
          found(
            'slurm-refusal',
            'warning',
            `${refusal.detail}${sayMore(refusals.length)}`,
            'sunk-agent status --json lists all of them',
          ),
        ]),
    ...(unassigned.length === 0
      ? []
      : [
          found(
            'slurm-unassigned',
            'warning',
            sayUnassigned(unassigned, cluster),
            'sunk-agent status --json lists them under slurm.unassigned',
          ),
        ]),
  ];
}

function sayMore(count: number): string {
  return count > 1 ? ` (and ${sayCount(count - 1, 'more', 'more')})` : '';
}

/** munge.key makes anyone who reads it any user of the cluster; slurmdbd.conf may have the database's password. */
function checkSecret({ path, mode }: FileRights): Finding[] {
  if ((mode & BEYOND_OWNER) === 0) return [];
  const detail = `users other than its owner may use ${path} (mode ${mode.toString(8)})`;
  return [found('slurm-secret', 'security', detail, `chmod go= ${path}`)];
}
