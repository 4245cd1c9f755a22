// What the name service of this node answers about one person, and what its own files say without any cache between.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { PasswdEntry } from '../../policy/posix.ts';
import { runProgram } from '../probes/run-program.ts';

const PATIENCE_MS = 3000;

export interface NameServiceAnswer {
  /** What everybody on the node gets for the name; null: nobody of that name. */
  readonly entry: PasswdEntry | null;
  /** What the service that we write says when it is asked alone; null: nobody of that name. */
  readonly direct: PasswdEntry | null;
  /** Names of all groups, the primary one first; empty where there is nobody. */
  readonly groups: readonly string[];
  /** Fields of the shadow(5) line; null where there is none, or only root may see it. */
  readonly shadow: readonly string[] | null;
  /** Whether nscd(8) stands between. */
  readonly hasNscd: boolean;
  /** Why there is no answer; null: there is one. */
  readonly fault: string | null;
}

/**
 * Asks by getent(1) and id(1), as sshd would ask.
 * @param service of nsswitch.conf(5): `files`, or `cache` for libnss-cache.
 */
export async function askNameService(name: string, service: 'files' | 'cache'): Promise<NameServiceAnswer> {
  const ask = (...args: string[]) => runProgram('getent', args, { timeout: PATIENCE_MS });
  const [seen, direct, shadow, ids] = await Promise.all([
    ask('passwd', name),
    ask('-s', service, 'passwd', name),
    ask('shadow', name),
    runProgram('id', ['-Gn', '--', name], { timeout: PATIENCE_MS }),
  ]);
  return {
    entry: parseEntry(seen.stdout),
    direct: parseEntry(direct.stdout),
    groups: ids.status === 0 ? ids.stdout.trim().split(/\s+/) : [],
    shadow: shadow.status === 0 ? shadow.stdout.trim().split(':') : null,
    hasNscd: existsSync('/run/nscd/socket'),
    fault: seen.status === null ? `getent passwd ${name}: ${seen.stderr.trim()}` : null,
  };
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
