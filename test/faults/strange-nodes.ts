// What others do to a node before a user of the store arrives there: odd lines, ghosts, another service, a planted home.
import { appendFileSync, chownSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LoginRoot } from '../support/nodes/login-root/login-root.ts';
import type { PastModel } from './oracle.ts';
import type { Rng } from './rng.ts';

/** The uid of the one who plants. */
const PLANTER = 4242;
/** Of each kind on a node; more would leave no one to join. */
const MOST = 4;

/** A name and a uid that the store may give next, to a person that no node has yet. */
function guessNext(past: PastModel, rng: Rng): { name: string; uid: number } {
  const people = [...past.people.values()];
  const last = Math.max(0, ...people.map(({ name }) => Number(name.slice(1))));
  const uid = Math.max(10_000, ...people.map((person) => person.uid)) + 1 + rng.below(4);
  return { name: `p${String(last + 1 + rng.below(4)).padStart(4, '0')}`, uid };
}

/** Does one of them, in whole before the next sync. @returns what, for the log. */
export async function makeStrange(node: LoginRoot, past: PastModel, rng: Rng): Promise<string> {
  const { name, uid } = guessNext(past, rng);
  const { taken, planted } = node;
  const isFull = taken.uids.size + taken.names.size + planted.size >= 3 * MOST;
  if (isFull) return 'nothing strange';
  const n = taken.uids.size + taken.names.size;
  switch (rng.below(6)) {
    case 0:
      taken.uids.add(uid);
      await node.editForeign('passwd', (lines) => [
        ...lines,
        `odd${n}:x:${1300 + n}:1300::/:/bin/sh`,
        `odd${n}:x:${uid}:1300::/:/bin/sh`,
      ]);
      return `a second line of odd${n} has the uid ${uid}`;
    case 1:
      taken.names.add(name);
      await node.editForeign('passwd', (lines) => [...lines, `${name}:x:${1400 + n}:1400::/home/x`]);
      return `a line of six fields has the name ${name}`;
    case 2:
      taken.names.add(name);
      await node.editForeign('group', (lines) =>
        lines.map((line) => (line.startsWith('sudo:') ? `${line},${name}` : line)),
      );
      return `the group sudo lists ${name}, who has no account`;
    case 3:
      taken.uids.add(uid);
      appendFileSync(path.join(node.root, 'etc/subuid'), `local:${uid}:1\n`);
      return `/etc/subuid has the uid ${uid}`;
    case 4:
      taken.uids.add(uid);
      writeFileSync(path.join(node.root, 'etc/nsswitch.conf'), 'passwd: files cache\ngroup: files cache\n');
      appendFileSync(path.join(node.root, 'etc/passwd.cache'), `svc${n}:x:${uid}:${uid}::/:/bin/sh\n`);
      return `another service has svc${n} with the uid ${uid}`;
    default: {
      const home = path.join(node.root, 'home', name);
      if (existsSync(home)) return 'nothing strange';
      planted.add(name);
      mkdirSync(home, { recursive: true });
      if (process.geteuid?.() === 0) chownSync(home, PLANTER, PLANTER);
      return `/home/${name} is planted`;
    }
  }
}

/** What was planted must stay as it is, and let no one in. */
export function findHarvest(node: LoginRoot): string[] {
  if (process.geteuid?.() !== 0) return [];
  const files = node.keyFiles();
  return [...node.planted].flatMap((name) => {
    const owner = statSync(path.join(node.root, 'home', name), { throwIfNoEntry: false })?.uid;
    return [
      ...(owner === PLANTER ? [] : [`the planted home of ${name} belongs to ${owner}`]),
      ...(files.has(name) ? [`${name} has keys for a planted home`] : []),
    ];
  });
}
