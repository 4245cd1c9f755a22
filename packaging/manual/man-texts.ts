// The sections of the manuals that no help text and no schema has.

export const READING = `Each sync.poll the reader asks the store for changes, and each sync.full for everything; scim.budget stretches the
pauses. Users missing from a complete listing are looked up by id, 50 in a sync. If the store confirms that a user is
deleted, that acts at once. Without confirmation an absence has to be repeated (limits.absences); it does not count in a
sync whose listing lacks a user that the store then serves by id. An account of the managed group that is in neither the
ledger nor the store, because it was added by hand or the state database was lost, is not managed and never disabled:
status names it, and an operator removes it from the group. A key file that an earlier sync left for it is removed after
two full syncs; until then each poll reads everything.

Where the store's ServiceProviderConfig offers events of its resources (RFC 9967), the reader also keeps one request open
at SecurityEvents below scim.base_url (RFC 8936), in a stream of this node's own. An event only names resources: the
reader reads up to 50 of them again by their ids, at once; for more it asks for changes. There is nothing to configure.
While events fail the node polls as before, and once they work again a delta asks for what was missed. The reader probes a
store that offers no events again after an hour. sunk-agent status shows a sync that an event started as (event), and the
log has since when the reader follows events, or why it does not.`;

export const NAMES = `A user's name is made from scim.attributes.username. Only printable ASCII is accepted; nothing is transliterated.
The part behind an @ must be one of accounts.domains, in any case, and the part before it is used; more than one @ is
refused, and so is a plus sign, since alice+x and alice reach the same person. Upper case becomes lower case and dots
become _. The result starts with a letter, continues with letters, digits, - and _, and has at most 31 characters: nothing
is cut off, and anything else is refused. A group's name is made likewise; blanks become _ too, and two groups with the
same result are both refused, unless one of them is named in access.

Of two users who claim the same name, uid or home, the one created earlier in the store gets it (meta.created, then id),
on every node. A user who already has it keeps it. A local account or group always has precedence. Never granted are the
names of system accounts; names and ids to which sudoers (with its includes), polkit, doas.conf or PAM of this node give
power; uids and gids below 1000, and the ranges of systemd and the system above.
A group that takes the name of a sudo group in the store grants no sudo unless its id is pinned.

With accounts.ids: derived, an id is a hash of the SCIM id, folded into accounts.id_range. In a range up to 59999 two of
1,000 users collide almost certainly, and the later one is refused. 1879048192 to 2147483646 is free and large (1,000 users
collide with a probability of 0.2 %), but such a uid makes lastlog a sparse file with an apparent size of hundreds of
gigabytes, and cannot exist in a pod with a user namespace of its own.`;

export const LEAVING = `A user who is deactivated, deleted, blocked or in no access group loses, in this order: the keys; the account
(expiry day 1 and a nologin shell, the line stays); sudo; the sessions; groups, except the managed group, which sshd's
settings need; cron, incron and at jobs and lingering, which are moved to /var/lib/sunk-agent/offboarded and restored when the
user returns. At most 100 jobs and 4 MiB are kept, 1 MiB each; others are removed. A job whose time has passed does not run:
a file in the user's home, sunk-agent-jobs-TIME.txt, names those that did not come back. Then offboarding.hook runs. Each
step is in the history with its time. If this node refuses the identity (a local group has the gid), the line with the
ledger's name and uid is disabled all the same.

A user who loses only sudo keeps sessions without a root shell; a session in which one was opened ends. Without
logind (in pods) a root shell that detached cannot be told from other processes of root: status says "alice had root here
until 2026-11-29 12:04 (UTC): recreate this pod", until it was.

After accounts.retention the line is removed too; the home stays, the uid stays bound, and a user who returns gets the
same name, uid, groups and home.

A full disk does not delay a revocation: 8 MiB beside the state database (/var/lib/sunk-agent/reserve) are released while
a sync runs. While the state database cannot be written at all (its volume is full, or its disk fails), the daemon
continues with a copy of it in memory: it applies revocations, and grants nothing until the state database can be written
again. Where a key file cannot be removed (a disk that became read-only), the name goes into the deny list,
/run/sunk-agent/shut, and the key helper serves it no key until the file is correct. With keys.serve: file, sshd reads the
files itself, and those keys work until they expire.`;

export const NSSCACHE = `With accounts.backend: nsscache, one pod publishes for all pods of a cluster, in place of the nsscache job. Each
change creates a new directory in accounts.nsscache_dir, with passwd.cache, group.cache, shadow.cache and sshkey.cache and
their indexes, all from one snapshot of the store, and then moves the link called current to it; the previous directory
stays for processes that are reading it. Only one agent may publish into a directory. The files contain what the agent
made, and what it took over from a former publisher (below). Local accounts and groups are never changed, and always have
precedence: none of them may have a name or id that the store gives to a user. That includes lines that the local backend
made: remove them before the change.

Put the directory on a volume that all pods mount. If it is outside /var/lib/sunk-agent, give the publisher's unit
ReadWritePaths= for it. Install libnss-cache on all pods, and link, on each pod:

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
would change. sunk-agent import takes those accounts over: in their spelling, with uid, gid and home; with --keep-uids, also
where the store has others. The uids are then in overrides, which the login pods need as well. An account that import binds
to no one is published as before, with its groups and its line of sshkey.cache, until --unknown keep, retire or drop decides;
its name and uid are given to no one. Without any import the same holds: an account that the store does not have stays, and
a person with another uid at the store gets no account (published-unknown and published-differs in plan,
decisions-takeover in doctor). Groups of the former publisher that the store does not give keep the members that they
had; accounts.groups makes the store's groups of that name and gid follow them.`;

export const EVENTS = `The daemon writes one line of JSON for each change that a sync applied and for each act of an operator, to where
audit.events of the configuration says. Events of a command follow with the next sync of the daemon. No event is lost when
the daemon restarts; an interrupted daemon repeats some. An event names a key only by its fingerprint, and an operator by
SUDO_USER and loginuid. A root shell can set these: they say who acted, and prove nothing against root.

Read them with journalctl -u sunk-agent -o cat | jq 'select(.event)'.`;

export const PUBLISH = `With accounts.backend: publish, one agent decides for all pods of a cluster, and gives none of them the token. Each
decision becomes a generation in publish.directory: files named by their hash (accounts and groups with the indexes of
libnss-cache, sudo rules, keys in shards of a few hundred people, disabled people, the ledger), and root, a manifest that
lists them, signed in the format of ssh-keygen(1), -Y. It is signed again every publish.resign, also while the store is away.
The publisher's own host gets no account, no sudo and no session of these people. One publisher writes in a directory;
another one is refused.

Pods mount the directory read-only and run /usr/libexec/sunk-agent/follower: POSIX sh, coreutils, flock and ssh-keygen, as
the unit sunk-agent-follower or an s6 longrun, with its parts, follower.NAME.sh, beside it. It copies bounded bytes, verifies
the copy, and moves /run/sunk-agent/current by a rename; nothing reads the volume afterwards. A generation that changes names
comes in two renames: first what it takes away (keys, sudo rules, processes of disabled people), and after a third of a
second, in which no lookup uses an index, the names and what it gives. It refuses and reports whatever no publisher of its
list signed, an older serial, another publisher, missing or altered files, links and pipes. It then keeps the generation in
force, whose keys have dates of their own. A pod without a generation also refuses one that is older than publish.not_after.
It ends each process of disabled people, by uid, and leaves local accounts alone: it serves a key by name and uid, and gives
sudo to no uid that the pod's own passwd has.

The image matters: if the pod's own sudoers name a group of the store, or a group of the pod has its gid, the follower leaves
that group out and reports it as a fault. A user whose name sudoers have gets no key; privileged= in follower.conf admits
both. A person whose home belongs to someone else gets no key. install-follower --homes has pam_mkhomedir make missing
homes; publish.homes: create has the publisher make them where it mounts them.

To set it up:

  1. key        ssh-keygen -t ed25519 -N '' -f /var/lib/sunk-agent/publish-key, and another one that is kept elsewhere
  2. publisher  accounts.backend: publish, publish.directory and publish.heartbeats; sunk-agent sync
  3. image      sh /usr/share/sunk-agent/follower/install-follower: links, nsswitch.conf, sshd, and what is missing
  4. pods       /etc/sunk-agent/publishers with both public keys, /etc/sunk-agent/operators, /etc/sunk-agent/follower.conf
  5. check      sunk-agent fleet on the publisher, /run/sunk-agent/follower.status in a pod

To rotate the key, replace publish.key by the next one: it signs at once, and followers know it. Then give them the one
after it. If the key was lost, do the same. If it was stolen, first remove it from /etc/sunk-agent/publishers of every pod:
followers then refuse what it signs, and the first generation of the next key replaces what it signed before, whatever the
serial. The thief was root on each login pod: recreate the pods.

A publisher that lost its state volume publishes nothing until sunk-agent ledger import DIRECTORY --apply has taken ledger,
accounts, keys and sudo rules from the last generation; no uid changes, and the store is not needed. The signature
must be of publish.key or of a key in the publisher's own /etc/sunk-agent/publishers, so that the next key can continue. The
same holds after the state was restored from a backup. If volume and state are lost together, recreate the pods.

While the publisher is away, users notice nothing at first, and this ends:

  at once             additions, changes and revocations wait; block --offline works
  publish.not_after   (24 h) pods that start have no generation, so no login; those that run log it and report it
  keys.max_age        after the store last confirmed a key, sshd refuses it; open sessions stay

Names continue to resolve, and a publisher can come back after any time. To let pods start again before the store is back,
restore a publisher as above: it signs what it has taken over within a minute.

sunk-agent block NAME --offline KEY puts a block on the volume that an operator signed. Followers obey it at their next
poll; it ends by itself, and unblock NAME --offline KEY takes it back. When the publisher is back, it takes the block into
its block list (/etc/sunk-agent/operators says whose it takes). From the first generation with the block on, block and
unblock on the publisher decide. If an operator's key was stolen, remove it from /etc/sunk-agent/operators everywhere: its
blocks end within a minute.

Clocks: the serial alone gives the order. Keys, blocks and not-after end by a pod's own clock; sunk-agent fleet shows a
follower whose clock is a minute off as faulty.

A user who is root in a pod can stop its follower, or take its keys for that pod; sunk-agent fleet shows it stale, and you
must delete such a pod. Heartbeats are what pods report, and no proof. fleet checks no login, and a follower has neither
canary nor why --try: check sshd and PAM of a pod by a login there, with ssh.`;

export const SLURM = `With slurm.mode the members of groups get Slurm accounts and associations. The Slurm worker (sunk-agent-slurm.service, user
sunk-slurm) runs sacctmgr, squeue, scancel and scontrol; it has munge's socket and Slurm's network, no token, and no rights
over accounts. After each sync that changed something, and every slurm.every, it lists what Slurm has, and the agent compares
that with slurm.rules. This delays no login.

A group that a rule names becomes an account, named by the rule's account or else like the group. Slurm must neither fold
nor split that name. The first rule with default: true among a person's rules gives the default account; without one, the
oldest association stays the default. Settings that a rule leaves unset are not managed. A group that left the store keeps
its last members, and status names it.

What sunk-agent made is in its ledger, by ClusterName. Everything else in Slurm belongs to others: sunk-agent never changes
it, and refuses a rule that wants its name. sunk-agent import --slurm takes over an account or user of others. An
association of one partition always belongs to others. sunk-agent also refuses two changes that Slurm accepts: an account
below itself, and the removal of a user's last association while Slurm 24.11 would remove those of another user with it (it
takes the _ of a name for any character: anna_lee and anna-lee). That association stays, and no job can be submitted in it.
The worker manages the cluster of its slurm.conf, and refuses a slurm.cluster that slurmctld is not of. Names that sunk-agent
manages in another cluster are foreign in this one. After a change no round reads the other: who leaves keeps the
associations there, and sunk-agent status counts what is managed in it. Two clusters of one ClusterName, each with a
slurmdbd, count as one: rename one before slurm.conf points to its slurmdbd.
By hand, give sacctmgr modify and delete user an empty partition=, as the worker does: without it they also change the
associations of one partition. Slurm takes names with |, newlines and more than 255 characters; such rows are left out.

A coordinator (sacctmgr add coordinator) may give associations in the account, also to themselves after they lost theirs:
the next round removes what no rule gives a managed user. With the last association Slurm ends that role; before, remove
it: sacctmgr delete coordinator.

An association is added only for a person whose account is on the node. If slurmctld cannot resolve the name, or has another
uid for it, the association is removed, and added again once slurmctld can, since it resolves a name only once. A person who
loses access, or is blocked, first can submit no job (MaxSubmitJobs=0), then has pending and running jobs cancelled, then
loses the associations; the history of the jobs stays. While slurmdbd, its database, munge or slurmctld is away, pending
changes wait and are tried again.
A slurmctld that slurmdbd has not registered learns nothing of what changes until it sends something itself: sacctmgr list
cluster shows no ControlHost, as after a restart of slurmdbd. The worker then submits a held job of its own user and takes it
back, and what slurmctld has not learnt is made again.

With drain in a rule, running jobs of a person who loses that account go on for that time after submissions were stopped.
Pending jobs are cancelled at once; at the deadline the remaining jobs are cancelled and the association is removed.
sunk-agent status has the last deadline. A blocked person has no such time, nor has one without a stop in the history.

In a publisher's pod the worker is a container of the site's own Slurm image: slurm.worker in the chart's values.
Agent and worker speak one protocol. A worker of another one, as after half an upgrade, is not asked, and sunk-agent status says
which unit to restart.

The guard holds losses of associations by limits.max_loss and more QOS, limits or shares by limits.max_gain.slurm_limits. An
account that moves below another parent gets more where that gives QOS that it had not, or binds it to less; what shares it
has among others there is not judged.

To set it up:

  1. user        getent passwd sunk-slurm on slurmctld's host must have the uid that it has here
  2. Operator    sacctmgr add user name=sunk-slurm account=root adminlevel=Operator
  3. Slurm       in slurm.conf AccountingStorageEnforce=associations,limits,qos, and AccountingStorageTRES=gres/gpu for
                 limits of GPUs; then restart slurmctld. sunk-agent makes no QOS: sacctmgr add qos for each of the rules
  4. observe     slurm.mode: observe and slurm.rules; systemctl enable --now sunk-agent-slurm; restart sunk-agent
  5. check       sunk-agent status and sunk-agent doctor; sunk-agent import --slurm for what is there already
  6. act         slurm.mode: enforce, and restart sunk-agent

The rules of a site with teams below two departments, each with an account, and guests with low limits:

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

sunk-agent why NAME --submit names the first thing that keeps a person from running a job. It checks the default account,
the default partition, its nodes and reservations, and the limits that let no job start, and tries a submission that is not
queued. It does not check what a job may ask for: another account, partition or QOS, licenses, GPUs, memory or time.
Whether munge's key or the clock differs is known on slurmctld's host alone.`;

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
