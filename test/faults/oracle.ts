// Compares a login node with the model; each finding is one sentence.
import type { AccountFile, LoginRoot } from '../support/nodes/login-root/login-root.ts';
import { findRivals, type ModelPerson, type ReferenceModel } from './reference-model.ts';

export const MANAGED_GROUP = 'sunk-users';
const MANAGED_GID = '9999';
const MAX_AGE_S = 7 * 86_400;

/** What the campaign keeps of each person there ever was. */
export interface PastModel {
  /** By SCIM id, as the store last had them; who is gone from the store is not in. */
  readonly people: Map<string, ModelPerson>;
  /** Every key that the store ever listed for them. */
  readonly keys: Map<string, Set<string>>;
  /** gid of every group there ever was, by name. */
  readonly groups: Map<string, number>;
}

export function createPastModel(): PastModel {
  return { people: new Map(), keys: new Map(), groups: new Map() };
}

export function remember(past: PastModel, model: ReferenceModel): void {
  for (const [id, person] of past.people)
    if (!model.people.has(id)) past.people.set(id, { ...person, isIn: false, keys: [], listed: [] });
  for (const [id, person] of model.people) {
    past.people.set(id, person);
    const keys = past.keys.get(id) ?? new Set();
    for (const key of person.listed) keys.add(key);
    past.keys.set(id, keys);
  }
  for (const { name, gid } of model.groups) past.groups.set(name, gid);
}

/** What must hold at every instant, whatever goes wrong: no foreign byte changes, no uid moves, no key is served to another account. */
export function findBreaches(node: LoginRoot, past: PastModel): string[] {
  const found: string[] = [];
  const byName = new Map([...past.people.values()].map((person) => [person.name, person]));
  for (const file of ['passwd', 'group', 'shadow', 'gshadow'] as const)
    found.push(...compareForeign(node, file, byName, past));
  const uids = new Set<string>();
  for (const line of managed(ownLines(node, 'passwd'), byName)) {
    const fields = line.split(':');
    const [name = '', , uid = ''] = fields;
    if (fields.length !== 7) found.push(`passwd has a line of ${fields.length} fields: ${line}`);
    if (uid !== String(byName.get(name)?.uid))
      found.push(`${name} has uid ${uid}, not ${byName.get(name)?.uid}`);
    if (uids.has(uid)) found.push(`uid ${uid} is there twice`);
    if (node.taken.names.has(name) || node.taken.uids.has(Number(uid)))
      found.push(`${name} with the uid ${uid} was granted, although the node had it in use`);
    uids.add(uid);
  }
  for (const [name, text] of node.keyFiles()) {
    const person = byName.get(name);
    if (/^\.|new$/.test(name)) continue;
    for (const key of servedKeys(text)) {
      if (person === undefined || past.keys.get(person.id)?.has(key.key) !== true)
        found.push(`${name} is served a key that the store never listed: ${key.key.slice(0, 40)}`);
    }
  }
  return found;
}

/** Of those who had access all the time with these keys: who lost it without a reason. */
export function findLockedOut(node: LoginRoot, steady: readonly ModelPerson[]): string[] {
  const passwd = new Map(ownLines(node, 'passwd').map((line) => [line.split(':')[0], line]));
  const files = node.keyFiles();
  return steady.flatMap((person) => {
    const { name, keys } = person;
    if (node.isBarred(person)) return [];
    if (passwd.get(name)?.endsWith(':/bin/bash') !== true)
      return [`${name} lost the account without a reason: ${passwd.get(name) ?? 'no line'}`];
    const served = new Set(servedKeys(files.get(name) ?? '').map(({ key }) => key));
    return keys.every((key) => served.has(key)) ? [] : [`${name} lost a key without a reason`];
  });
}

/** People who are gone from the store and whose line is not disabled: whose ledger is lost now, they are not managed. */
export function findUnmanaged(node: LoginRoot, model: ReferenceModel, past: PastModel): string[] {
  const open = new Set(
    ownLines(node, 'passwd').flatMap((line) =>
      line.endsWith(':/bin/bash') ? [line.split(':')[0] ?? ''] : [],
    ),
  );
  return [...past.people.values()].flatMap(({ id, name }) =>
    open.has(name) && !model.people.has(id) ? [name] : [],
  );
}

/**
 * Who has access and must not: to be asked after a sync with a complete fetch that reports every change done.
 * @param unmanaged of which this node cannot know that they were ever managed: keys are all they may not have.
 */
export function findInside(node: LoginRoot, past: PastModel, unmanaged: ReadonlySet<string>): string[] {
  const passwd = new Map(ownLines(node, 'passwd').map((line) => [line.split(':')[0], line]));
  const files = node.keyFiles();
  return [...past.people.values()].flatMap(({ name, isIn }) => {
    if (isIn) return [];
    if (files.has(name)) return [`${name} has no access but a key file`];
    const line = unmanaged.has(name) ? undefined : passwd.get(name);
    return line?.endsWith(':/bin/bash') === true ? [`${name} has no access but a shell: ${line}`] : [];
  });
}

/** Groups that are gone from the store and still on the node: whose ledger is lost now, for that node they are foreign. */
export function findStranded(node: LoginRoot, model: ReferenceModel, past: PastModel): string[] {
  const present = new Set(node.lines('group').map((line) => line.split(':')[0] ?? ''));
  const living = new Set(model.groups.map(({ name }) => name));
  return [...past.groups.keys()].filter((name) => present.has(name) && !living.has(name));
}

/**
 * The calm after the storm: the node is exactly what the model says.
 * @param stranded groups and accounts of which this node cannot know that they were ever managed.
 */
export function findDifferences(
  node: LoginRoot,
  model: ReferenceModel,
  past: PastModel,
  stranded: ReadonlySet<string>,
  now: number,
): string[] {
  const found = findBreaches(node, past);
  const passwd = new Map(ownLines(node, 'passwd').map((line) => [line.split(':')[0] ?? '', line]));
  const shadow = new Map(node.lines('shadow').map((line) => [line.split(':')[0] ?? '', line.split(':')]));
  const files = node.keyFiles();
  for (const person of past.people.values()) {
    const { name, uid, id, isIn } = person;
    if (node.isBarred(person)) continue;
    const line = passwd.get(name);
    if (isIn) {
      const [, , realUid, gid, , dir, shell] = line?.split(':') ?? [];
      const is = [realUid, gid, dir, shell].join(':');
      const should = [uid, MANAGED_GID, `/home/${name}`, '/bin/bash'].join(':');
      if (is !== should) found.push(`${name} should be ${should} and is ${line ?? 'not there'}`);
      if (shadow.get(name)?.[1] !== '*' || shadow.get(name)?.[7] !== '')
        found.push(`${name} is disabled in shadow: ${shadow.get(name)?.join(':') ?? 'no line'}`);
      found.push(...compareKeys(person, files.get(name) ?? '', now));
    } else {
      if (files.has(name)) found.push(`${name} has no access but a key file`);
      if (stranded.has(name)) continue;
      if (line !== undefined && !line.endsWith(':/usr/sbin/nologin'))
        found.push(`${name} (${id}) has no access but a shell: ${line}`);
      if (line !== undefined && shadow.get(name)?.[7] !== '1')
        found.push(`${name} has no access and is not expired in shadow`);
    }
  }
  for (const name of files.keys())
    if (!passwd.has(name)) found.push(`there is a key file of ${name}, who has no account`);
  const barred = new Set([...past.people.values()].filter(node.isBarred).map(({ name }) => name));
  const without = (names: readonly string[]): string[] => names.filter((name) => !barred.has(name));
  const groups = new Map(node.lines('group').map((line) => [line.split(':')[0] ?? '', line.split(':')]));
  for (const { name, gid, members } of model.groups) {
    if (stranded.has(name)) continue;
    const should = `${name}:x:${gid}:${without(members).join(',')}`;
    const [known = '', password = '', id = '', listed = ''] = groups.get(name) ?? [];
    const is = `${known}:${password}:${id}:${without(listed.split(',')).join(',')}`;
    if (is !== should) found.push(`the group should be ${should} and is ${is}`);
  }
  for (const name of findStranded(node, model, past))
    if (!stranded.has(name)) found.push(`the group ${name} is gone from the store and still here`);
  const admins = model.groups.find(({ gid }) => gid === model.sudoGid)?.members ?? [];
  const should = without(admins)
    .flatMap((name) => passwd.get(name)?.split(':')[2] ?? [])
    .sort();
  const barredUids = new Set([...barred].flatMap((name) => passwd.get(name)?.split(':')[2] ?? []));
  const rules = [...node.read('etc/sudoers.d/sunk-agent').matchAll(/^#(\d+) /gm)]
    .map(([, uid = '']) => uid)
    .filter((uid) => !barredUids.has(uid));
  if (!stranded.has(admins[0] ?? '') && rules.sort().join() !== should.join())
    found.push(`sudo is given to the uids ${rules.join()}, and should be to ${should.join()}`);
  return found;
}

function compareKeys({ name, id, keys, listed }: ModelPerson, text: string, now: number): string[] {
  const served = servedKeys(text);
  const is = new Set(served.map(({ key }) => key));
  const isRight = keys.every((key) => is.has(key)) && is.isSubsetOf(new Set(listed));
  const found = isRight
    ? []
    : [
        `${name} should have the keys [${keys.join(', ')}] of [${listed.join(', ')}] and has [${[...is].join(', ')}]`,
      ];
  for (const { owner, expiresAt } of served) {
    if (owner !== id) found.push(`a key of ${name} bears the id ${owner}`);
    if (!(expiresAt > now && expiresAt <= now + MAX_AGE_S + 4 * 3600))
      found.push(`a key of ${name} expires at ${new Date(expiresAt * 1000).toISOString()}`);
  }
  return found;
}

/** The people that a node serves a key which several list who are in, by key. */
function findHolders(node: LoginRoot, model: ReferenceModel): Map<string, readonly ModelPerson[]> {
  const files = node.keyFiles();
  const isServed = (key: string, { name }: ModelPerson): boolean =>
    servedKeys(files.get(name) ?? '').some((served) => served.key === key);
  return new Map(
    [...findRivals(model.people.values())].map(([key, rivals]) => [
      key,
      rivals.filter((person) => isServed(key, person)),
    ]),
  );
}

/** SCIM ids of the people that a node served a key, by key. */
export interface Holders {
  /** In the last calm; without those who need not have kept theirs. */
  readonly before: ReadonlyMap<string, string>;
  /** In any calm. */
  readonly ever: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * One of those who list a key has it: who held it before, if they were in all the time, or who had it there still
 * earlier and is back.
 */
export function findWrongHolders(
  node: LoginRoot,
  model: ReferenceModel,
  { before, ever }: Holders,
): string[] {
  const rivals = findRivals(model.people.values());
  return [...findHolders(node, model)].flatMap(([key, holders]) => {
    const able = (rivals.get(key) ?? []).filter((person) => !node.isBarred(person));
    const names = able.map(({ name }) => name).join(' and ');
    const held = able.find(({ id }) => id === before.get(key));
    const [holder] = holders;
    if (holders.length !== Math.min(able.length, 1))
      return [`${holders.length} of ${names}, who list one key, are served it: ${key}`];
    return held === undefined || (holder !== undefined && ever.get(key)?.has(holder.id) === true)
      ? []
      : [`${held.name} held a key and lost it to ${holder?.name ?? 'no one'}: ${key}`];
  });
}

/** The one who is served it, by key, of every key that a node serves. */
export function readHolders(node: LoginRoot, model: ReferenceModel): Map<string, string> {
  const files = node.keyFiles();
  return new Map(
    [...model.people.values()].flatMap(({ id, name }) =>
      servedKeys(files.get(name) ?? '').map(({ key }) => [key, id] as const),
    ),
  );
}

function servedKeys(text: string): { key: string; owner: string; expiresAt: number }[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, stamp = '', key = '', owner = ''] =
        /^expiry-time="(\d{14})Z?" (\S+ \S+) (\S+)$/.exec(line) ?? [];
      const iso = stamp.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6Z');
      return { key, owner, expiresAt: Date.parse(iso) / 1000 };
    });
}

/** Without the very lines of others, which may have a name of the store. */
function ownLines(node: LoginRoot, file: AccountFile): string[] {
  const foreign = new Set(node.foreign[file]);
  return node.lines(file).filter((line) => !foreign.has(line));
}

function managed(lines: readonly string[], byName: ReadonlyMap<string, unknown>): string[] {
  return lines.filter((line) => byName.has(line.split(':')[0] ?? ''));
}

/** Every line without a managed name must be there, unchanged and in its place. */
function compareForeign(
  node: LoginRoot,
  file: AccountFile,
  people: ReadonlyMap<string, unknown>,
  past: PastModel,
): string[] {
  const isGroup = file === 'group' || file === 'gshadow';
  const isManaged = (line: string): boolean => {
    const [name = ''] = line.split(':');
    return isGroup ? name === MANAGED_GROUP || past.groups.has(name) : people.has(name);
  };
  const foreign = new Set(node.foreign[file]);
  const is = node
    .lines(file)
    .filter((line) => foreign.has(line) || !isManaged(line))
    .join('\n');
  const should = node.foreign[file].join('\n');
  return is === should ? [] : [`${file} of others should be\n${should}\nand is\n${is}`];
}

/** What of a person's access is left on the node: a block leaves nothing, at once. */
export function findAccess(node: LoginRoot, name: string): string[] {
  const line = ownLines(node, 'passwd').find((one) => one.startsWith(`${name}:`));
  const shadow = node.lines('shadow').find((one) => one.startsWith(`${name}:`));
  const uid = line?.split(':')[2] ?? '';
  return [
    ...(line === undefined || line.endsWith(':/usr/sbin/nologin') ? [] : [`${name} has a shell: ${line}`]),
    ...(shadow === undefined || shadow.split(':')[7] === '1' ? [] : [`${name} is not expired: ${shadow}`]),
    ...(node.keyFiles().has(name) ? [`${name} has a key file`] : []),
    ...(node.read('etc/sudoers.d/sunk-agent').includes(`#${uid} ALL`) && uid !== ''
      ? [`${name} has sudo`]
      : []),
  ];
}
