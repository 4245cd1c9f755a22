// The manuals: sunk-agent(8) from the commands' own help, sunk-agent.yaml(5) from the schema's own descriptions.
import { OVERVIEW } from '../src/cli/help.ts';
import { configSchema } from '../src/config/config.ts';
import { loadCommands } from './commands.ts';
import { listKeys } from './config-keys.ts';
import { escapeText, literal, renderHead, renderList } from './mdoc.ts';

/** sunk-agent(8) as mdoc. `time` in epoch seconds. */
export async function renderCommandManual(time: number): Promise<string> {
  const commands = await loadCommands();
  const sections = [...commands].flatMap(([name, { help }]) => [
    `.Ss sunk\\-agent ${name}`,
    ...renderHelp(help),
  ]);
  const files = [
    ['/etc/sunk-agent/config.yaml', 'The configuration: sunk-agent.yaml(5).'],
    ['/etc/sunk-agent/approved', 'Hashes of held plans that are accepted; a fleet may share it.'],
    ['/etc/sunk-agent/blocked', 'Who is blocked, whatever the store says; a fleet may share it.'],
    ['/etc/sunk-agent/credentials/', 'Tokens of the store, readable by root and the reader.'],
    ['/var/lib/sunk-agent/cache/', 'The mirror of the store and the ledger of names and ids.'],
    ['/var/lib/sunk-agent/reserve', 'Room for the passes on a disk that is full; it holds nothing.'],
    ['/var/lib/sunk-agent/audit.ndjson', 'What operators did by hand: one JSON line an act.'],
    ['/var/lib/sunk-agent/authorized_keys/', 'The keys that sshd accepts, one file a name.'],
    ['/var/lib/sunk-agent/extended', 'Whose keys an operator extended, until when, and who did it.'],
    [
      '/var/lib/sunk-agent/offboarded/',
      'Cron and at jobs and lingering of those who left, by uid; given back when they return. What would run at once then stays in UID.kept-TIME.',
    ],
    ['/run/sunk-agent/status.json', 'What the last pass found.'],
    [
      '/run/sunk-agent/shut/',
      'Names to which the key helper gives no key, since the file could not be removed.',
    ],
  ].map(([tag = '', text = '']) => ({ tag: `Pa ${escapeText(tag)}`, body: [escapeText(text)] }));
  const lines = [
    ...renderHead('sunk-agent', 8, time),
    '.Sh NAME',
    '.Nm sunk\\-agent',
    '.Nd make a SUNK login node agree with the user store',
    '.Sh SYNOPSIS',
    '.Nm',
    '.Ar command',
    '.Op Ar options',
    '.Sh DESCRIPTION',
    ...renderHelp(OVERVIEW),
    '.Sh COMMANDS',
    ...sections,
    '.Sh FILES',
    ...renderList(files),
    '.Sh SEE ALSO',
    '.Xr sunk\\-agent.yaml 5 ,',
    '.Xr sshd_config 5 ,',
    '.Xr systemctl 1',
  ];
  return `${lines.join('\n')}\n`;
}

/** sunk-agent.yaml(5) as mdoc. `time` in epoch seconds. */
export function renderConfigManual(time: number): string {
  const items = listKeys(configSchema).map(({ path, type, fallback, description }) => ({
    tag: literal(path),
    body: [
      escapeText(description),
      '.br',
      escapeText(fallback === undefined ? `${type}; must be set.` : `${type}; default: ${fallback}`),
    ],
  }));
  const lines = [
    ...renderHead('sunk-agent.yaml', 5, time),
    '.Sh NAME',
    '.Nm sunk\\-agent.yaml',
    '.Nd configuration of sunk\\-agent',
    '.Sh DESCRIPTION',
    'The configuration is a YAML file,',
    '.Pa /etc/sunk\\-agent/config.yaml .',
    'A wrong key, type or value is refused with its line, its path and what was expected;',
    'anchors and aliases are not supported.',
    'Durations are a number with s, m, h or d behind it.',
    'Below, a.b stands for the key b inside of a, and a[] for each entry of the list a.',
    '.Sh KEYS',
    ...renderList(items),
    '.Sh HEARING THE STORE',
    ...renderHelp(HEARING),
    '.Sh NAMES AND IDS',
    ...renderHelp(NAMES),
    '.Sh LEAVING',
    ...renderHelp(LEAVING),
    '.Sh THE NSSCACHE BACKEND',
    ...renderHelp(NSSCACHE),
    '.Sh SEE ALSO',
    '.Xr sunk\\-agent 8 ,',
    '.Xr nsswitch.conf 5',
  ];
  return `${lines.join('\n')}\n`;
}

const HEARING = `The store is asked for what changed by sync.poll, and for everything by sync.full; scim.budget stretches the pauses.
Who is missing from a list that came whole is asked for by id, 50 in a pass. The store's own word that somebody is gone
acts at once; without it an absence has to be repeated (limits.absences), and does not count in a pass whose list lacks
anybody whom the store then serves by id. Where the cache was lost, an account that bears our mark and is known to nobody
has no id to ask for: it is closed once everything was read twice, and as long as it is in each poll reads everything.

Where the store's ServiceProviderConfig offers events of its resources (RFC 9967), the reader also keeps one request open
at SecurityEvents below scim.base_url (RFC 8936), in a stream of this node's own. An event only says where to look: up to
50 resources are read anew by their ids, at once; more are a case for a delta. There is nothing to configure. While
events fail the store is polled as ever, and once they are back a delta asks for what was missed; a store that offers
none is looked at again after an hour. sunk-agent status shows a pass that an event began as (event), and the log says
since when events are followed and why they are not.`;

const NAMES = `A person's name is made from scim.attributes.username. Only printable ASCII is taken; nothing is transliterated.
What follows an @ must be one of accounts.domains, in capitals or not, and what is before it goes on; more than one @ is
refused, and so is a plus sign, since alice+x and alice reach the same person. Capitals become small and dots become _.
What comes out starts with a letter, goes on with letters, digits, - and _, and has at most 31 characters: nothing is
cut off, and anything else is refused. A group's name is made likewise; blanks become _ too, and two groups that come
out alike are both refused, unless one of them is named in access.

Of two who want the same name, uid or home, the one created earlier at the store has it (meta.created, then id), on
every node. Who has it already keeps it. A local account or group always wins. Never granted are the names of system
accounts and of what means root, and whatever sudoers (with its includes, ids too), sshd_config (with its includes) or
access.conf of this node mention; uids and gids below 1000, and systemd's and the system's own ranges above. A group
that has taken the name of a sudo group at the store gives no sudo unless its id is pinned.

With accounts.ids: derived, an id is a hash of the SCIM id, folded onto accounts.id_range. Up to 59999 two of 1,000
people meet almost surely, and the later one is refused; 1879048192 to 2147483646 is free and large (1,000 people meet
with a chance of 0.2 %), but such a uid makes a sparse lastlog of hundreds of gigabytes in appearance, and cannot exist
in a pod with a user namespace of its own.`;

const LEAVING = `Who is deactivated, deleted, blocked or out of every access group loses, in this order: the keys; the account
(expiry day 1 and a nologin shell, the line stays); the sessions; groups and sudo, but for the marker group, on which
sshd's settings hang; cron and at jobs and lingering, which are put aside in /var/lib/sunk-agent/offboarded and come back
with the person. Then offboarding.hook runs. Each step is in the history with its time. After accounts.retention the
line goes too; the home stays, the uid stays bound, and whoever comes back gets the same name, uid, groups and home.

A full disk keeps nobody in: 8 MiB beside the cache (/var/lib/sunk-agent/reserve) are given up while a pass runs. While
the cache cannot be written at all (a volume of its own that is full, a disk that fails), the daemon goes on with a copy
of it in memory: it takes away what the store says, and gives nothing to anybody until the cache can be written again.
Where a key file cannot be removed (a disk that became read-only), the name goes into /run/sunk-agent/shut, and the key
helper gives it no key until the file is as it should be; with keys.serve: file sshd reads the files itself, and those
keys work until they expire.`;

const NSSCACHE = `With accounts.backend: nsscache, one pod publishes for all pods of a cluster, in place of the nsscache job. Each
change makes a new folder in accounts.nsscache_dir, with passwd.cache, group.cache, shadow.cache and sshkey.cache and
their indexes, all from one snapshot of the store, and then moves the link called current onto it; the folder before
stays for who is reading it. Only one agent may publish into a folder. The files hold what the agent made and nothing
else; local accounts and groups are never touched, and always win: none of them may have a name or id that the store
gives to somebody. That goes for what the local backend made as well: take those lines out before changing over.

Put the folder on a volume that all pods mount, give the publisher's unit ReadWritePaths= for it where it lies outside
of /var/lib/sunk-agent, install libnss-cache everywhere, and link, on each pod:

  /etc/passwd.cache          accounts.nsscache_dir/current/passwd.cache
  /etc/passwd.cache.ixname   accounts.nsscache_dir/current/passwd.cache.ixname
  /etc/passwd.cache.ixuid    accounts.nsscache_dir/current/passwd.cache.ixuid
  /etc/group.cache           the same for .ixname and .ixgid
  /etc/shadow.cache          the same for .ixname

and in /etc/nsswitch.conf passwd, group and, if wanted, shadow: files cache. Where SUNK projects /etc/nsscache into its
pods, that folder is read-only: link past it. Without shadow, sshd needs UsePAM no, since pam_unix refuses
everybody who has no line there; a closed account is refused all the same: it has no key, a nologin shell, and sshd's
Match Group keeps its own key file shut.

A login pod that mounts the volume sets accounts.backend: published. It writes no account and no group, and keeps homes,
key files, sessions and sudo as ever, from its own reading of the store. A pod without people who log in needs no agent.

With mode: observe, an agent beside another publisher reads what /etc/passwd.cache and /etc/group.cache say, and plan
shows what it would make different. sunk-agent import takes those accounts over.`;

/** Help text: paragraphs stay paragraphs, lines with an indented word and its explanation become a list. */
function renderHelp(help: string): string[] {
  return help.split('\n\n').flatMap((paragraph) => {
    const lines = paragraph.split('\n');
    const items = lines.map((line) => /^ {2}(\S.*?) {2,}(\S.*)$/.exec(line));
    if (lines[0]?.startsWith('Usage: ') === true)
      return [
        '.Bd -literal -offset indent',
        ...lines.map((line) => escapeText(line.replace(/^Usage: +/, '').trim())),
        '.Ed',
      ];
    if (lines[0] === 'Examples:')
      return [
        '.Pp',
        'Examples:',
        '.Bd -literal -offset indent',
        ...lines.slice(1).map((line) => escapeText(line.trim())),
        '.Ed',
      ];
    return [
      '.Pp',
      ...lines.flatMap((line, index) => {
        const item = items[index] ?? null;
        if (item === null) return [escapeText(line.trim())];
        const list = renderList([{ tag: literal(item[1] ?? ''), body: [escapeText(item[2] ?? '')] }]);
        return [
          ...(isItem(items[index - 1]) ? [] : list.slice(0, 1)),
          ...list.slice(1, -1),
          ...(isItem(items[index + 1]) ? [] : list.slice(-1)),
        ];
      }),
    ];
  });
}

function isItem(match: RegExpExecArray | null | undefined): boolean {
  return match !== null && match !== undefined;
}
