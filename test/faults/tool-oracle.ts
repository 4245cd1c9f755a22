// What the node's own tools say of its files: getent(1), id(1) and sudo(8) in a mount namespace where they are /etc.
import { execFileSync } from 'node:child_process';
import type { LoginRoot } from '../support/nodes/login-root/login-root.ts';
import type { ReferenceModel } from './reference-model.ts';

const MANAGED_GID = '9999';
/** People without sudo who are asked about; sudo takes its time. */
const SUDO_SAMPLE = 3;

/** The node's /etc lies over this machine's; the answers to each question follow a line with its number. */
const ASK = `
set -eu
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work
mount -t overlay -o "lowerdir=$1/etc:/etc,upperdir=/mnt/upper,workdir=/mnt/work" overlay /etc
printf 'passwd: files\\ngroup: files\\nshadow: files\\n' >/etc/nsswitch.conf
names=$2 uids=$3 asked=$4
echo '1'; getent passwd $names || true
echo '2'; getent passwd $uids || true
echo '3'; for name in $names; do echo "$name $(id -G -- "$name" 2>/dev/null || true)"; done
echo '4'; for name in $asked; do sudo -n -l -U "$name" 2>/dev/null || true; done
`;

/**
 * What getent, id and sudo answer, compared with the store.
 * @returns a sentence each; without root nothing can be asked.
 */
export function findToolDifferences(node: LoginRoot, { people, groups, sudoGid }: ReferenceModel): string[] {
  if (process.geteuid?.() !== 0) return [];
  const all = [...people.values()];
  const barred = all.filter((person) => node.isBarred(person));
  const sound = all.filter((person) => person.isIn && !node.isBarred(person));
  const admins = new Set(groups.find(({ gid }) => gid === sudoGid)?.members);
  const others = all.filter(({ name }) => !admins.has(name)).slice(0, SUDO_SAMPLE);
  const asked = [...admins, ...others.map(({ name }) => name), ...barred.map(({ name }) => name)];
  const words = [all.map(({ name }) => name), all.map(({ uid }) => uid), [...new Set(asked)]];
  const text = execFileSync(
    'unshare',
    [
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-c',
      ASK,
      'sh',
      node.root,
      ...words.map((list) => list.join(' ')),
    ],
    { encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [, byName = '', byUid = '', ids = '', sudo = ''] = text.split(/^[1-4]\n/m);
  const uidOf = readEntries(byName, 0);
  const nameOf = readEntries(byUid, 2);
  const gidsOf = new Map(ids.split('\n').map((line) => [line.split(' ')[0] ?? '', line.split(' ').slice(1)]));
  const roots = new Set([...sudo.matchAll(/^User (\S+) may run/gm)].map(([, name = '']) => name));
  const found: string[] = [];
  for (const { name, uid } of sound) {
    if (uidOf.get(name)?.[2] !== String(uid))
      found.push(`getent gives ${name} as ${uidOf.get(name)?.join(':')}`);
    if (nameOf.get(String(uid))?.[0] !== name)
      found.push(`getent gives the uid ${uid} of ${name} as ${nameOf.get(String(uid))?.join(':')}`);
    if (gidsOf.get(name)?.includes(MANAGED_GID) !== true)
      found.push(`id does not list ${name} in the managed group: ${gidsOf.get(name)?.join(' ')}`);
    if (admins.has(name) && !roots.has(name)) found.push(`sudo refuses ${name}`);
  }
  for (const name of roots) {
    const isMeant = admins.has(name) && sound.some((person) => person.name === name);
    // An administrator whose home is planted keeps sudo, and has no key to come by it.
    const isPlanted = admins.has(name) && node.planted.has(name);
    // Others gave the name a line of its own, and listed it in the group sudo: that is theirs.
    const isForeign = node.foreign.passwd.some((line) => line.startsWith(`${name}:`));
    if (!isMeant && !isPlanted && !isForeign) found.push(`sudo lets ${name} be root`);
  }
  for (const { name, uid } of barred) {
    if (!node.taken.uids.has(uid)) continue;
    const owner = nameOf.get(String(uid))?.[0];
    if (owner === name) found.push(`the uid ${uid}, which the node had in use, was given to ${name}`);
  }
  return found;
}

function readEntries(text: string, key: number): Map<string, string[]> {
  return new Map(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(':'))
      .map((fields) => [fields[key] ?? '', fields]),
  );
}
