// The incumbent beside us: a checkout of coreweave/nsscache, run by hand as a peer (NSSCACHE=DIRECTORY, with python3-pycurl).
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LargeStore } from './store-process.ts';

const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeave';

/** A command line that fetches all people and groups anew and rebuilds the four maps. */
export interface NsscacheRun {
  readonly command: readonly [program: string, ...args: string[]];
  /** The directory of the checkout. */
  readonly cwd: string;
}

/**
 * @param checkout its directory.
 * @param scratch a directory for its configuration and maps.
 */
export function prepareNsscache(checkout: string, store: LargeStore, scratch: string): NsscacheRun {
  mkdirSync(path.join(scratch, 'times'), { recursive: true });
  const config = path.join(scratch, 'nsscache.conf');
  writeFileSync(config, renderConfig(store, scratch));
  return { command: ['/usr/bin/python3', 'nsscache', '-c', config, 'update', '--full'], cwd: checkout };
}

/** Pages of 200, as the agent's first question asks for. */
function renderConfig({ baseUrl, readToken }: LargeStore, scratch: string): string {
  return `[DEFAULT]
source = scim
cache = files
maps = passwd, group, shadow, sshkey
files_dir = ${scratch}
timestamp_dir = ${scratch}/times
lockfile = ${scratch}/lock
scim_base_url = ${baseUrl}
scim_auth_token = ${readToken}
scim_users_parameters = count=200
scim_groups_parameters = count=200
scim_path_username = externalId
scim_path_uid = ${EXTENSION}User/uid
scim_path_gid = ${EXTENSION}User/uid
scim_path_home_directory = externalId
scim_path_login_shell = externalId
scim_path_ssh_keys = ${EXTENSION}User/sunkSshKeys
scim_path_groupname = displayName
scim_override_home_directory = /home/%%u
[passwd]
[group]
scim_path_gid = ${EXTENSION}Group/gid
[shadow]
[sshkey]
[suffix]
prefix = ""
suffix = ""
`;
}
