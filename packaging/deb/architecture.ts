// The two architectures of the package, and what each is called by Debian, Node and the addons.

export interface Architecture {
  /** As dpkg(1) says it. */
  readonly debian: 'amd64' | 'arm64';
  /** As `process.arch` says it. */
  readonly node: 'x64' | 'arm64';
}

export const ARCHITECTURES: readonly Architecture[] = [
  { debian: 'amd64', node: 'x64' },
  { debian: 'arm64', node: 'arm64' },
];
