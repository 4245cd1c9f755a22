// Runs inside a throwaway node: `fill N` makes the same N people in three ways, `time N` looks them up and prints medians;
// `ldif N` prints the same people for a directory server, and `passes N` looks each of some names up for the first and the second time.
import { appendFileSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import koffi from 'koffi';
import { openLocalAccounts } from '../../src/host/accounts/local-accounts.ts';
import { openNssCache } from '../../src/host/nss/nsscache.ts';
import type { AccountChange } from '../../src/plan/change.ts';
import { median } from './row.ts';

/** Each way's passwd and group lie here, to be copied to /etc. */
export const BASE = '/srv/nss';
export const PUBLISHED = '/srv/nss/published';
export const LDAP_BASE = 'dc=example,dc=com';
const MEMBERS = 100;
const PEOPLE = { name: 'people', gid: 9998 };
const TODAY = 20_000;
const LOOKUPS = 200;

/** As SUNK has it: one shared primary group, and each person in two groups of a hundred. */
function describePeople(count: number): AccountChange[] {
  const names = Array.from({ length: count }, (_, index) => `u${index}`);
  const groups = Math.max(1, Math.floor((2 * count) / MEMBERS));
  const common = { scimId: null, because: '' } as const;
  const changes: AccountChange[] = [{ ...common, kind: 'group-create', ...PEOPLE }];
  for (let group = 0; group < groups; group += 1)
    changes.push({ ...common, kind: 'group-create', name: `g${group}`, gid: 400_000 + group });
  for (const [index, name] of names.entries()) {
    const entry = { name, uid: 100_000 + index, gid: PEOPLE.gid, gecos: 'A person', dir: `/home/${name}` };
    changes.push({ ...common, kind: 'account-create', name, entry: { ...entry, shell: '/bin/bash' } });
  }
  for (let group = 0; group < groups; group += 1) {
    for (let member = 0; member < Math.min(MEMBERS, count); member += 1) {
      const name = names[(group * MEMBERS + member) % count] ?? '';
      changes.push({ ...common, kind: 'member-add', name: `g${group}`, member: name, sudo: false });
    }
  }
  return changes;
}

/** The names in each group. */
function groupMembers(changes: readonly AccountChange[]): Map<string, string[]> {
  const members = new Map<string, string[]>();
  for (const change of changes)
    if (change.kind === 'member-add')
      members.set(change.name, [...(members.get(change.name) ?? []), change.member]);
  return members;
}

/** The reference: the lines appended as they come, without any of our code. */
function writeFlat(changes: readonly AccountChange[]): void {
  const members = groupMembers(changes);
  const passwd: string[] = [];
  const group: string[] = [];
  for (const change of changes) {
    if (change.kind === 'group-create')
      group.push(`${change.name}:x:${change.gid}:${(members.get(change.name) ?? []).join(',')}\n`);
    if (change.kind !== 'account-create') continue;
    const { name, uid, gid, gecos, dir, shell } = change.entry;
    passwd.push(`${name}:x:${uid}:${gid}:${gecos}:${dir}:${shell}\n`);
  }
  appendFileSync(`${BASE}/flat/passwd`, passwd.join(''));
  appendFileSync(`${BASE}/flat/group`, group.join(''));
}

async function fill(count: number): Promise<void> {
  const changes = describePeople(count);
  for (const way of ['flat', 'local', 'nsscache', 'image']) {
    mkdirSync(`${BASE}/${way}`, { recursive: true });
    for (const file of ['passwd', 'group']) copyFileSync(`/etc/${file}`, `${BASE}/${way}/${file}`);
    const service = way === 'nsscache' ? ' cache' : '';
    writeFileSync(`${BASE}/${way}/nsswitch.conf`, `passwd: files${service}\ngroup: files${service}\n`);
  }
  writeFlat(changes);
  const published = openNssCache('/', PUBLISHED);
  await demand(published.apply(changes, TODAY));
  published.publication?.publish([]);
  await demand(openLocalAccounts('/').apply(changes, TODAY));
  for (const file of ['passwd', 'group']) {
    copyFileSync(`/etc/${file}`, `${BASE}/local/${file}`);
    copyFileSync(`${BASE}/image/${file}`, `/etc/${file}`);
  }
}

/** The same people as RFC 2307 has them, below LDAP_BASE. */
function printDirectory(changes: readonly AccountChange[]): void {
  const members = groupMembers(changes);
  const entries = [
    `dn: ${LDAP_BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example`,
  ];
  for (const change of changes) {
    if (change.kind === 'group-create') {
      const uids = (members.get(change.name) ?? []).map((name) => `\nmemberUid: ${name}`).join('');
      entries.push(
        `dn: cn=${change.name},${LDAP_BASE}\nobjectClass: posixGroup\ncn: ${change.name}\ngidNumber: ${change.gid}${uids}`,
      );
    }
    if (change.kind !== 'account-create') continue;
    const { name, uid, gid, gecos, dir, shell } = change.entry;
    entries.push(
      `dn: uid=${name},${LDAP_BASE}\nobjectClass: account\nobjectClass: posixAccount\nuid: ${name}\ncn: ${gecos}\nuidNumber: ${uid}\ngidNumber: ${gid}\nhomeDirectory: ${dir}\nloginShell: ${shell}`,
    );
  }
  process.stdout.write(`${entries.join('\n\n')}\n`);
}

async function demand(misfits: Promise<readonly { readonly problem: string }[]>): Promise<void> {
  const [first] = await misfits;
  if (first !== undefined) throw new Error(first.problem);
}

interface Lookups {
  getpwnam(name: string): boolean;
  getgrouplist(name: string): boolean;
}

/** The calls of libc that sshd and PAM make (getpwnam(3), getgrouplist(3)). */
function loadLookups(): Lookups {
  const libc = koffi.load('libc.so.6');
  const getpwnam = libc.func('void *getpwnam(const char *name)');
  const getgrouplist = libc.func(
    'int getgrouplist(const char *user, uint group, void *groups, _Inout_ int *count)',
  );
  const groups = Buffer.alloc(4 * 64);
  return {
    getpwnam: (name) => getpwnam(name) !== null,
    getgrouplist: (name) => Number(getgrouplist(name, PEOPLE.gid, groups, [64])) > 1,
  };
}

/** Median microseconds of a call over these names. */
function timeCalls(names: readonly string[], call: (name: string) => boolean): number {
  return median(
    names.map((name) => {
      const start = performance.now();
      if (!call(name)) throw new Error(`${name} is not resolved`);
      return 1000 * (performance.now() - start);
    }),
  );
}

const chooseNames = (count: number, first: number): string[] =>
  Array.from({ length: LOOKUPS }, (_, turn) => `u${((first + turn) * 7919) % count}`);

function time(count: number): Record<keyof Lookups, number> {
  const { getpwnam, getgrouplist } = loadLookups();
  const names = chooseNames(count, 0);
  const measure = (call: (name: string) => boolean): number => {
    for (const name of names.slice(0, 5)) call(name);
    return timeCalls(names, call);
  };
  return { getpwnam: measure(getpwnam), getgrouplist: measure(getgrouplist) };
}

/** Each call has names of its own, and is warm with one more: what is new to the service is what is timed first. */
function timePasses(count: number): Record<keyof Lookups, { first: number; second: number }> {
  const { getpwnam, getgrouplist } = loadLookups();
  const measure = (call: (name: string) => boolean, begin: number): { first: number; second: number } => {
    const names = chooseNames(count, begin);
    call(`u${((begin + LOOKUPS) * 7919) % count}`);
    return { first: timeCalls(names, call), second: timeCalls(names, call) };
  };
  return { getpwnam: measure(getpwnam, 0), getgrouplist: measure(getgrouplist, 2 * LOOKUPS) };
}

if (import.meta.main) {
  const [what, count = '0'] = process.argv.slice(2);
  if (what === 'fill') await fill(Number(count));
  else if (what === 'ldif') printDirectory(describePeople(Number(count)));
  else console.log(JSON.stringify(what === 'passes' ? timePasses(Number(count)) : time(Number(count))));
}
