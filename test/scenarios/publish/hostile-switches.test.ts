// The owner of the volume, kills and honest generations in random order: at each moment a follower serves what one signed generation gives or less, with names of one generation, and never an older one again.
import {
  cpSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Manifest, parseManifest } from '../../../src/publish/manifest.ts';
import { digest, readRoot } from '../../../src/publish/volume.ts';
import { propertyRuns } from '../../support/property-runs.ts';
import { KilledFollower } from '../../support/publish/killed-follower.ts';
import { type Person, PublishRig } from '../../support/publish/publish-rig.ts';
import { seedRandom } from '../../support/records/key-corpus.ts';

const isRoot = process.geteuid?.() === 0;
afterAll(() => {
  if (!isRoot) process.stderr.write('skipped: followers need root (unshare --pid)\n');
});

const NAMES = ['ann', 'b.ob', 'cid', 'dee'];
const MAPS = ['passwd.cache', 'group.cache', 'shadow.cache'];
const STEPS = 14;

interface Published {
  readonly people: readonly Person[];
  readonly manifest: Manifest;
}

let rig: PublishRig;
let view: string;
beforeEach(() => {
  rig = new PublishRig();
  view = path.join(rig.directory, 'view');
});
afterEach(() => rig.remove());

function makePeople(random: (below: number) => number): Person[] {
  return NAMES.flatMap((name, n): Person[] => {
    const fate = random(6);
    if (fate === 0) return [];
    const isDisabled = fate === 1;
    const key = fate === 2 ? '' : `ssh-ed25519 AAAA${name.replace('.', '')}${random(3)} ${name}`;
    const groups = ['ml', 'ops'].filter(() => random(2) === 0);
    return [{ name, uid: 10_000 + n, isDisabled, key, hasSudo: !isDisabled && random(2) === 0, groups }];
  });
}

/** Shows pods the publisher's volume, and then what its owner makes of it. */
function tamper(random: (below: number) => number, roots: readonly string[]): void {
  rmSync(view, { recursive: true, force: true });
  cpSync(rig.volume, view, { recursive: true });
  const root = path.join(view, 'root');
  const files = readdirSync(path.join(view, 'files'));
  const file = (): string => path.join(view, 'files', files[random(files.length)] ?? '');
  const acts = [
    () => {},
    () => {},
    () => writeFileSync(root, roots[random(roots.length)] ?? '', 'latin1'),
    () => rmSync(file()),
    () => writeFileSync(file(), 'eve:x:0:0::/:/bin/sh\n'),
    () => renameSync(file(), path.join(view, 'files', files[0] ?? '')),
    () => rmSync(root),
    () => {
      rmSync(root);
      symlinkSync(path.join(rig.volume, 'root'), root);
    },
    () => writeFileSync(root, readFileSync(root, 'latin1').replace(/^shards .*$/m, 'shards 2'), 'latin1'),
  ];
  acts[random(acts.length)]?.();
}

/** @throws where more is in force than the generation of the manifest in force gives. */
function demandNoMore(published: ReadonlyMap<number, Published>, last: number): number {
  const current = path.join(rig.run(), 'current');
  const inForce = parseManifest(readFileSync(path.join(current, 'manifest'), 'latin1'));
  const serial = inForce?.serial ?? 0;
  expect(serial).toBeGreaterThanOrEqual(last);
  const isInterim = readlinkSync(current).endsWith('.interim');
  const generation = published.get(serial);
  const sudo = rig.read('sudo');
  for (const [n, name] of NAMES.entries()) {
    const person = generation?.people.find((one) => one.name === name);
    const key = person?.isDisabled === true ? '' : (person?.key ?? '');
    const served = rig.keys(name, 10_000 + n).trim();
    if (!isInterim || served !== '') expect(served).toBe(key);
    const hasSudo = sudo.includes(`#${10_000 + n} `);
    if (!isInterim || hasSudo) expect(hasSudo).toBe(person?.hasSudo ?? false);
  }
  const hashes = MAPS.map((map) => digest(rig.read(map)));
  const isOf = ({ manifest }: Published): boolean =>
    MAPS.every((map, n) => manifest.files.find(({ name }) => name === map)?.hash === hashes[n]);
  const candidates = isInterim
    ? [...published].flatMap(([at, one]) => (at < serial ? [one] : []))
    : [...published].flatMap(([at, one]) => (at === serial ? [one] : []));
  expect(candidates.some(isOf)).toBe(true);
  return serial;
}

describe.runIf(isRoot)('a follower among kills and an owner of its volume', () => {
  const seeds = Array.from({ length: propertyRuns(2, 40) }, (_, n) => 2600 + n);
  test.each(seeds)(
    'serves no more than one signed generation gives (seed %i)',
    { timeout: 600_000 },
    (seed) => {
      const random = seedRandom(seed);
      const publisher = rig.publisher();
      const published = new Map<number, Published>();
      const roots: string[] = [];
      const publish = (): void => {
        const people = makePeople(random);
        const serial = rig.publish(people, publisher);
        const manifest = parseManifest(readRoot(rig.volume)?.text ?? '');
        if (manifest === null) throw new Error('nothing was published');
        published.set(serial, { people, manifest });
        roots.push(readFileSync(path.join(rig.volume, 'root'), 'latin1'));
      };
      publish();
      tamper(() => 0, roots);
      rig.follow('pod', { volume: view });
      const killed = new KilledFollower(rig);
      const programs = killed.run(null).length + 40;
      let last = demandNoMore(published, 0);
      for (let step = 0; step < STEPS; step += 1) {
        if (random(3) > 0) publish();
        tamper(random, roots);
        killed.run([null, 'sleep', 1 + random(programs)][random(3)] ?? null);
        last = demandNoMore(published, last);
      }
      publish();
      tamper(() => 0, roots);
      expect(rig.follow('pod', { volume: view })).toMatchObject({ status: 0 });
      expect(readlinkSync(path.join(rig.run(), 'current'))).toBe(
        `generations/${[...published.keys()].at(-1)}`,
      );
      demandNoMore(published, last);
    },
  );
});
