// What resolving a person costs beside SSSD, with a directory server on the same machine: a name that it does not know yet, and one that it does.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '../../src/demo/free-port.ts';
import { ensureLayers } from '../support/nodes/base.ts';
import { openPrivateNode, type PrivateNode } from '../support/nodes/private-node.ts';
import { LDAP_BASE } from './nss-inside.ts';
import { linkPublished, runInside, useWay } from './nss.ts';
import { showProgress } from './progress.ts';
import { makeRow, median, type Row } from './row.ts';

const PEOPLE = 10_000;
const TURNS = 3;
const WAYS = ['local', 'nsscache'] as const;
const PACKAGES = ['libnss-cache', 'libnss-sss', 'sssd-ldap', 'slapd', 'ldap-utils'];
const START_MS = 30_000;

const CALLS = ['getpwnam', 'getgrouplist'] as const;
type Passes = Record<(typeof CALLS)[number], { readonly first: number; readonly second: number }>;

/** Needs root, and Debian's packages once. SSSD begins each turn knowing no one, and asks without TLS. */
export async function benchNssSssd(): Promise<Row[]> {
  showProgress(`nss: ${PEOPLE} people, beside SSSD`);
  const node = await openPrivateNode(ensureLayers('bookworm', PACKAGES));
  const port = await findFreePort();
  const found = { local: [] as Passes[], nsscache: [] as Passes[] };
  const theirs: Passes[] = [];
  const stops: (() => Promise<void>)[] = [];
  try {
    runInside(node, 'fill', PEOPLE);
    linkPublished(node);
    stops.push(await startDirectory(node, port));
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const way of WAYS) {
        useWay(node, way);
        found[way].push(JSON.parse(runInside(node, 'passes', PEOPLE)) as Passes);
      }
      const stop = await startSssd(node, port);
      stops.push(stop);
      theirs.push(JSON.parse(runInside(node, 'passes', PEOPLE)) as Passes);
      await stop();
    }
  } finally {
    for (const stop of stops.reverse()) await stop();
    await node.close();
  }
  return CALLS.flatMap((call) =>
    WAYS.flatMap((way) => [
      compare(`${call}-us-${way}-vs-sssd-cold`, found[way], theirs, (passes) => passes[call].first, 1),
      compare(`${call}-us-${way}-vs-sssd-warm`, found[way], theirs, (passes) => passes[call].second, null),
    ]),
  );
}

/** @param goal null where SSSD answers from memory that it maps: a file that is read anew is never older than itself. */
function compare(
  row: string,
  found: readonly Passes[],
  theirs: readonly Passes[],
  of: (passes: Passes) => number,
  goal: number | null,
): Row {
  const samples = found.map(of);
  const reference = median(theirs.map(of));
  return makeRow({ bench: 'nss', row, unit: 'us', measured: median(samples), samples, reference, goal });
}

async function startDirectory(node: PrivateNode, port: number): Promise<() => Promise<void>> {
  node.sh(`mkdir -p /srv/ldap/db
cat >/srv/ldap/slapd.conf <<'END'
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "${LDAP_BASE}"
directory /srv/ldap/db
maxsize 1073741824
index objectClass,uid,uidNumber,gidNumber,memberUid,cn eq
END`);
  await writeInside(node, '/srv/ldap/people.ldif', runInside(node, 'ldif', PEOPLE));
  node.sh('slapadd -q -f /srv/ldap/slapd.conf -l /srv/ldap/people.ldif 2>/dev/null');
  return await start(
    node,
    ['slapd', '-d', '0', '-f', '/srv/ldap/slapd.conf', '-h', `ldap://127.0.0.1:${port}`],
    `ldapsearch -x -H ldap://127.0.0.1:${port} -b ${LDAP_BASE} uid=u1`,
  );
}

async function startSssd(node: PrivateNode, port: number): Promise<() => Promise<void>> {
  useWay(node, 'image');
  node.sh(`rm -rf /var/lib/sss/db/* /var/lib/sss/mc/*
sed -i 's/^\\(passwd\\|group\\): files.*/\\1: files sss/' /etc/nsswitch.conf
cat >/etc/sssd/sssd.conf <<'END'
[sssd]
services = nss
domains = people
[domain/people]
id_provider = ldap
auth_provider = none
access_provider = permit
ldap_uri = ldap://127.0.0.1:${port}
ldap_search_base = ${LDAP_BASE}
ldap_id_use_start_tls = false
END
chmod 600 /etc/sssd/sssd.conf`);
  return await start(node, ['sssd', '-i'], 'getent passwd u0');
}

async function writeInside(node: PrivateNode, file: string, text: string): Promise<void> {
  const [command, ...args] = [...node.command, 'sh', '-c', `cat >${file}`] as const;
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(text);
  await once(child, 'exit');
}

/** Starts a service in the foreground, and waits until the question is answered. @returns how to stop it. */
async function start(
  node: PrivateNode,
  service: readonly string[],
  question: string,
): Promise<() => Promise<void>> {
  const [command = '', ...args] = [...node.command, ...service];
  const child = spawn(command, args, { stdio: 'ignore' });
  const stop = (): Promise<void> => end(child);
  for (const begin = performance.now(); ; await sleep(100)) {
    try {
      node.sh(`${question} >/dev/null 2>&1`);
      return stop;
    } catch (error) {
      if (child.exitCode === null && performance.now() - begin < START_MS) continue;
      await stop();
      throw error;
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
