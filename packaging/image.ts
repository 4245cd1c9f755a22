// `npm run image`: the OCI image of a publisher, without a container engine; the same bytes for the same commit and packages.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Architecture, ARCHITECTURES } from './deb/architecture.ts';
import { findPackage } from './deb/fetch-package.ts';
import { layTree } from './deb/tree.ts';
import { debianVersionOf, identifyBuild } from './deb.ts';
import { layRootfs } from './image/rootfs.ts';
import { renderSbom } from './image/sbom.ts';

const HERE = import.meta.dirname;

const HELP = `npm run image -- [--arch ARCHITECTURE]... [--to DIRECTORY] [--sign KEY]

Builds sunk-agent_VERSION_ARCHITECTURE.oci.tar, an OCI image for the publisher of the Helm chart, with its bill of
materials (.cdx.json) and SHA256SUMS. As root on Debian or Ubuntu; it installs mmdebstrap and umoci.

  --arch ARCHITECTURE  amd64 or arm64, may be repeated (default: both); arm64 is unpacked only, never run
  --to DIRECTORY       where they go (default: dist)
  --sign KEY           signs SHA256SUMS with an SSH key: ssh-keygen -Y verify -n file -s SHA256SUMS.sig

A rebuild has the same hash as long as Debian's packages are the same; the bill of materials names their versions.
Push it with: skopeo copy oci-archive:FILE docker://REGISTRY/sunk-agent:VERSION

Exit status: 0 all were built, 1 at least one was not, 64 wrong command line.
`;

export interface Image {
  /** An OCI layout as one tar file. */
  readonly archive: string;
  readonly sbom: string;
  /** Of the manifest: sha256:HEX. */
  readonly digest: string;
}

/** Builds one image. @param to its directory. */
export async function buildImage(architecture: Architecture, to: string): Promise<Image> {
  const { time, version } = identifyBuild();
  const scratch = mkdtempSync(path.join(tmpdir(), 'sunk-agent-image-'));
  try {
    const at = (name: string): string => path.join(scratch, name);
    const system = layRootfs(at('system'), architecture);
    mkdirSync(at('program'));
    const debianVersion = debianVersionOf(version, time);
    const { packages } = await layTree({
      directory: at('program'),
      architecture,
      version,
      debianVersion,
      time,
    });
    layProgram(at('program'));
    const layers = ['system', 'program'].map((name) => pack(at(name), `${at(name)}.tar`, time));
    assemble(at('layout'), layers, architecture, version, time);
    mkdirSync(to, { recursive: true });
    const name = path.join(to, `sunk-agent_${debianVersion}_${architecture.debian}`);
    const archive = pack(at('layout'), `${name}.oci.tar`, time);
    const bundled = packages.map((one) => ({ name: one, version: versionOf(one) }));
    const sbom = `${name}.cdx.json`;
    writeFileSync(sbom, renderSbom(version, time, architecture.debian, system, bundled));
    return { archive, sbom, digest: readDigest(at('layout')) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** What a pod needs of the package, and the programs that the chart names; units and the follower's files go with others. */
function layProgram(directory: string): void {
  for (const name of [
    'lib',
    'etc',
    'usr/lib/sysusers.d',
    'usr/lib/tmpfiles.d',
    'usr/share/man',
    'usr/share/doc/sunk-agent/examples',
    'usr/share/lintian',
  ])
    rmSync(path.join(directory, name), { recursive: true, force: true });
  for (const name of [
    'etc/sunk-agent',
    'run/sunk-agent',
    'run/secrets',
    'var/cache/sunk-agent',
    'var/lib/sunk-agent',
    'srv/heartbeats',
    'srv/sunk-agent',
  ])
    mkdirSync(path.join(directory, name), { recursive: true, mode: 0o755 });
  // Where the chart mounts a single file.
  writeFileSync(
    path.join(directory, 'etc/sunk-agent/config.yaml'),
    '# The chart mounts the configuration here.\n',
  );
  for (const name of ['agent', 'alive', 'lay-slurm'])
    cpSync(path.join(HERE, 'image', name), path.join(directory, 'usr/lib/sunk-agent/pod', name));
}

/** A tar of a directory, with one time and one owner. @returns its path. */
function pack(directory: string, file: string, time: number): string {
  const same = [
    '--sort=name',
    `--mtime=@${time}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--format=gnu',
  ];
  execFileSync('tar', [...same, '-C', directory, '-cf', file, '.']);
  return file;
}

/** The layout of one image (github.com/opencontainers/image-spec), with umoci(1). */
function assemble(
  layout: string,
  layers: readonly string[],
  { debian }: Architecture,
  version: string,
  time: number,
): void {
  const created = new Date(time * 1000).toISOString();
  const umoci = (...args: string[]): unknown =>
    execFileSync('umoci', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const image = `${layout}:latest`;
  umoci('init', '--layout', layout);
  umoci('new', '--image', image);
  for (const layer of layers)
    umoci('raw', 'add-layer', '--image', image, `--history.created=${created}`, layer);
  umoci(
    'config',
    '--image',
    image,
    `--history.created=${created}`,
    `--created=${created}`,
    '--author=the authors of sunk-agent',
    '--os=linux',
    `--architecture=${debian}`,
    '--config.env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    '--config.entrypoint=/usr/lib/sunk-agent/pod/agent',
    '--config.label=org.opencontainers.image.title=sunk-agent',
    `--config.label=org.opencontainers.image.version=${version}`,
    '--config.label=org.opencontainers.image.licenses=Apache-2.0',
  );
  umoci('gc', '--layout', layout);
}

function readDigest(layout: string): string {
  const { manifests } = JSON.parse(readFileSync(path.join(layout, 'index.json'), 'utf8')) as {
    manifests: { digest: string }[];
  };
  return manifests[0]?.digest ?? '';
}

function versionOf(name: string): string {
  const manifest = readFileSync(path.join(findPackage(name), 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** @throws Error naming what is missing and cannot be installed. */
export function demandTools(): void {
  const missing = ['mmdebstrap', 'umoci'].filter((name) => spawnSync(name, ['--version']).status !== 0);
  if (missing.length === 0) return;
  const said = missing.join(' and ');
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version'))
    throw new Error(`${said} missing; on Debian and Ubuntu, as root, they are installed`);
  process.stderr.write(`installing the Debian packages ${said}\n`);
  const install = `apt-get update -qq && apt-get install -y -qq --no-install-recommends ${missing.join(' ')}`;
  if (spawnSync('sh', ['-c', install], { stdio: 'ignore' }).status !== 0)
    throw new Error(`apt-get cannot install ${said}`);
}

function writeSums(to: string, files: readonly string[], key: string | undefined): void {
  const lines = files.map((file) => {
    const sum = createHash('sha256').update(readFileSync(file)).digest('hex');
    return `${sum}  ${path.basename(file)}\n`;
  });
  const sums = path.join(to, 'SHA256SUMS');
  writeFileSync(sums, lines.sort().join(''));
  rmSync(`${sums}.sig`, { force: true });
  if (key !== undefined)
    execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-f', key, '-n', 'file', sums], { stdio: 'inherit' });
}

/** @returns the exit status. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      arch: { type: 'string', multiple: true, default: ARCHITECTURES.map(({ debian }) => debian) },
      to: { type: 'string', default: path.resolve(HERE, '../dist') },
      sign: { type: 'string' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const wanted = values.arch.map((name) => {
    const architecture = ARCHITECTURES.find(({ debian }) => debian === name);
    if (architecture === undefined) throw new TypeError(`--arch ${name}: amd64 or arm64`);
    return architecture;
  });
  const files: string[] = [];
  let status = 0;
  for (const architecture of wanted) {
    try {
      demandTools();
      const { archive, sbom, digest } = await buildImage(architecture, values.to);
      files.push(archive, sbom);
      process.stdout.write(`${archive} (${(statSync(archive).size / 1e6).toFixed(1)} MB) ${digest}\n`);
    } catch (error) {
      const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
      process.stderr.write(`image: ${architecture.debian} not built: ${reason}\n`);
      status = 1;
    }
  }
  if (files.length > 0) writeSums(values.to, files, values.sign);
  return status;
}

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`image: ${error.message}\n${HELP.split('\n')[0] ?? ''}\n`);
    process.exitCode = 64;
  }
}
