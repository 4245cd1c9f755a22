// Compares what a follower serves with what was signed, and in the calm with the model; each finding is one sentence.
import { parseManifest } from '../../src/publish/manifest.ts';
import { digest } from '../../src/publish/volume.ts';
import { SUDO_GROUP } from './company.ts';
import type { PastModel } from './oracle.ts';
import type { ModelPerson, ReferenceModel } from './reference-model.ts';

/** What a pod resolves and admits. */
export interface FollowerView {
  readonly name: string;
  /** The manifest in force, latin1. */
  readonly manifest: string;
  readonly serial: number;
  readonly isInterim: boolean;
  /** A file of the generation in force; null: it has none of that name. */
  read(file: string): string | null;
  /** What sshd would be told, by the real helper. */
  keys(account: string, uid: number): string;
}

const MAPS = ['passwd.cache', 'group.cache', 'shadow.cache'];

/** What must hold at every instant. `published`: each manifest that was on the volume, by serial. */
export function findBreachesOf(
  view: FollowerView,
  {
    past,
    published,
    last,
  }: {
    readonly past: PastModel;
    readonly published: ReadonlyMap<number, { readonly text: string }>;
    readonly last: number;
  },
): string[] {
  const { name, manifest, serial } = view;
  const found: string[] = [];
  if (published.get(serial)?.text !== manifest)
    found.push(`${name} has a manifest that was never published: ${serial}`);
  if (serial < last) found.push(`${name} went back from ${last} to ${serial}`);
  const known = new Set(
    [...published.values()].flatMap(({ text }) => parseManifest(text)?.files.map(({ hash }) => hash) ?? []),
  );
  // Between the two steps of a switch names are of the generation before, and keys and sudo rules are fewer.
  const files = view.isInterim ? MAPS : (parseManifest(manifest)?.files ?? []).map((file) => file.name);
  for (const file of files) {
    const data = view.read(file);
    if (data !== null && !known.has(digest(data)))
      found.push(`${name} has a ${file} that was never published`);
  }
  for (const person of past.people.values()) {
    const line = lineOf(view, person.name);
    if (line !== undefined && line.split(':')[2] !== String(person.uid))
      found.push(`${name}: ${person.name} has not the uid ${person.uid}: ${line}`);
    for (const key of servedKeys(view, person))
      if (past.keys.get(person.id)?.has(key) !== true)
        found.push(
          `${name}: ${person.name} is served a key that the store never listed: ${key.slice(0, 40)}`,
        );
  }
  return found;
}

/** The calm: everyone who may log in can, with uid, keys and sudo as the store says, and no one else. */
export function findDifferencesOf(view: FollowerView, model: ReferenceModel, past: PastModel): string[] {
  const admins = new Set(model.groups.find(({ name }) => name === SUDO_GROUP)?.members);
  const sudo = view.read('sudo') ?? '';
  return [...past.people.values()].flatMap((person) => {
    const found: string[] = [];
    const say = (what: string): void => void found.push(`${view.name}: ${person.name} ${what}`);
    const line = lineOf(view, person.name);
    const served = new Set(servedKeys(view, person));
    if (person.isIn !== (line?.endsWith(':/bin/bash') ?? false))
      say(`${person.isIn ? 'may' : 'may not'} log in: ${line}`);
    if (person.isIn && person.keys.some((key) => !served.has(key)))
      say('is not served a key that the store lists');
    if ([...served].some((key) => !person.listed.includes(key)))
      say('is served a key that the store does not list');
    if (!person.isIn && served.size > 0) say('may not log in, and is served a key');
    const isAdmin = person.isIn && admins.has(person.name);
    if (isAdmin !== sudo.includes(`#${person.uid} `)) say(`${isAdmin ? 'lacks' : 'has'} sudo`);
    return found;
  });
}

function lineOf(view: FollowerView, name: string): string | undefined {
  return (view.read('passwd.cache') ?? '').split('\n').find((line) => line.startsWith(`${name}:`));
}

/** `type base64` of each. */
function servedKeys(view: FollowerView, { name, uid }: ModelPerson): string[] {
  return [...view.keys(name, uid).matchAll(/ssh-ed25519 [A-Za-z0-9+/=]+/g)].map(([key]) => key);
}
