// The files of the package, at their paths on a node.
import {
  chmodSync,
  cpSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { EXAMPLE, renderConfig } from '../../src/cli/init/config-text.ts';
import { bundle } from '../bundle.ts';
import { renderCompletion } from '../manual/completion.ts';
import { renderCommandManual, renderConfigManual } from '../manual/man.ts';
import { type Architecture } from './architecture.ts';
import { renderChangelog } from './changelog.ts';
import { listFiles } from './control.ts';
import { findPackage } from './fetch-package.ts';
import { renderCopyright } from './licences.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const LIB = 'usr/lib/sunk-agent';
const UNITS = [
  'sunk-agent.service',
  'sunk-agent-reader.service',
  'sunk-agent-slurm.service',
  'sunk-agent-hook.path',
  'sunk-agent-hook.service',
  'sunk-agent-canary.service',
  'sunk-agent-follower.service',
];

export interface TreeOptions {
  /** An empty directory. */
  readonly directory: string;
  readonly architecture: Architecture;
  /** What `--version` prints. */
  readonly version: string;
  /** Version of the package (deb-version(7)). */
  readonly debianVersion: string;
  /** Epoch seconds: the time of every file. */
  readonly time: number;
}

/** Writes everything but DEBIAN/. @returns the npm packages in it, Node among them, sorted. */
export async function layTree(options: TreeOptions): Promise<{ readonly packages: readonly string[] }> {
  const { directory, architecture, version, debianVersion, time } = options;
  const put = (to: string, content: string | Buffer, mode = 0o644): void => {
    const file = path.join(directory, to);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, mode);
  };
  const copy = (from: string, to: string, mode = 0o644): void =>
    put(to, readFileSync(path.join(PROJECT, from)), mode);

  const { packages } = await bundle(path.join(directory, LIB), version);
  put(`${LIB}/package.json`, '{ "type": "module" }\n');
  const runtime = `node-linux-${architecture.node}`;
  put(`${LIB}/node`, readFileSync(path.join(findPackage(runtime), 'bin/node')), 0o755);
  layAddons(path.join(directory, LIB, 'node_modules'), architecture);
  copy('packaging/wrapper/sunk-agent', 'usr/bin/sunk-agent', 0o755);
  for (const worker of ['reader', 'slurm']) copy(`packaging/wrapper/${worker}`, `${LIB}/${worker}`, 0o755);
  for (const program of ['authorized-keys', 'canary', 'canary-shell'])
    copy(`packaging/${program}`, `usr/libexec/sunk-agent/${program}`, 0o755);

  put('etc/sunk-agent/config.yaml', renderConfig(EXAMPLE));
  for (const unit of UNITS) {
    copy(`systemd/${unit}`, `lib/systemd/system/${unit}`);
  }
  copy('systemd/sysusers.d/sunk-agent.conf', 'usr/lib/sysusers.d/sunk-agent.conf');
  copy('systemd/tmpfiles.d/sunk-agent.conf', 'usr/lib/tmpfiles.d/sunk-agent.conf');
  // Not under /etc: `doctor --fix` or an operator puts it there.
  copy('packaging/sshd/10-sunk-agent.conf', 'usr/share/sunk-agent/sshd_config.d/10-sunk-agent.conf');

  for (const file of listFiles(path.join(PROJECT, 'packaging/follower'), '')) {
    if (/^follower\.\w+\.sh$/.test(file))
      copy(`packaging/follower/${file}`, `usr/libexec/sunk-agent/${file}`);
    const mode = /(?:^|\/)(?:run|finish|follower|follower-keys|install-follower)$/.test(file) ? 0o755 : 0o644;
    copy(`packaging/follower/${file}`, `usr/share/sunk-agent/follower/${file}`, mode);
  }
  for (const program of ['follower', 'follower-keys'])
    copy(`packaging/follower/${program}`, `usr/libexec/sunk-agent/${program}`, 0o755);
  put('usr/share/sunk-agent/version', `${version}\n`);
  layChart(copy);
  copy('packaging/alerts/sunk-agent.rules.yaml', 'usr/share/sunk-agent/alerts/sunk-agent.rules.yaml');
  copy('packaging/dashboards/sunk-agent.json', 'usr/share/sunk-agent/dashboards/sunk-agent.json');

  for (const file of listFiles(path.join(PROJECT, 'packaging/container'), '')) {
    const mode = /\/(?:run|finish|link-nsscache)$/.test(file) ? 0o755 : 0o644;
    copy(`packaging/container/${file}`, `usr/share/sunk-agent/container/${file}`, mode);
  }
  put('usr/share/man/man8/sunk-agent.8.gz', gzip(await renderCommandManual(time)));
  put('usr/share/man/man5/sunk-agent.yaml.5.gz', gzip(renderConfigManual(time)));
  put('usr/share/bash-completion/completions/sunk-agent', await renderCompletion());
  const bundled = [...new Set([...packages, 'better-sqlite3', 'koffi', runtime])].sort();
  put('usr/share/doc/sunk-agent/copyright', renderCopyright(bundled));
  put('usr/share/doc/sunk-agent/changelog.gz', gzip(renderChangelog(debianVersion, time)));
  for (const document of ['README.md', 'packaging/OPERATING.md', 'SECURITY.md', 'CHANGELOG.md'])
    put(
      `usr/share/doc/sunk-agent/${path.basename(document)}.gz`,
      gzip(readFileSync(path.join(PROJECT, document), 'utf8')),
    );
  put('usr/share/doc/sunk-agent/examples/config.yaml', renderConfig(EXAMPLE));
  copy('packaging/deb/lintian-overrides', 'usr/share/lintian/overrides/sunk-agent');
  normalise(directory, time);
  return { packages: bundled };
}

/** The chart with its examples; the links in it become the files that they lead to. */
function layChart(copy: (from: string, to: string) => void): void {
  const to = 'usr/share/doc/sunk-agent/examples/helm';
  const links = ['alerts', 'follower'];
  const isLink = (file: string): boolean => links.some((name) => file === `sunk-agent/files/${name}`);
  for (const file of listFiles(path.join(PROJECT, 'packaging/helm'), ''))
    if (!file.endsWith('.ts') && !isLink(file)) copy(`packaging/helm/${file}`, `${to}/${file}`);
  for (const name of links)
    for (const file of listFiles(path.join(PROJECT, 'packaging', name), ''))
      copy(`packaging/${name}/${file}`, `${to}/sunk-agent/files/${name}/${file}`);
}

/** The two addons with the binaries of this architecture alone. */
function layAddons(to: string, { node }: Architecture): void {
  const sqlite = findPackage('better-sqlite3');
  for (const part of ['package.json', 'lib'])
    cpSync(path.join(sqlite, part), path.join(to, 'better-sqlite3', part), { recursive: true });
  const addon = `prebuilds/linux-${node}.node`;
  cpSync(path.join(sqlite, addon), path.join(to, 'better-sqlite3', addon));

  const koffi = findPackage('koffi');
  for (const part of ['package.json', 'index.js', 'index.cjs'])
    cpSync(path.join(koffi, part), path.join(to, 'koffi', part));
  for (const part of ['index.js', 'index.cjs', 'src/static.js', 'src/static.cjs']) {
    cpSync(path.join(koffi, 'src/koffi', part), path.join(to, 'koffi/src/koffi', part));
  }
  const name = `@koromix/koffi-linux-${node}`;
  const binary = findPackage(name);
  for (const part of ['package.json', 'index.js', `linux_${node}`])
    cpSync(path.join(binary, part), path.join(to, name, part), { recursive: true });
}

/** Sets one mode for each kind of file and one time for all, so that two builds are identical. */
function normalise(directory: string, time: number): void {
  for (const name of readdirSync(directory)) {
    const file = path.join(directory, name);
    const found = lstatSync(file);
    if (found.isDirectory()) normalise(file, time);
    else chmodSync(file, (found.mode & 0o111) === 0 || file.endsWith('.node') ? 0o644 : 0o755);
  }
  chmodSync(directory, 0o755);
  lutimesSync(directory, time, time);
  for (const name of readdirSync(directory)) lutimesSync(path.join(directory, name), time, time);
}

function gzip(text: string): Buffer {
  return gzipSync(text, { level: 9 });
}
