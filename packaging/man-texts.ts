// The sections of the manuals that no help text and no schema has.

export const READING = `Each sync.poll the reader asks the store for changes, and each sync.full for everything; scim.budget stretches the
pauses. Users missing from a complete listing are looked up by id, 50 in a sync. If the store confirms that a user is
deleted, that acts at once. Without confirmation an absence has to be repeated (limits.absences); it does not count in a
sync whose listing lacks a user that the store then serves by id. An account of the managed group that is in neither the
ledger nor the store, because it was added by hand or the state database was lost, is not managed and never disabled:
status names it, and an operator removes it from the group. What an earlier sync left as its key file goes after two
full syncs; until then each poll reads everything.

Where the store's ServiceProviderConfig offers events of its resources (RFC 9967), the reader also keeps one request open
at SecurityEvents below scim.base_url (RFC 8936), in a stream of this node's own. An event only names resources: up to 50
of them are read again by their ids, at once; for more the reader asks for changes. There is nothing to configure. While
events fail the store is polled as before, and once they work again a delta asks for what was missed; a store that offers
none is probed again after an hour. sunk-agent status shows a sync that an event started as (event), and the log has
since when events are followed and why they are not.`;

export const NAMES = `A user's name is made from scim.attributes.username. Only printable ASCII is accepted; nothing is transliterated.
The part behind an @ must be one of accounts.domains, in any case, and the part before it is used; more than one @ is
refused, and so is a plus sign, since alice+x and alice reach the same person. Upper case becomes lower case and dots
become _. The result starts with a letter, continues with letters, digits, - and _, and has at most 31 characters: nothing
is cut off, and anything else is refused. A group's name is made likewise; blanks become _ too, and two groups with the
same result are both refused, unless one of them is named in access.

Of two users who claim the same name, uid or home, the one created earlier in the store gets it (meta.created, then id),
on every node. A user who already has it keeps it. A local account or group always has precedence. Never granted are the
names of system accounts and privileged names, and names that sudoers (with its includes, ids too), sshd_config (with its
includes) or access.conf of this node mention; uids and gids below 1000, and the ranges of systemd and the system above.
A group that takes the name of a sudo group in the store grants no sudo unless its id is pinned.

With accounts.ids: derived, an id is a hash of the SCIM id, folded into accounts.id_range. Up to 59999 two of 1,000 users
collide almost certainly, and the later one is refused; 1879048192 to 2147483646 is free and large (1,000 users collide
with a probability of 0.2 %), but such a uid makes a sparse lastlog of hundreds of gigabytes in appearance, and cannot
exist in a pod with a user namespace of its own.`;

export const LEAVING = `A user who is deactivated, deleted, blocked or in no access group loses, in this order: the keys; the account
(expiry day 1 and a nologin shell, the line stays); sudo; the sessions; groups, but for the managed group, which sshd's
settings need; cron, incron and at jobs and lingering, which are moved to /var/lib/sunk-agent/offboarded and restored when the user
returns. Of the jobs, 100 and 4 MiB are kept, 1 MiB each; others are removed. A job whose time has passed does not run: a
file in the user's home, sunk-agent-jobs-TIME.txt, names those that did not come back. Then offboarding.hook runs. Each
step is in the history with its time. That this node refuses the identity (a local group has the gid) changes nothing: the
line with the ledger's name and uid is disabled.

A user who loses sudo and nothing else keeps sessions without a root shell; a session in which one was opened ends. Without
logind (in pods) a root shell that detached cannot be told from other processes of root: status says "alice had root here
until 2026-11-29 12:04 (UTC): recreate this pod", until it was.

After accounts.retention the line is removed too; the home stays, the uid stays bound, and a user who returns gets the
same name, uid, groups and home.

A full disk does not delay a revocation: 8 MiB beside the state database (/var/lib/sunk-agent/reserve) are released while
a sync runs. While the state database cannot be written at all (its volume is full, or its disk fails), the daemon
continues with a copy of it in memory: it applies revocations, and grants nothing until the state database can be written
again. Where a key file cannot be removed (a disk that became read-only), the name goes into the deny list,
/run/sunk-agent/shut, and the key helper serves it no key until the file is correct. With keys.serve: file sshd reads the
files itself, and those keys work until they expire.`;

export const NSSCACHE = `With accounts.backend: nsscache, one pod publishes for all pods of a cluster, in place of the nsscache job. Each
change creates a new directory in accounts.nsscache_dir, with passwd.cache, group.cache, shadow.cache and sshkey.cache and
their indexes, all from one snapshot of the store, and then moves the link called current to it; the previous directory
stays for processes that are reading it. Only one agent may publish into a directory. The files contain what the agent
made, and what it took over from a former publisher (below). Local accounts and groups are never changed, and always have precedence: none of them may have a
name or id that the store gives to a user. That includes what the local backend made: remove those lines before the change.

Put the directory on a volume that all pods mount, give the publisher's unit ReadWritePaths= for it where it lies outside
of /var/lib/sunk-agent, install libnss-cache on all pods, and link, on each pod:

  /etc/passwd.cache          accounts.nsscache_dir/current/passwd.cache
  /etc/passwd.cache.ixname   accounts.nsscache_dir/current/passwd.cache.ixname
  /etc/passwd.cache.ixuid    accounts.nsscache_dir/current/passwd.cache.ixuid
  /etc/group.cache           the same for .ixname and .ixgid
  /etc/shadow.cache          the same for .ixname

and in /etc/nsswitch.conf passwd, group and, if wanted, shadow: files cache. Where SUNK projects /etc/nsscache into its
pods, that directory is read-only: link past it. Without shadow, sshd needs UsePAM no, since pam_unix refuses a user
without a line there. A disabled account is refused in either case: it has no key and a nologin shell, and sshd's Match
Group keeps its own key file unused.

A login pod that mounts the volume sets accounts.backend: published. It writes no account and no group, and maintains
homes, key files, sessions and sudo from its own reading of the store. A pod on which no user logs in needs no agent.

With mode: observe, an agent beside another publisher reads /etc/passwd.cache and /etc/group.cache, and plan shows what it
would change. sunk-agent import takes those accounts over: in their spelling, with uid, gid and home. With --keep-uids also
where the store has others; the uids are then in overrides, which the login pods need as well. What it binds to no one goes
on being published as it is, with its groups and its line of sshkey.cache, until --unknown keep, retire or drop decides; its
name and uid are given to no one. So it is where nothing is imported: an account that the store does not have does not
vanish, and a person with another uid at the store gets no account (published-unknown and published-differs in plan,
decisions-takeover in doctor). Groups of the former publisher that the store does not give go on with the members that they
had; accounts.groups makes the store's groups of that name and gid follow them.`;

export const EVENTS = `The daemon writes one line of JSON for each change that a sync applied and for each act of an operator, to where
audit.events of the configuration says. What a command does or applies follows with the next sync of the daemon. No event
is lost when the daemon restarts; one that is interrupted repeats some. Keys are named by their fingerprint alone. An
operator is named by SUDO_USER and loginuid, which a root shell can set: they tell who acted, and prove it against no root.

Read them with journalctl -u sunk-agent -o cat | jq 'select(.event)'.`;

export const PUBLISH = `With accounts.backend: publish, one agent decides for all pods of a cluster, and gives none of them the token. Each
decision becomes a generation in publish.directory: files named by their hash (accounts and groups with the indexes of
libnss-cache, sudo rules, keys in shards of a few hundred people, disabled people, the ledger), and root, a manifest that
lists them, signed in the format of ssh-keygen(1), -Y. It is signed anew each publish.resign, also while the store is away.
The publisher's own host gets no account, no sudo and no session of these people. One publisher writes in a directory;
another one is refused.

Pods mount the directory read-only and run /usr/libexec/sunk-agent/follower: POSIX sh, coreutils and ssh-keygen, as the
unit sunk-agent-follower or an s6 longrun, with its parts, follower.NAME.sh, beside it. It copies bounded bytes, verifies
the copy, and moves /run/sunk-agent/current by a rename; nothing reads the volume afterwards. A generation that changes names
comes in two renames: first what it takes away (keys, sudo rules, processes of disabled people), and after a third of a
second, in which no lookup uses an index, the names and what it gives. It refuses, and reports, whatever no publisher of its
list signed, an older serial, another publisher, missing or altered files, links and pipes, and keeps the generation in
force, whose keys have dates of their own. A pod without a generation also refuses one that is older than publish.not_after.
It ends each process of disabled people, by uid, and leaves local accounts alone: a key is served by name and uid, and sudo
to no uid that the pod's own passwd has.

What an image brings counts: a group of the store that the pod's own sudoers name, or that has the gid of a group of the pod,
is left out there and reported as a fault, and a user whose name they have gets no key; privileged= in follower.conf admits
them. No key is served where the home is there and someone else's. install-follower --homes has pam_mkhomedir make missing
homes; publish.homes: create has the publisher make them where it mounts them.

To set it up:

  1. key        ssh-keygen -t ed25519 -N '' -f /var/lib/sunk-agent/publish-key, and another one that is kept elsewhere
  2. publisher  accounts.backend: publish, publish.directory and publish.heartbeats; sunk-agent sync
  3. image      sh /usr/share/sunk-agent/follower/install-follower: links, nsswitch.conf, sshd, and what is missing
  4. pods       /etc/sunk-agent/publishers with both public keys, /etc/sunk-agent/operators, /etc/sunk-agent/follower.conf
  5. look       sunk-agent fleet on the publisher, /run/sunk-agent/follower.status in a pod

To rotate the key, put the next one in place of publish.key: it signs at once, and followers know it. Then give them the
one after it. If the key was lost, the same. If it was stolen, take it from /etc/sunk-agent/publishers of every pod first:
followers then refuse what it signs, and what it signed before, with whatever serial, gives way to the first generation of
the next key. Who had the key was root on each login pod: recreate them.

A publisher that lost its state volume publishes nothing over the last generation until sunk-agent ledger import DIRECTORY
--apply has taken ledger, accounts, keys and sudo rules from it; no uid changes, and the store is not needed. The signature
must be of publish.key or of a key in the publisher's own /etc/sunk-agent/publishers, so that the next key can go on. It is
the same after the state was restored from a backup. If volume and state are lost together, recreate the pods.

While the publisher is away, users see nothing, and this is what ends:

  at once             additions, changes and revocations wait; block --offline works
  publish.not_after   (24 h) pods that start have no generation, so no login; those that run log it and report it
  keys.max_age        after the store last confirmed a key, sshd refuses it; sessions that are open stay

Names resolve for good, and a publisher that comes back after any time goes on. To have pods start again before the store
is back, restore a publisher as above: what it has taken over it signs, within a minute.

sunk-agent block NAME --offline KEY puts a block on the volume that an operator signed; followers obey it at their next
poll, it ends by itself, and unblock NAME --offline KEY takes it back. A publisher that is back takes it into its block list
(/etc/sunk-agent/operators says whose it takes), and followers leave it to the first generation that has it: from then on
block and unblock on the publisher decide. If an operator's key was stolen, take it from /etc/sunk-agent/operators
everywhere: its blocks end within a minute.

Clocks: order is by serial, whatever the clocks say. By a pod's own clock end keys, blocks and not-after; sunk-agent fleet
shows a follower whose clock is a minute off as faulty.

Who is root in a pod can stop its follower, or take its keys for that pod; sunk-agent fleet shows it stale, and such a pod
must be deleted. Heartbeats are what pods report, and no proof. fleet checks no login, and a follower has neither canary nor
why --try: sshd and PAM of a pod are checked by a login there, with ssh.`;

export const SLURM = `With slurm.mode the members of groups get Slurm accounts and associations. The Slurm worker (sunk-agent-slurm.service, user
sunk-slurm) runs sacctmgr, squeue, scancel and scontrol; it has munge's socket and Slurm's network, no token, and no rights
over accounts. After each sync that changed something, and each slurm.every, it lists what Slurm has, and the agent compares
that with slurm.rules. Nothing of it delays a login.

A group that a rule names becomes an account: of rule.account, or of the group's own name, which must be one that Slurm
neither folds nor splits. The first rule with default: true among a person's rules gives the default account, else the
oldest association stays it. Settings that a rule leaves unset are not managed. A group that left the store keeps its last
members, and status names it.

What sunk-agent made is in its ledger; everything else in Slurm is of others, is never changed, and is refused where a rule
wants its name. An account or user of others is taken over by sunk-agent import --slurm.

An association is added only for a person whose account is on the node; if slurmctld cannot resolve the name, or has another
uid for it, it is removed and added again once it can, since slurmctld resolves a name once. Who loses access, or is blocked,
can submit no job first (MaxSubmitJobs=0), then has pending and running jobs cancelled, then loses the associations; the
history of the jobs stays. While slurmdbd, its database, munge or slurmctld is away, what is pending waits and is tried again.

With drain in a rule, running jobs of who loses that account go on for so long after submissions were stopped; pending jobs
are cancelled at once, and at the deadline what still runs is cancelled and the association removed. sunk-agent status has
the last deadline. A person who is blocked has no such time, nor one without a stop in the history.

The guard holds losses of associations by limits.max_loss and more QOS, limits or shares by limits.max_gain.slurm_limits.

To set it up:

  1. user        getent passwd sunk-slurm on slurmctld's host must have the uid that it has here
  2. Operator    sacctmgr add user name=sunk-slurm account=root adminlevel=Operator
  3. enforce     AccountingStorageEnforce=associations,limits,qos in slurm.conf
  4. observe     slurm.mode: observe and slurm.rules; systemctl enable --now sunk-agent-slurm; restart sunk-agent
  5. look        sunk-agent status and sunk-agent doctor; sunk-agent import --slurm for what is there already
  6. act         slurm.mode: enforce, and restart sunk-agent

The rules of a site with ten groups: eight teams below two departments, whose accounts are of the departments' groups, and
guests with little:

Examples:
  slurm:
    mode: enforce
    rules:
      - { group: dept-physics, account: physics, fairshare: 60 }
      - { group: dept-biology, account: biology, fairshare: 40 }
      - { group: team-cern, parent: physics, default: true, limits: { GrpTRES: gres/gpu=64 } }
      - { group: 'team-phys-*', parent: physics, default: true }
      - { group: 'team-bio-*', parent: biology, default: true, qos: [normal, long], default_qos: normal }
      - { group: guests, default: true, fairshare: 1, limits: { MaxSubmitJobs: '10', MaxWallDurationPerJob: '60' } }

sunk-agent why NAME --submit names the first thing that keeps a person from running a job. It looks at the default account,
the default partition and the limits that let no job start, and tries a submission that is not queued.`;

export const STATUS = `status.json and sunk-agent status --json have schema_version 2. For one release each renamed field also has its name of
version 1, with the same value:

  schema_version            version, which stays 1
  store.lastContact         store.lastHeard
  counts.accountsEnabled    counts.accountsOpen
  counts.accountsDisabled   counts.accountsClosed
  lastSync                  lastPass; its mode "cache" is "state" here
  nextSync                  nextPass

Metrics have old names likewise; each says so in its help text: sunk_agent_last_pass_timestamp_seconds,
sunk_agent_last_complete_pass_timestamp_seconds, sunk_agent_passes_total and sunk_agent_accounts.`;
