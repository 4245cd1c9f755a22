// A cluster of 300 people as nsscache publishes it on a node, beside the store that it was made from.
import type { LoginNode } from './node.ts';
import { BASE_URL, TOKEN } from './store.ts';

const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';

/** One line of passwd.cache, and what the store has for it. */
export interface Person {
  /** As nsscache spells it: the part of userName before the @, as it is. */
  readonly name: string;
  /** The SCIM id; null: the store does not have this person. */
  readonly id: string | null;
  /** In passwd.cache. */
  readonly uid: number;
  readonly storeUid: number | null;
  readonly gid: number;
}

export interface Cluster {
  readonly people: readonly Person[];
  /** Their uid in passwd.cache is not the store's. */
  readonly differing: readonly string[];
  /** They are not at the store. */
  readonly unknown: readonly string[];
  /** Their name has a dot or capitals. */
  readonly spelled: readonly string[];
  /** They have a primary group of their own. */
  readonly personal: readonly string[];
}

const SHARED_GID = 15_000;
const SPELLED = ['anna.smith', 'Bob', 'Carla.Diaz', 'dan.o', 'Eve', 'f.g.h', 'Gil', 'h.I'];
const UNKNOWN = ['gone', 'gone-b', 'gone-c', 'gone-d', 'gone-e'];

/**
 * Pushes 295 users and writes /etc/nsscache with 300 lines: 10 with another uid than the store's, 5 of people that the
 * store does not have, 20 with a primary group of their own, 8 with dots or capitals; every home exists.
 * @param keys public keys by the name of the line.
 */
export function makeCluster(node: LoginNode, keys: Readonly<Record<string, string>>): Cluster {
  const plain = Array.from({ length: 286 }, (_, index) => `p${String(index + 1).padStart(3, '0')}`);
  const names = ['alice', ...SPELLED, ...plain];
  const pushed = pushUsers(node, names, keys);
  const differing = plain.slice(0, 10);
  const personal = ['alice', 'gone', ...SPELLED, ...differing];
  const isPersonal = new Set(personal);
  const known = pushed.map(({ name, id, uid }, index): Person => {
    const own = differing.includes(name) ? 12_300 + index : uid;
    return { name, id, uid: own, storeUid: uid, gid: isPersonal.has(name) ? own : SHARED_GID };
  });
  const strangers = UNKNOWN.map((name, index): Person => {
    const uid = 10_777 + index;
    return { name, id: null, uid, storeUid: null, gid: isPersonal.has(name) ? uid : SHARED_GID };
  });
  const people = [...known, ...strangers];
  writeFiles(node, people);
  return { people, differing, unknown: UNKNOWN, spelled: SPELLED, personal };
}

function pushUsers(
  node: LoginNode,
  names: readonly string[],
  keys: Readonly<Record<string, string>>,
): { name: string; id: string; uid: number }[] {
  const program = `
    const [url, token, extension, input] = process.argv.slice(1);
    const { names, keys } = JSON.parse(input);
    const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/scim+json' };
    const made = [];
    for (const name of names) {
      const body = JSON.stringify({
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], active: true, displayName: name,
        userName: name + '@example.com', ...(keys[name] === undefined ? {} : { [extension]: { sunkSshKeys: keys[name] } }),
      });
      const response = await fetch(url + '/Users', { method: 'POST', headers, body });
      const user = await response.json();
      if (!response.ok) throw new Error(JSON.stringify(user));
      made.push({ name, id: user.id, uid: Number(user[extension].uid) });
    }
    process.stdout.write(JSON.stringify(made));`;
  const { status, stdout, stderr } = node.runInNetwork([
    process.execPath,
    '--input-type=module',
    '--eval',
    program,
    BASE_URL,
    TOKEN,
    EXTENSION,
    JSON.stringify({ names, keys }),
  ]);
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as { name: string; id: string; uid: number }[];
}

/** As nsscache writes them: no index, no shadow; a group of all, and a primary group of the same name for some. */
function writeFiles(node: LoginNode, people: readonly Person[]): void {
  const passwd = people.map(
    ({ name, uid, gid }) => `${name}:x:${uid}:${gid}:${name}:/srv/homes/${name}:/bin/bash`,
  );
  const groups = [
    `everyone-here:x:${SHARED_GID}:`,
    ...people.filter(({ gid }) => gid !== SHARED_GID).map(({ name, gid }) => `${name}:x:${gid}:`),
  ];
  const homes = people.map(
    ({ name, uid, gid }) => `mkdir -p /srv/homes/${name}; chown ${uid}:${gid} /srv/homes/${name}`,
  );
  const lines = [
    'mkdir -p /etc/nsscache',
    `cat >/etc/nsscache/passwd.cache <<'END'\n${passwd.join('\n')}\nEND`,
    `cat >/etc/nsscache/group.cache <<'END'\n${groups.join('\n')}\nEND`,
    ...homes,
    'ln -s /etc/nsscache/passwd.cache /etc/nsscache/group.cache /etc/',
    "printf 'passwd: files cache\\ngroup: files cache\\nshadow: files\\nhosts: files\\n' >/etc/nsswitch.conf",
  ];
  const { status, stderr } = node.exec(lines.join('\n'));
  if (status !== 0) throw new Error(stderr);
}
