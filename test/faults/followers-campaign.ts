// Storm and calm for a publisher and its followers: random changes, kills, lost pods, old copies and altered volumes.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { parseManifest } from '../../src/publish/manifest.ts';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRoot, type SignedText } from '../../src/publish/volume.ts';
import { startTestbed } from '../../src/testbed/service.ts';
import { type LoginRoot, makeLoginRoot } from '../support/nodes/login-root/login-root.ts';
import { KilledFollower } from '../support/publish/killed-follower.ts';
import { PublishRig } from '../support/publish/publish-rig.ts';
import { type Company, DOMAINS, makeCompany, writeConfig } from './company.ts';
import { findBreachesOf, findDifferencesOf, type FollowerView } from './follower-oracle.ts';
import { createPastModel, type PastModel, remember } from './oracle.ts';
import { readReferenceModel } from './reference-model.ts';
import { makeRng, type Rng } from './rng.ts';
import { chooseStoreFault } from './store-faults.ts';

/** A publisher; what is altered on its volume is written anew with the next signature. */
const makePublisher = (config: string): string =>
  `${config.replace('accounts:\n', 'accounts:\n  backend: publish\n')}publish: { resign: 1s }\n`;
/** The first is the one that is killed between two programs. */
const FOLLOWERS = ['pod', 'other', 'third'] as const;
const CALM_SYNCS = 8;

export interface FollowersFigures {
  rounds: number;
  syncs: number;
  changes: number;
  storeFaults: number;
  /** How often each fault befell the publisher. */
  readonly publisher: Record<string, number>;
  /** How often each fault befell a follower. */
  readonly followers: Record<string, number>;
}

interface World {
  readonly rng: Rng;
  readonly rig: PublishRig;
  readonly node: LoginRoot;
  readonly company: Company;
  readonly past: PastModel;
  readonly killed: KilledFollower;
  readonly figures: FollowersFigures;
  /** Every manifest that was on the volume, by serial, with its signature. */
  readonly published: Map<number, SignedText>;
  /** The serial in force, by follower. */
  readonly inForce: Map<string, number>;
  admin(method: string, what: string, body?: unknown): Promise<void>;
  read(): ReturnType<typeof readReferenceModel>;
  log: string[];
}

/**
 * Needs root.
 * @param onRound called after each round with the figures so far.
 * @throws Error naming what an oracle found, and what was done since the last calm.
 */
export async function runFollowersCampaign(
  seed: number,
  rounds: number,
  span: { readonly until: number },
  onRound: (figures: FollowersFigures) => void,
): Promise<FollowersFigures> {
  const directory = mkdtempSync(path.join(tmpdir(), 'followers-'));
  chmodSync(directory, 0o755);
  const testbed = await startTestbed({ maxPageSize: 9, defaultPageSize: 9 });
  const rng = makeRng(seed);
  const node = makeLoginRoot(
    'publisher',
    directory,
    makePublisher(writeConfig(testbed.baseUrl)),
    testbed.readToken,
  );
  const rig = new PublishRig(path.join(node.root, 'srv/sunk-agent'));
  for (const suffix of ['', '.pub'])
    cpSync(`${rig.key}${suffix}`, path.join(node.root, `var/lib/sunk-agent/publish-key${suffix}`));
  for (const name of FOLLOWERS) rig.configure(name, {});
  const world: World = {
    rng,
    rig,
    node,
    company: makeCompany(rng, testbed),
    past: createPastModel(),
    killed: new KilledFollower(rig),
    figures: { rounds: 0, syncs: 0, changes: 0, storeFaults: 0, publisher: {}, followers: {} },
    published: new Map(),
    inForce: new Map(),
    async admin(method, what, body) {
      const more = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await fetch(testbed.adminUrl + what, { method, ...more });
      if (!response.ok) throw new Error(`${method} ${what}: ${await response.text()}`);
    },
    read: () => readReferenceModel(testbed),
    log: [],
  };
  try {
    await calm(world);
    while (world.figures.rounds < rounds && Date.now() < span.until) {
      await storm(world);
      await calm(world);
      world.figures.rounds += 1;
      onRound(world.figures);
    }
    return world.figures;
  } finally {
    node.remove();
    rig.remove();
    await testbed.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function storm(world: World): Promise<void> {
  const { rng, company, figures, log, admin, past } = world;
  for (let turns = 1 + rng.below(3); turns > 0; turns -= 1) {
    const changes = company.change();
    log.push(...changes);
    figures.changes += changes.length;
    await push(world);
    if (rng.chance(0.3)) {
      const names = [...past.people.values()].map(({ name }) => `${name}@${DOMAINS[0]}`);
      const fault = chooseStoreFault(rng, names);
      log.push(`the store: ${JSON.stringify(fault)}`);
      await admin('POST', '/faults', fault);
      figures.storeFaults += 1;
    }
    await befallPublisher(world);
    for (const name of FOLLOWERS) befallFollower(world, name);
  }
}

async function push({ admin, company, past, read }: World): Promise<Awaited<ReturnType<World['read']>>> {
  await admin('DELETE', '/faults');
  await company.push();
  const model = await read();
  remember(past, model);
  return model;
}

/** What its volume, its state and its processes may meet, before or in a sync. */
async function befallPublisher(world: World): Promise<void> {
  const { rng, node, rig, figures, log } = world;
  const directory = path.join(rig.volume, 'files');
  /** None where they are gone, and a sync that failed has not written them anew. */
  const files = (): string[] => (existsSync(directory) ? readdirSync(directory) : []);
  const state = path.join(node.root, 'var/lib/sunk-agent');
  const saved = path.join(rig.directory, 'saved-state');
  const faults: Readonly<Record<string, () => void>> = {
    nothing: () => {},
    killed: () => {},
    'files gone': () => rmSync(directory, { recursive: true, force: true }),
    'root gone': () => rmSync(path.join(rig.volume, 'root'), { force: true }),
    'file altered': () => {
      const found = files();
      if (found.length > 0) writeFileSync(path.join(directory, rng.pick(found)), 'eve:x:0:0::/:/bin/sh\n');
    },
    saved: () => copyState(state, saved),
    replayed: () => copyState(saved, state),
  };
  const name = rng.pick(Object.keys(faults));
  figures.publisher[name] = (figures.publisher[name] ?? 0) + 1;
  faults[name]?.();
  const before = isBehind(state, rig) ? readRoot(rig.volume) : null;
  const { child, over } = node.startSync();
  if (name === 'killed') await Promise.race([sleep(rng.below(2500)).then(() => child.kill('SIGKILL')), over]);
  const { status, signal, stderr } = await over;
  figures.syncs += 1;
  log.push(
    `publisher: ${name}; the sync ended with ${signal ?? status}: ${stderr.trim().split('\n').at(-1)}`,
  );
  if (status === 70 || stderr.includes('this is a defect')) fail(world, [`a defect: ${stderr}`]);
  // What it would decide now no guard sees.
  if (before !== null && readRoot(rig.volume)?.text !== before.text)
    fail(world, ['a publisher with an older state published']);
  note(world);
}

function copyState(from: string, to: string): void {
  if (!existsSync(from)) return;
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
}

/** Whether the publisher remembers less than it published. */
function isBehind(state: string, { volume }: PublishRig): boolean {
  const memory = path.join(state, 'publication.json');
  const last = parseManifest(readRoot(volume)?.text ?? '')?.serial ?? 0;
  return (
    !existsSync(memory) || (JSON.parse(readFileSync(memory, 'utf8')) as { serial: number }).serial < last
  );
}

/** Remembers what is signed on the volume now. */
function note({ rig, published }: World): void {
  const root = readRoot(rig.volume);
  const serial = /^serial (\d+)$/m.exec(root?.text ?? '')?.[1];
  if (root !== null && serial !== undefined) published.set(Number(serial), root);
}

/** One attempt of a follower, with a fault of its own. */
function befallFollower(world: World, name: string): void {
  const { rng, rig, killed, inForce, figures, log, published } = world;
  const fault = rng.pick(['nothing', 'nothing', 'killed', 'recreated', 'older manifest', 'altered file']);
  figures.followers[fault] = (figures.followers[fault] ?? 0) + 1;
  log.push(`follower ${name}: ${fault}`);
  const follow = (): void => void rig.follow(name);
  // One that has the file already does not read it again.
  if (fault === 'recreated' || (fault === 'altered file' && rng.chance(0.7))) {
    rmSync(rig.run(name), { recursive: true, force: true });
    inForce.delete(name);
  }
  switch (fault) {
    case 'killed':
      if (name === 'pod') killed.run(1 + rng.below(120));
      break;
    case 'older manifest': {
      const { text, signature } = rng.pick([...published.values()]);
      withAltered(path.join(rig.volume, 'root'), `${text}${signature}`, follow);
      break;
    }
    case 'altered file': {
      const [newest] = [...published.keys()].sort((a, b) => b - a);
      const { files = [] } = parseManifest(published.get(newest ?? 0)?.text ?? '') ?? {};
      const { hash, size } = rng.pick(files.filter((file) => file.size > 0));
      // As long as the right one, which alone the hash can tell from it.
      const wrong = 'eve:x:0:0::/:/bin/sh\n'.repeat(1 + size / 20).slice(0, size);
      withAltered(path.join(rig.volume, 'files', hash), wrong, follow);
      break;
    }
    default:
      follow();
  }
  demandSound(world, name);
}

/** Lets a follower look while a file of the volume has another text, which is gone afterwards. */
function withAltered(file: string, text: string, follow: () => void): void {
  const before = existsSync(file) ? readFileSync(file) : null;
  // Whose owner can write can also make a directory that is gone.
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text, 'latin1');
  follow();
  if (before === null) rmSync(file);
  else writeFileSync(file, before);
}

/** At every instant: what is in force is one signed generation, and never an older one than before. */
function demandSound(world: World, name: string): void {
  const { rig, past, published, inForce } = world;
  const view = viewOf(rig, name);
  if (view === null) {
    if (inForce.has(name)) fail(world, [`${name} had a generation, and has none`]);
    return;
  }
  fail(world, findBreachesOf(view, { past, published, last: inForce.get(name) ?? 0 }));
  inForce.set(name, view.serial);
}

/** null: it has no generation. */
function viewOf(rig: PublishRig, name: string): FollowerView | null {
  const current = path.join(rig.run(name), 'current');
  const read = (file: string): string | null =>
    existsSync(path.join(current, file)) ? rig.read(file, name) : null;
  const manifest = read('manifest');
  if (manifest === null) return null;
  return {
    name,
    manifest,
    serial: parseManifest(manifest)?.serial ?? Number.NaN,
    isInterim: existsSync(path.join(current, 'interim')),
    read,
    keys: (account, uid) => rig.keys(account, uid, name),
  };
}

/** All is well: the publisher comes to rest, and each follower is what the store says. */
async function calm(world: World): Promise<void> {
  const { rig, past, published, inForce } = world;
  const model = await push(world);
  await settle(world);
  note(world);
  for (const name of FOLLOWERS) {
    // A kill or a fault of the volume may have left it in the middle.
    for (let attempt = 0; attempt < 2; attempt += 1) rig.follow(name);
    demandSound(world, name);
    const view = viewOf(rig, name);
    if (view === null) fail(world, [`${name} has no generation in the calm`]);
    else {
      if (view.serial !== Math.max(...published.keys()))
        fail(world, [`${name} has serial ${view.serial}, not ${Math.max(...published.keys())}`]);
      fail(world, findDifferencesOf(view, model, past));
      inForce.set(name, view.serial);
    }
  }
  world.log = [];
}

/** Syncs until nothing is left to do; what is held is approved, and a state that is behind the volume is restored from it. */
async function settle(world: World): Promise<void> {
  const { node, rig, figures, log } = world;
  for (let sync = 1; sync <= CALM_SYNCS; sync += 1) {
    const { report, stderr, status } = await node.startSync().over;
    figures.syncs += 1;
    for (const { hash } of report?.held ?? []) node.approve(hash);
    const problems = report?.problems ?? [];
    log.push(
      `calm: ${status} ${JSON.stringify(report?.changes)} ${problems.join('; ')} ${stderr.slice(-300)}`,
    );
    if (problems.some((problem) => problem.includes('this publisher, which remembers'))) {
      const restored = node.run('ledger', 'import', rig.volume, '--apply');
      log.push(`ledger import: ${restored.status} ${restored.stderr}`);
      // The volume lost its files too: it goes on from its own ledger.
      if (restored.stderr.includes('is missing or altered')) rmSync(path.join(rig.volume, 'root'));
    }
    const isAtRest = report?.changes.planned === 0 && report.held.length === 0 && problems.length === 0;
    if (isAtRest && report.failure === null) return;
  }
  fail(world, ['the publisher does not come to rest']);
}

function fail({ figures, log }: World, findings: readonly string[]): void {
  if (findings.length === 0) return;
  throw new Error(
    `round ${figures.rounds + 1}:\n- ${findings.join('\n- ')}\nwhat was done since the last calm:\n  ${log.join('\n  ')}`,
  );
}
