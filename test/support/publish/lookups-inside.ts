// Runs inside a throwaway node with libnss-cache: `switch N` makes a follower switch N times, `publish N` the nsscache backend, `look` looks people up until it is ended.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { renderGeneration, sortLines } from '../../../src/host/nss/cache-files.ts';
import { publishGeneration } from '../../../src/host/nss/generation.ts';
import { FOLLOWER, type Person, PublishRig } from './publish-rig.ts';

const RUN = '/run/sunk-agent';
const LOOKERS = 2;
const GROUP = 'everyone';

/** They are in each generation: at the start, in the middle and at the end of each file. */
const STAYING: readonly Person[] = ['a-first', 'm-middle', 'z-last'].map((name, n) => ({
  name,
  uid: 10_000 + n,
  groups: [GROUP, `${name}s`],
}));
/** They come and go, so that each line after theirs moves, also beyond the end of the shorter file. */
const PASSING: readonly Person[] = Array.from({ length: 40 }, (_, n) => ({
  name: `p${n}`,
  uid: 20_000 + n,
  groups: [GROUP, 'passing'],
}));

/** What the lookers found. */
export interface Lookups {
  readonly switches: number;
  readonly lookups: number;
  /** Each failed lookup, and each looker that ended by itself. */
  readonly failures: readonly string[];
}

async function switchOften(times: number): Promise<Lookups> {
  const rig = new PublishRig();
  const publisher = rig.publisher();
  const config = rig.configure('pod', { run: RUN, poll: '0.02' });
  const names = ['passwd', 'group', 'shadow'].flatMap((file) =>
    ['', '.ixname', file === 'passwd' ? '.ixuid' : '.ixgid'].map((suffix) => `${file}.cache${suffix}`),
  );
  for (const name of names) symlinkSync(`${RUN}/current/${name}`, `/etc/${name}`);
  writeFileSync('/etc/nsswitch.conf', 'passwd: files cache\ngroup: files cache\nshadow: files cache\n');
  mkdirSync(RUN, { recursive: true });

  const publish = (turn: number): Promise<void> =>
    awaitSerial(rig.publish(turn % 2 === 0 ? STAYING : [...STAYING, ...PASSING], publisher));
  const follower = spawn(
    'unshare',
    ['--pid', '--fork', '--mount-proc', '--kill-child', 'sh', FOLLOWER, config],
    {
      stdio: 'ignore',
    },
  );
  await publish(0);
  const lookers = Array.from({ length: LOOKERS }, startLooker);
  for (const { ready } of lookers) await ready;
  for (let turn = 1; turn <= times; turn += 1) await publish(turn);
  follower.kill('SIGKILL');
  await once(follower, 'exit');
  const found = await Promise.all(lookers.map(({ end }) => end()));
  rig.remove();
  return {
    switches: times,
    lookups: found.reduce((sum, { lookups }) => sum + lookups, 0),
    failures: found.flatMap(({ failures }) => failures),
  };
}

/** The same with the nsscache backend, which switches in place of a follower. */
async function publishOften(times: number): Promise<Lookups> {
  const directory = '/var/lib/sunk-nss';
  const files = ['passwd', 'group'].flatMap((file) =>
    ['', '.ixname', file === 'passwd' ? '.ixuid' : '.ixgid'].map((suffix) => `${file}.cache${suffix}`),
  );
  for (const name of files) symlinkSync(`${directory}/current/${name}`, `/etc/${name}`);
  writeFileSync('/etc/nsswitch.conf', 'passwd: files cache\ngroup: files cache\n');
  const publish = (turn: number): void => {
    const people = turn % 2 === 0 ? STAYING : [...STAYING, ...PASSING];
    const members = new Map<string, string[]>();
    for (const { name, groups } of people)
      for (const group of groups ?? []) members.set(group, [...(members.get(group) ?? []), name]);
    const passwd = people.map(({ name, uid }) => `${name}:x:${uid}:9999::/home/${name}:/bin/sh\n`).join('');
    const group = [...members].map(([name, all], n) => `${name}:x:${30_000 + n}:${all.join()}\n`).join('');
    const texts = { passwd: sortLines(passwd), group: sortLines(group), shadow: '', sshkey: '' };
    publishGeneration(directory, renderGeneration(texts), null);
  };
  publish(0);
  const lookers = Array.from({ length: LOOKERS }, startLooker);
  for (const { ready } of lookers) await ready;
  for (let turn = 1; turn <= times; turn += 1) {
    publish(turn);
    await sleep(2);
  }
  const found = await Promise.all(lookers.map(({ end }) => end()));
  return {
    switches: times,
    lookups: found.reduce((sum, { lookups }) => sum + lookups, 0),
    failures: found.flatMap(({ failures }) => failures),
  };
}

async function awaitSerial(serial: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      if (readlinkSync(`${RUN}/current`) === `generations/${serial}`) return;
    } catch {
      // There is none yet.
    }
    if (Date.now() > deadline) throw new Error(readFileSync(`${RUN}/follower.status`, 'utf8'));
    await sleep(2);
  }
}

/** A process that looks people up until its standard input ends. */
function startLooker(): {
  ready: Promise<unknown>;
  end(): Promise<{ lookups: number; failures: string[] }>;
} {
  const child = spawn(process.execPath, [import.meta.filename, 'look'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (said += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  return {
    ready: once(child.stdout, 'data'),
    async end() {
      child.stdin.on('error', () => {});
      child.stdin.end();
      const [status, signal] = await ended;
      if (status !== 0)
        return {
          lookups: 0,
          failures: [`a process that looks up ended: ${status ?? signal ?? ''} ${stderr}`],
        };
      return JSON.parse(said.split('\n')[1] ?? '') as { lookups: number; failures: string[] };
    },
  };
}

async function look(): Promise<void> {
  const libc = koffi.load('libc.so.6');
  const getpwnam = libc.func('void *getpwnam(const char *name)');
  const getpwuid = libc.func('void *getpwuid(uint uid)');
  const getgrnam = libc.func('void *getgrnam(const char *name)');
  const getgrouplist = libc.func(
    'int getgrouplist(const char *user, uint group, void *groups, _Inout_ int *count)',
  );
  const passwd = koffi.struct({ pw_name: 'char *', pw_passwd: 'char *', pw_uid: 'uint' });
  const groups = Buffer.alloc(4 * 64);
  const failures: string[] = [];
  const over = new AbortController();
  let lookups = 0;
  process.stdin.resume();
  process.stdin.on('end', () => over.abort());
  process.stdout.write('ready\n');

  function check(what: string, isRight: boolean): void {
    lookups += 1;
    if (!isRight) failures.push(what);
  }
  const isPerson = (entry: unknown, { name, uid }: Person): boolean => {
    if (entry === null) return false;
    const { pw_name, pw_uid } = koffi.decode(entry, passwd) as { pw_name: string; pw_uid: number };
    return pw_name === name && pw_uid === uid;
  };
  while (!over.signal.aborted) {
    for (let turn = 0; turn < 20; turn += 1) {
      for (const person of STAYING) {
        check(`getpwnam ${person.name}`, isPerson(getpwnam(person.name), person));
        check(`getpwuid ${person.name}`, isPerson(getpwuid(person.uid), person));
        check(`getgrnam ${person.name}s`, getgrnam(`${person.name}s`) !== null);
        // Its own group, and the two of the store.
        check(`getgrouplist ${person.name}`, Number(getgrouplist(person.name, 9999, groups, [64])) === 3);
      }
    }
    await sleep(0);
  }
  process.stdout.write(`${JSON.stringify({ lookups, failures })}\n`);
}

const [what, count = '0'] = process.argv.slice(2);
if (what === 'switch') console.log(JSON.stringify(await switchOften(Number(count))));
else if (what === 'publish') console.log(JSON.stringify(await publishOften(Number(count))));
else if (what === 'look') await look();
