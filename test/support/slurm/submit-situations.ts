// Situations in which Slurm takes no job, or starts none, on a cluster of one node: how each is made, and how it ends.

export type SubmitSituation = readonly [
  name: string,
  code: string,
  breakIt: string,
  /** `follow`: the command that `why` names. */
  fix: string,
  words: RegExp,
];

const SUBMIT = 'setpriv --reuid bob --clear-groups sbatch --chdir=/ --output=/dev/null --wrap';
const partition = (change: string): string => `scontrol update PartitionName=main ${change}`;
const reserve = (more: string): string =>
  `scontrol create reservation ReservationName=upgrade Users=root Nodes=ALL ${more}`;

export const SIZES_AND_RESERVATIONS: readonly SubmitSituation[] = [
  ['bob', 'submit-partition', partition('MinNodes=5'), 'follow', /5 nodes or more/],
  ['bob', 'submit-partition', partition('MaxNodes=0'), 'follow', /MaxNodes is 0/],
  ['bob', 'submit-partition', partition('ReqResv=YES'), 'follow', /none that bob may use/],
  // The reservation that bob used is over: Slurm keeps none that has ended.
  [
    'bob',
    'submit-partition',
    `scontrol create reservation ReservationName=short StartTime=now EndTime=now+1minutes Users=bob Nodes=ALL
      ${partition('ReqResv=YES')}; scontrol delete ReservationName=short`,
    'follow',
    /none that bob may use/,
  ],
  ['bob', 'submit-reservation', reserve('StartTime=now Duration=60'), 'follow', /upgrade has all nodes/],
  // It has not begun; a job without a time limit would run into it.
  [
    'bob',
    'submit-reservation',
    reserve('StartTime=now+10minutes Duration=60 Flags=MAINT'),
    'follow',
    /upgrade has all nodes/,
  ],
];

export const NODES: readonly SubmitSituation[] = [
  [
    'bob',
    'submit-nodes',
    "scontrol update NodeName=localhost State=DOWN Reason='disk full'",
    'follow',
    /localhost is down \(disk full\)/,
  ],
  [
    'bob',
    'submit-nodes',
    "scontrol update NodeName=localhost State=DRAIN Reason='a|b'",
    'follow',
    /localhost is drained \(a\|b\)/,
  ],
  // slurmctld learns of it when it has a job to start there.
  [
    'bob',
    'submit-nodes',
    `systemctl stop slurmd; ${SUBMIT} true`,
    'systemctl start slurmd; scancel -u bob',
    /slurmd does not answer/,
  ],
];

const withPlugins = (plugins: string): string =>
  `cp -p /etc/slurm/slurm.conf /root/; echo JobSubmitPlugins=${plugins} >>/etc/slurm/slurm.conf; scontrol reconfigure`;
const WITHOUT_PLUGINS = 'cp -p /root/slurm.conf /etc/slurm/; scontrol reconfigure';
const REFUSING = String.raw`printf 'function slurm_job_submit(d, p, u)\n slurm.log_user("name your project")\n return slurm.ERROR\nend\nfunction slurm_job_modify(d, r, p, u)\n return slurm.SUCCESS\nend\nreturn slurm.SUCCESS\n' >/etc/slurm/job_submit.lua`;

export const PLUGINS: readonly SubmitSituation[] = [
  [
    'bob',
    'submit-plugin',
    withPlugins('require_timelimit'),
    WITHOUT_PLUGINS,
    /Time limit.*require_timelimit/,
  ],
  ['bob', 'submit-plugin', `${REFUSING}; ${withPlugins('lua')}`, WITHOUT_PLUGINS, /name your project/],
];

export const TOOLS: readonly SubmitSituation[] = [
  ['bob', 'submit-munge', 'chmod 0700 /run/munge', 'follow', /users cannot reach the socket of munge/],
  ['bob', 'submit-no-config', 'chmod 0600 /etc/slurm/slurm.conf', 'follow', /Permission denied/],
  [
    'bob',
    'submit-no-config',
    'cp -p /etc/slurm/slurm.conf /root/; echo Nonsense=1 >>/etc/slurm/slurm.conf',
    'cp -p /root/slurm.conf /etc/slurm/',
    /unrecognized key/,
  ],
  [
    'bob',
    'submit-slurmctld',
    'cp -p /etc/slurm/slurm.conf /root/; echo SlurmctldPort=7000 >>/etc/slurm/slurm.conf',
    'cp -p /root/slurm.conf /etc/slurm/',
    /no answer/,
  ],
  ['bob', 'submit-no-sbatch', 'chmod 0700 /usr/bin/sbatch', 'follow', /EACCES/],
];

const modify = (change: string): string => `sacctmgr -iQ modify ${change}`;

/** A limit that is not 0 and in use. */
export const IN_USE: readonly SubmitSituation[] = ['team-vision', 'root'].map((account) => [
  'bob',
  'submit-limit',
  `${modify(`account where name=${account} set GrpSubmitJobs=1`)}; ${SUBMIT} true --hold`,
  `${modify(`account where name=${account} set GrpSubmitJobs=-1`)}; scancel -u bob`,
  new RegExp(`GrpSubmitJobs of the account ${account} is 1, and 1 are used`),
]);
