// A root without a system behind it: the directories and the account files that the agent works on, below any directory.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Text by path below the root; passwd, group, shadow, gshadow and shells of a node. */
export type RootFiles = Readonly<Record<string, string>>;

/** The account files of an image that has root alone. */
export const ROOT_ACCOUNTS: RootFiles = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
  'etc/group': 'root:x:0:\n',
  'etc/shadow': 'root:*:20000:0:99999:7:::\n',
  'etc/gshadow': 'root:*::\n',
  'etc/shells': '/bin/sh\n/bin/bash\n',
};

export const CONFIG_FILE = 'etc/sunk-agent/config.yaml';
const CREDENTIALS = 'etc/sunk-agent/credentials';
/** Of the account files; others are readable by all. */
const SECRET = /shadow$/;

export interface RootOptions {
  readonly files: RootFiles;
  /** Text of config.yaml. */
  readonly config: string;
  /** The reader's token; null: none, for a store that needs no reader process. */
  readonly token: string | null;
  /** Directories besides etc/sunk-agent, etc/skel and home. */
  readonly directories?: readonly string[];
}

/** Lays it out below `root`, which may exist already. */
export function layRoot(root: string, { files, config, token, directories = [] }: RootOptions): void {
  for (const directory of [CREDENTIALS, 'etc/skel', 'home', ...directories])
    mkdirSync(path.join(root, directory), { recursive: true });
  writeAccountFiles(root, files);
  writeFileSync(path.join(root, CONFIG_FILE), config);
  if (token !== null)
    writeFileSync(path.join(root, CREDENTIALS, 'scim-token'), `${token}\n`, { mode: 0o600 });
}

export function writeAccountFiles(root: string, files: RootFiles): void {
  for (const [file, text] of Object.entries(files))
    writeFileSync(path.join(root, file), text, { mode: SECRET.test(file) ? 0o640 : 0o644 });
}
