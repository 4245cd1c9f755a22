// A node with other name services than its files: extrausers, which stands for sssd, and a module that can be down or hang.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openOwnNode, type OwnNode } from '../../support/nodes/own-node.ts';
import { hasPrivateNode } from '../../support/nodes/private-node.ts';
import { connectStore, type StoreClient } from '../../support/nodes/store-client.ts';

const canRun = hasPrivateNode(import.meta.filename);

const EXTENSION = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';

/** A service that does what a file says: not there (as sssd when it is stopped), hanging, or brought down by a bug. */
const MODULE = `
#include <nss.h>
#include <pwd.h>
#include <grp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static enum nss_status answer(int *error) {
  char mode[16] = "";
  FILE *asked = fopen("/run/asked", "w");
  if (asked) fclose(asked);
  FILE *file = fopen("/run/moody", "r");
  if (file) { if (!fgets(mode, sizeof mode, file)) mode[0] = 0; fclose(file); }
  if (!strncmp(mode, "hang", 4)) sleep(600);
  if (!strncmp(mode, "crash", 5)) abort();
  if (!strncmp(mode, "down", 4)) { *error = ENOENT; return NSS_STATUS_UNAVAIL; }
  *error = ENOENT;
  return NSS_STATUS_NOTFOUND;
}
#define REST char *buffer, size_t size, int *error
enum nss_status _nss_moody_getpwnam_r(const char *name, struct passwd *result, REST) { return answer(error); }
enum nss_status _nss_moody_getpwuid_r(uid_t uid, struct passwd *result, REST) { return answer(error); }
enum nss_status _nss_moody_getgrnam_r(const char *name, struct group *result, REST) { return answer(error); }
enum nss_status _nss_moody_getgrgid_r(gid_t gid, struct group *result, REST) { return answer(error); }
`;

describe.runIf(canRun)('beside other name services', { timeout: 240_000 }, () => {
  let node: OwnNode;
  let store: StoreClient;
  let group: string;
  const ids = new Map<string, string>();

  const run = async (command: string): Promise<string> => {
    const { stdout, stderr, status } = await node.exec(command);
    if (status !== 0) throw new Error(`${command}: ${status}\n${stdout}\n${stderr}`);
    return stdout;
  };
  /** @returns the uid that the store gave. */
  const push = async (name: string): Promise<number> => {
    const user = {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: `${name}@example.com`,
      active: true,
      [EXTENSION]: { sunkSshKeys: '' },
    };
    const made = await store.request('POST', '/Users', user);
    ids.set(name, made.id);
    await store.request('PATCH', `/Groups/${group}`, {
      Operations: [{ op: 'add', path: 'members', value: [{ value: made.id }] }],
    });
    return (made as unknown as Record<string, { uid: number }>)[EXTENSION]?.uid ?? 0;
  };
  /** @returns what is refused, a line each. */
  const sync = async (): Promise<string> =>
    (await node.exec('sunk-agent sync')).stdout
      .split('\n')
      .filter((line) => line.startsWith('refused: '))
      .join('\n');
  const services = (line: string) =>
    run(`printf 'passwd: ${line}\\ngroup: ${line}\\nshadow: files\\n' >/etc/nsswitch.conf`);
  const has = async (name: string): Promise<boolean> =>
    (await node.exec(`grep -q '^${name}:' /etc/passwd`)).status === 0;

  beforeAll(async () => {
    node = await openOwnNode();
    store = connectStore(node.testbed);
    group = await store.pushGroup('slurm-users', []);
    const work = mkdtempSync(path.join(tmpdir(), 'name-service-'));
    writeFileSync(path.join(work, 'moody.c'), MODULE);
    execFileSync('gcc', [
      '-shared',
      '-fPIC',
      '-o',
      path.join(work, 'libnss_moody.so.2'),
      path.join(work, 'moody.c'),
    ]);
    const library = readFileSync(path.join(work, 'libnss_moody.so.2')).toString('base64');
    rmSync(work, { recursive: true });
    await run(`mkdir -p /usr/libexec/nss /var/lib/extrausers
base64 -d >/usr/libexec/nss/libnss_moody.so.2 <<'END'
${library.replace(/(.{1000})/g, '$1\n')}
END
echo /usr/libexec/nss >/etc/ld.so.conf.d/moody.conf && ldconfig
printf 'yan:x:10990:10990::/home/yan:/bin/bash\\n' >/var/lib/extrausers/passwd
printf 'zed:x:10009:\\n' >/var/lib/extrausers/group
printf 'zed:*:20000:0:99999:7:::\\n' >/var/lib/extrausers/shadow`);
    await services('files extrausers');
  });
  afterAll(() => node.close());

  test('no name and no uid of theirs is given to anyone, and import is pointed to', async () => {
    const taken = await push('ivan');
    await push('yan');
    await push('alice');
    await run(`printf 'zed:x:${taken}:10009::/home/zed:/bin/bash\\n' >>/var/lib/extrausers/passwd`);
    const refused = await sync();
    expect(refused).toMatch(new RegExp(`extrausers knows the uid ${taken} as zed's.*sunk-agent import`));
    expect(refused).toMatch(/extrausers knows yan with the uid 10990.*sunk-agent import/);
    expect(refused.split('\n')).toHaveLength(2);
    expect(await has('ivan')).toBe(false);
    expect(await has('yan')).toBe(false);
    expect(await has('alice')).toBe(true);
    expect(await run(`id -nu ${taken}; id -u yan`)).toBe('zed\n10990\n');
  });

  test('a name that one of their groups lists is given to no one, since the group would come with it', async () => {
    await run(`printf 'ops:x:10027:yan,gina\\n' >>/var/lib/extrausers/group`);
    await push('gina');
    expect(await sync()).toMatch(/extrausers has gina in the group with the gid 10027: it is not granted/);
    expect(await has('gina')).toBe(false);
    await run(`sed -i '/^ops:/d' /var/lib/extrausers/group`);
    await sync();
    expect(await has('gina')).toBe(true);
  });

  test.each([
    ['down', /ENOENT/],
    ['crash', /ended the process/],
    ['hang', /no answer within/],
  ])('a grant waits while one is %s, and a revocation does not', async (mode, why) => {
    await services('files extrausers moody');
    await run('rm -f /run/moody');
    await push(`leaver-${mode}`);
    await sync();
    expect(await has(`leaver-${mode}`)).toBe(true);

    await run(`echo ${mode} >/run/moody`);
    await push(`comer-${mode}`);
    await store.setActive(ids.get(`leaver-${mode}`), false);
    const refused = await sync();
    expect(refused).toMatch(why);
    expect(refused).toMatch(/the grant waits: the name service moody/);
    expect(await has(`comer-${mode}`)).toBe(false);
    expect(await run(`getent -s files passwd leaver-${mode} | cut -d: -f7`)).toBe('/usr/sbin/nologin\n');

    await run('rm /run/moody');
    await sync();
    expect(await has(`comer-${mode}`)).toBe(true);
  });

  test('a sync that grants nothing asks none', async () => {
    await services('files extrausers moody');
    // A person who is refused for what another service knows is asked about in each sync.
    for (const name of ['ivan', 'yan']) await store.setActive(ids.get(name), false);
    await sync();
    await run('rm -f /run/asked');
    await sync();
    expect(await run('ls /run')).not.toContain('asked');
    await push('fred');
    await sync();
    expect(await run('ls /run')).toContain('asked');
  });

  test('a service that is not installed knows no one', async () => {
    await services('files extrausers absent');
    await push('dora');
    await sync();
    expect(await has('dora')).toBe(true);
  });

  test('an account of nss.must_resolve that is unknown makes all grants wait', async () => {
    await services('files extrausers');
    await run(`printf 'nss: { must_resolve: [sentinel] }\\n' >>/etc/sunk-agent/config.yaml`);
    await push('eve');
    expect(await sync()).toMatch(/the grant waits.*sentinel \(nss\.must_resolve\)/);
    expect(await has('eve')).toBe(false);
    await run(`printf 'sentinel:x:10099:10099::/:/bin/sh\\n' >>/var/lib/extrausers/passwd`);
    await sync();
    expect(await has('eve')).toBe(true);
  });
});
