// The publisher's image for this machine, built as it is shipped and unpacked by umoci(1); once for the same sources.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { ARCHITECTURES } from '../../../packaging/deb/architecture.ts';
import { identifyBuild } from '../../../packaging/deb.ts';
import { buildImage, type Image } from '../../../packaging/image.ts';
import { hashSources } from '../hash-sources.ts';
import { mustRun } from '../nodes/run.ts';

const PROJECT = path.resolve(import.meta.dirname, '../../..');
const IMAGES = path.join(PROJECT, '.cache/images-for-tests');
const SOURCES = ['src', 'packaging', 'package.json', 'package-lock.json'];
const PATIENCE_MS = 300_000;

export interface UnpackedImage extends Pick<Image, 'archive'> {
  /** Its root directory, never changed. */
  readonly rootfs: string;
}

export async function ensureImage(): Promise<UnpackedImage> {
  const architecture = ARCHITECTURES.find(({ node }) => node === process.arch);
  if (architecture === undefined) throw new Error(`there is no image for ${process.arch}`);
  const directory = path.join(IMAGES, hashSources(PROJECT, SOURCES, [identifyBuild()]));
  if (!existsSync(directory)) {
    const unfinished = `${directory}.${process.pid}`;
    const { archive } = await buildImage(architecture, unfinished);
    mkdirSync(path.join(unfinished, 'layout'));
    mustRun('tar', ['-xf', archive, '-C', path.join(unfinished, 'layout')], PATIENCE_MS);
    const image = `${path.join(unfinished, 'layout')}:latest`;
    mustRun('umoci', ['unpack', '--image', image, path.join(unfinished, 'bundle')], PATIENCE_MS);
    rmSync(path.join(unfinished, 'layout'), { recursive: true });
    if (existsSync(directory)) rmSync(unfinished, { recursive: true });
    else renameSync(unfinished, directory);
  }
  utimesSync(directory, new Date(), new Date());
  for (const name of readdirSync(IMAGES)) {
    const { mtimeMs = Infinity } = statSync(path.join(IMAGES, name), { throwIfNoEntry: false }) ?? {};
    if (Date.now() - mtimeMs > 3_600_000) rmSync(path.join(IMAGES, name), { recursive: true, force: true });
  }
  const archive = readdirSync(directory).find((name) => name.endsWith('.oci.tar')) ?? '';
  return { archive: path.join(directory, archive), rootfs: path.join(directory, 'bundle/rootfs') };
}
