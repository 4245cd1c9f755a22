// A node's root directory that knows a large store: its token, and one access group of a hundred people.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { IMAGE } from './image.ts';

/** @param more further lines of config.yaml. */
export function makeStoreNode(
  root: string,
  store: { readonly baseUrl: string; readonly readToken: string },
  more: string,
): void {
  for (const directory of ['etc/sunk-agent/credentials', 'etc/skel', 'etc/sudoers.d', 'home'])
    mkdirSync(path.join(root, directory), { recursive: true });
  for (const [file, text] of IMAGE) writeFileSync(path.join(root, file), text);
  writeFileSync(path.join(root, 'etc/sunk-agent/credentials/scim-token'), `${store.readToken}\n`);
  writeFileSync(
    path.join(root, 'etc/sunk-agent/config.yaml'),
    `access: { groups: [{ name: group0001 }] }
accounts: { domains: [example.com], homes: never, id_range: [65536, 524287] }
${more}`,
  );
}
