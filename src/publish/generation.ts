// What a generation consists of: the files of libnss-cache, sudo rules, keys in shards, disabled people and the ledger.
import { type NsscacheTexts, renderGeneration, sortLines } from '../host/nss/cache-files.ts';
import { DISABLED_DAY } from '../plan/actual.ts';

/** What has been decided and written on the publisher; every text in latin1, one character a byte. */
export interface PublishedState {
  readonly texts: Omit<NsscacheTexts, 'sshkey'>;
  /** Text of each key file, by account name. */
  readonly keyFiles: ReadonlyMap<string, string>;
  /** The rules of sudoers(5), one line a person; empty: none. */
  readonly sudoers: string;
  /** The ledger as `sunk-agent ledger export` prints it, for the day the state volume is lost; no follower reads it. */
  readonly ledger: string;
  /** Hashes of blocks that operators signed and that this state has by now: followers leave these to it. */
  readonly blocks: readonly string[];
}

export interface GenerationFile {
  /** The path below the generation. */
  readonly name: string;
  /** latin1. */
  readonly data: string;
}

export interface Generation {
  /** How many `keys/N` there are. */
  readonly shards: number;
  /** Sorted by name. */
  readonly files: readonly GenerationFile[];
}

/** A shard has about as many people, so that one changed key is one small file. */
const PEOPLE_PER_SHARD = 256;
const MAX_SHARDS = 4096;

/** Pure: equal state gives equal bytes. */
export function makeGeneration(state: PublishedState): Generation {
  const { passwd, group, shadow } = state.texts;
  const texts = { passwd: sortLines(passwd), group: sortLines(group), shadow: sortLines(shadow) };
  const people = readPeople(texts.passwd);
  const shards = countShards(people.size);
  const files = [
    ...renderGeneration({ ...texts, sshkey: '' })
      .filter(({ name }) => !name.startsWith('sshkey'))
      .map(({ name, data }) => ({ name, data })),
    // `UID NAME` a line: whose sessions followers end.
    {
      name: 'disabled',
      data: listDisabled(texts)
        .map(({ name, uid }) => `${uid} ${name}\n`)
        .join(''),
    },
    { name: 'sudoers', data: state.sudoers },
    { name: 'ledger', data: state.ledger },
    {
      name: 'blocks',
      data: [...state.blocks]
        .sort()
        .map((hash) => `${hash}\n`)
        .join(''),
    },
    ...renderShards(people, state.keyFiles, shards).map((data, n) => ({ name: `keys/${n}`, data })),
  ];
  return { shards, files: files.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** The smallest power of two that keeps shards small. It doubles rarely, and only then every shard changes. */
export function countShards(people: number): number {
  let shards = 1;
  while (shards * PEOPLE_PER_SHARD < people && shards < MAX_SHARDS) shards *= 2;
  return shards;
}

/** Uids by name. */
function readPeople(passwd: string): ReadonlyMap<string, number> {
  const people = new Map<string, number>();
  for (const line of passwd.split('\n')) {
    const [name = '', , uid] = line.split(':');
    if (name !== '' && uid !== undefined) people.set(name, Number(uid));
  }
  return people;
}

/** Whose lines say that they are disabled. */
export function listDisabled({ passwd, shadow }: { readonly passwd: string; readonly shadow: string }): {
  readonly name: string;
  readonly uid: number;
}[] {
  const people = readPeople(passwd);
  return shadow.split('\n').flatMap((line) => {
    const fields = line.split(':');
    const [name = ''] = fields;
    const uid = people.get(name);
    return uid !== undefined && fields[7] === String(DISABLED_DAY) ? [{ name, uid }] : [];
  });
}

/**
 * `NAME UID LINE`, where LINE is one of authorized_keys (sshd(8)). The helper of a follower looks for name and uid, so
 * that no key serves a local account of the same name. A key file without an account is no one's.
 */
function renderShards(
  people: ReadonlyMap<string, number>,
  keyFiles: ReadonlyMap<string, string>,
  count: number,
): string[] {
  const shards = Array.from({ length: count }, (): string[] => []);
  for (const [name, uid] of people) {
    for (const line of keyFiles.get(name)?.split('\n') ?? [])
      if (line !== '') shards[uid % count]?.push(`${name} ${uid} ${line}\n`);
  }
  return shards.map((lines) => lines.join(''));
}
