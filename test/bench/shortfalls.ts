// Why a goal is missed, in one sentence: said in the table in place of `met`, and only where it is missed.

export const SHORTFALLS: Readonly<Record<string, string>> = {
  'cli list-10k-ms':
    'missed: a cold process reads 10,000 key files and all account lines, and decides anew; only rows that the agent writes at each poll would be faster',
  'host cold-apply-vs-bare':
    'missed: besides the files it starts a process, loads the state database, reads the host and decides over 10,000 people',
  'cli status-vs-node':
    'missed: it loads a dozen modules, reads a file and checks it against a schema; without the check a broken status would be shown as a good one',
  'idle idle-pss-mb':
    'missed: two Node processes of some 40 MB each without any data; one process would have both the network and the accounts',
  'host one-key-10k-ms':
    'missed: each decision reads every key file and account line anew and decides over all people; no memo of them saved 0.2 s at 10,000 people',
  'host one-key-100k-ms': 'missed, for the reason of `one-key-10k-ms`',
  'sync full-sync-no-change-100k':
    'missed: each page is parsed in a process of its own and compared record by record in another, and nothing of the last read is kept but the records',
  'sync peak-pss-mb-100k':
    'missed: with a young generation of 4 MB and collections at 40 % it is 345 MB, and a full read of 10,000 people takes 185 ms instead of 141, one key 341 instead of 265',
  'start one-shot-sync-10k-s':
    'missed: a process starts, a reader starts beside it, and all people are read, compared and decided over anew; a daemon does it in a tenth',
  'start one-shot-sync-10k-mb':
    'missed: two Node processes of some 40 MB each, the records of all people, and what the host has of them, in memory at once',
  'start daemon-ready-10k-s': 'missed, for the reason of `one-shot-sync-10k-s`',
  'start daemon-ready-10k-mb': 'missed, for the reason of `one-shot-sync-10k-mb`',
  'slurm no-change-10k-s':
    'missed: slurmdbd answers as quickly as by hand; beside it slurmctld lists its users, 10,000 rows go to another process and are checked, and a plan is made of them',
  'slurm no-change-running-10k-s': 'missed, for the reason of `no-change-10k-s`',
  'slurm revoked-to-refused-s':
    'missed: on a machine that takes 2.5 times as long for the bare list above as that of the record before, where half took 1.3 s; the sync decides in one process, the round in the next turn, and slurmdbd writes in between',
  'publish poll-cpu-ms':
    'missed: a poll is two processes, `sleep` and the `dd` that neither follows a link nor waits at a pipe, since the volume is not trusted',
  'publish revoke-to-follower-p95-s':
    'missed: a hundred followers share two cores here, and a revocation costs each some 25 to 45 ms, half of it `ssh-keygen -Y verify`',
};
