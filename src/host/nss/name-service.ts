// What the name service of this node answers for one user, with and without the caches in between.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { PasswdEntry } from '../../policy/posix.ts';
import { type ProgramAnswer, runProgram } from '../probes/run-program.ts';

const TIMEOUT_MS = 3000;

/** glibc's own, of the node's files. */
const OWN: ReadonlySet<string> = new Set(['files', 'compat']);

export interface NameServiceAnswer {
  /** What every program on the node gets for the name; null: the name is unknown. */
  readonly entry: PasswdEntry | null;
  /** What the service that sunk-agent writes answers alone; null: the name is unknown. */
  readonly direct: PasswdEntry | null;
  /** What all services answer in the order of nsswitch.conf(5), without nscd(8). */
  readonly uncached: PasswdEntry | null;
  /** Other services of the passwd line that know the name, in their order. */
  readonly others: readonly { readonly service: string; readonly entry: PasswdEntry }[];
  /** Names of all groups, the primary one first; empty where the name is unknown. A gid without a name is a number. */
  readonly groups: readonly string[];
  /** Fields of the shadow(5) line; null where none exists, or only root may read it. */
  readonly shadow: readonly string[] | null;
  /** Whether the service that sunk-agent writes has that line; false where only root may read it. */
  readonly hasShadowLine: boolean;
  /** Whether nscd(8) caches answers. */
  readonly hasNscd: boolean;
  /** Why the name service did not answer; null: it did. */
  readonly fault: string | null;
  /** The same for the groups, of which other services may be asked. */
  readonly groupsFault: string | null;
  readonly shadowFault: string | null;
}

/**
 * Asks by getent(1) and id(1), which resolve names as sshd does.
 * @param service of nsswitch.conf(5): `files`, or `cache` for libnss-cache.
 */
export async function askNameService(name: string, service: 'files' | 'cache'): Promise<NameServiceAnswer> {
  const ask = (...args: string[]) => runProgram('getent', args, { timeout: TIMEOUT_MS });
  const services = readServices('/', 'passwd');
  const others = services.filter((one) => one !== service && !OWN.has(one));
  const [seen, uncached, direct, shadow, directShadow, ids, ...foreign] = await Promise.all([
    ask('passwd', name),
    // A service that is named is asked without nscd.
    ask('-s', services.join(' '), 'passwd', name),
    ask('-s', service, 'passwd', name),
    ask('shadow', name),
    ask('-s', service, 'shadow', name),
    runProgram('id', ['-Gn', '--', name], { timeout: TIMEOUT_MS }),
    ...others.map((other) => ask('-s', other, 'passwd', name)),
  ]);
  return {
    entry: parseEntry(seen.stdout),
    direct: parseEntry(direct.stdout),
    uncached: parseEntry(uncached.stdout),
    others: others.flatMap((other, index) => {
      const entry = parseEntry(foreign[index]?.stdout ?? '');
      return entry === null ? [] : [{ service: other, entry }];
    }),
    // id(1) fails for a gid without a name, and prints the others all the same.
    groups: ids.stdout.trim() === '' ? [] : ids.stdout.trim().split(/\s+/),
    shadow: shadow.status === 0 ? shadow.stdout.trim().split(':') : null,
    hasShadowLine: directShadow.status === 0,
    hasNscd: existsSync('/run/nscd/socket'),
    fault: describeFault(`getent passwd ${name}`, seen),
    groupsFault: describeFault(`id -Gn ${name}`, ids),
    shadowFault: describeFault(`getent shadow ${name}`, shadow),
  };
}

function describeFault(question: string, { status, stderr }: ProgramAnswer): string | null {
  return status === null ? `${question}: ${stderr.trim()}` : null;
}

/** The first line of getent's answer, as passwd(5) has it. */
export function parseEntry(text: string): PasswdEntry | null {
  const fields = (text.split('\n')[0] ?? '').split(':');
  const [name = '', , uid = '', gid = '', gecos = '', dir = '', shell = ''] = fields;
  if (fields.length !== 7 || name === '' || !/^\d{1,10}$/.test(uid) || !/^\d{1,10}$/.test(gid)) return null;
  return { name, uid: Number(uid), gid: Number(gid), gecos, dir, shell };
}

/** Services of a line of nsswitch.conf(5), in order, without `[...]` actions; without a line, `files`. */
export function readServices(root: string, database: 'passwd' | 'shadow'): string[] {
  const file = path.join(root, 'etc/nsswitch.conf');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const [, services] = new RegExp(`^\\s*${database}:([^#\\n]*)`, 'm').exec(text) ?? [];
  return services === undefined
    ? ['files']
    : services
        .replace(/\[[^\]]*\]/g, ' ')
        .trim()
        .split(/\s+/);
}
