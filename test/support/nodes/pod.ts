// A login pod: the image as the Containerfile's fragment makes it, run by s6, with its state on a volume and nothing else kept.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { ensureLayers, type Release } from './base.ts';
import { DIRECTORY } from './node-remains.ts';
import { bootNode, type LoginNode } from './node.ts';
import { mountOverlay } from './overlay.ts';
import { mustRun } from './run.ts';

const CONTAINERFILE = path.resolve(import.meta.dirname, '../../../packaging/container/Containerfile');
const RELEASE: Release = 'bookworm';
/** What an image with s6-overlay has; the pods that read published accounts resolve them with libnss-cache. */
export const PACKAGES = ['s6', 'libnss-cache'];

/** dpkg and the scripts of the package may be slow. */
const INSTALL_MS = 600_000;

const SSHD = '#!/bin/sh\nmkdir -p /run/sshd\nexec /usr/sbin/sshd -D -e 2>&1\n';

/** What s6-overlay does at its start, but for the compiler of its dependencies: a directory a service, and s6-svscan. */
const renderStart = (prepare: string): string => `
mkdir -p /run/service/sshd
cp -R /etc/s6-overlay/s6-rc.d/sunk-agent* /run/service
install -m 755 /etc/sshd-run /run/service/sshd/run
${prepare}
{ until getent passwd alice >/dev/null; do sleep 0.05; done; date +%s%N >/run/alice; } &
date +%s%N >/run/started
exec s6-svscan /run/service`;

/** @returns a directory to lie over the base, as the lower layers of an image do. The caller removes it. */
export function buildImage(packageFile: string): string {
  const image = mkdtempSync(path.join(DIRECTORY, 'sunk-image-'));
  const { root } = mountOverlay(image, ensureLayers(RELEASE, PACKAGES));
  try {
    mkdirSync(path.join(root, 'etc/s6-overlay/s6-rc.d'), { recursive: true });
    // There is no network: nothing but the package itself can be installed.
    rmSync(path.join(root, 'etc/apt/sources.list'), { force: true });
    copyFileSync(packageFile, path.join(root, 'var/tmp/sunk-agent.deb'));
    writeFileSync(path.join(root, 'etc/sshd-run'), SSHD);
    const options = ['--quiet', '--register=no', '--keep-unit', '--private-network', `--directory=${root}`];
    // COPY puts the package into /tmp, which is the container's own here.
    const command = `cp /var/tmp/sunk-agent.deb /tmp && ${readRun()}`;
    mustRun('systemd-nspawn', [...options, 'sh', '-ec', command], INSTALL_MS);
  } finally {
    spawnSync('umount', [root]);
  }
  return image;
}

/** The commands of the fragment's RUN. */
function readRun(): string {
  const [, run] = /^RUN ((?:.*\\\n)*.*)$/m.exec(readFileSync(CONTAINERFILE, 'utf8')) ?? [];
  if (run === undefined) throw new Error(`${CONTAINERFILE} has no RUN`);
  return run.replaceAll('\\\n', ' ');
}

export interface PodOptions {
  /** Of `buildImage`. */
  readonly image: string;
  /** The directory with `state`, `secret/scim-token` and `config.yaml`. */
  readonly mounts: string;
  /** Further arguments of systemd-nspawn(1). */
  readonly more?: readonly string[];
  /** Shell commands before the services start. */
  readonly prepare?: string;
  /** The pod whose network this one shares; else it has one of its own. */
  readonly beside?: LoginNode;
}

/** The directory of what a cluster mounts into the pod: the volume, the Secret and the ConfigMap. */
export function layMounts(directory: string, config: string, token: string): void {
  for (const name of ['state', 'secret']) mkdirSync(path.join(directory, name), { recursive: true });
  writeFileSync(path.join(directory, 'secret/scim-token'), `${token}\n`, { mode: 0o600 });
  writeFileSync(path.join(directory, 'config.yaml'), config);
  chmodSync(directory, 0o755);
}

export function startPod({ image, mounts, more = [], prepare = '', beside }: PodOptions): Promise<LoginNode> {
  return bootNode(RELEASE, () => {}, PACKAGES, {
    image: path.join(image, 'upper'),
    arguments: [
      `--bind=${mounts}/state:/var/lib/sunk-agent`,
      `--bind-ro=${mounts}/secret:/run/secrets/sunk-agent`,
      `--bind-ro=${mounts}/config.yaml:/etc/sunk-agent/config.yaml`,
      ...more,
    ],
    program: ['sh', '-c', renderStart(prepare)],
    beside: beside ?? null,
  });
}
