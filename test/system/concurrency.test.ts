// Two hundred runs of useradd, usermod, chfn and passwd beside two hundred syncs on one node: neither side loses a change.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeStore, makePublicKey, type Someone } from '../support/nodes/organisation-on-disk.ts';
import { bootNode, CODE, type LoginNode } from '../support/nodes/node.ts';
import { describeOnNodes } from '../support/requirements.ts';

const COUNT = process.env['NIGHTLY'] === undefined ? 200 : 1000;
const LOCALS = COUNT / 4;

const CONFIG = `scim: { base_url: "https://store.example/scim/x" }
access: { groups: [{ name: slurm-users }], sudo_groups: [{ name: slurm-admins }] }
accounts: { domains: [example.com] }
keys: { max_age: never }
limits:
  max_loss: { share: 1, at_least: 5000, at_most: 5000 }
  max_gain: { sudo: 5000, replaced_keys: 1, enabled_again: 1 }
`;

/** Each run says its number, its status and when it was over. */
const OPERATIONS = `
say() {
  echo "$1 $? $(date +%s%3N)"
  count=$((count + 1))
  # Neither side runs far ahead of the other, however fast the machine is.
  until [ "$(wc -l </root/syncs.log)" -ge "$((count - 10))" ]; do sleep 0.01; done
}
count=0
# Not before the syncs have begun.
until grep -q '^p1:' /etc/passwd; do sleep 0.05; done
groupadd -g 5000 locals
for n in $(seq 1 ${LOCALS}); do
  useradd -m -u "$((2000 + n))" -s /bin/sh "local$n"; say "useradd$n"
  usermod -aG locals -s /bin/bash "local$n"; say "usermod$n"
  chfn -f "Local Person $n" "local$n"; say "chfn$n"
  printf 'pass word %s\\npass word %s\\n' "$n" "$n" | passwd "local$n" 2>/dev/null; say "passwd$n"
done >/root/operations.log`;

/** After sync n there are n people; the one before has a new name and key, the one before that is gone for now. */
function stateAfter(n: number, keys: readonly string[]): readonly Someone[] {
  return Array.from({ length: n }, (_, index) => ({
    name: `p${index}`,
    uid: 10_000 + index,
    key: keys[(index + (index < n - 1 ? 1 : 0)) % keys.length] ?? '',
    displayName: index < n - 1 ? `Person ${index}` : 'New',
    active: index !== n - 3 && index % 10 !== 0,
    sudo: index % 7 === 0,
  }));
}

describeOnNodes('the account files of a busy node', () => {
  let node: LoginNode;
  const keys = Array.from({ length: 20 }, makePublicKey);
  const at = (file: string): string => path.join(node.root, file);
  const lines = (file: string): string[] => readFileSync(at(file), 'utf8').trim().split('\n');

  beforeAll(async () => {
    node = await bootNode('bookworm', (root) => {
      mkdirSync(path.join(root, 'etc/sunk-agent'), { recursive: true });
      writeFileSync(path.join(root, 'etc/sunk-agent/config.yaml'), CONFIG);
      writeFileSync(path.join(root, 'root/operations.sh'), OPERATIONS);
      const states = Array.from({ length: COUNT }, (_, index) => describeStore(stateAfter(index + 1, keys)));
      writeFileSync(path.join(root, 'root/states.json'), JSON.stringify(states));
    });
  });
  afterAll(async () => node?.stop());

  test(
    `lose nothing of ${COUNT} runs of the shadow tools and ${COUNT} syncs`,
    { timeout: 900_000 },
    async () => {
      const program = `${CODE}/node_modules/.bin/node ${CODE}/test/support/nodes/sync-program.ts`;
      const start = (unit: string, command: string): void => {
        const { status, stderr } = node.exec(
          `systemd-run --quiet --remain-after-exit --unit=${unit} ${command}`,
        );
        expect({ status, stderr }).toMatchObject({ status: 0 });
      };
      const before = node.exec('cat /etc/passwd').stdout;
      start(
        'syncs',
        `${program} / /root/states.json /root/reports.json /root/syncs.log /root/operations.log`,
      );
      start('operations', 'sh /root/operations.sh');
      for (const unit of ['syncs', 'operations']) {
        let state = '';
        while (!/exited|failed/.test(state)) {
          await sleep(500);
          state = node.exec(`systemctl show -p SubState ${unit}`).stdout;
        }
        const log = node.exec(`journalctl -u ${unit} -n 20 --no-pager`).stdout;
        expect(state, log).toContain('exited');
      }

      const reports = JSON.parse(readFileSync(at('root/reports.json'), 'utf8')) as {
        at: number;
        changes: { done: number; failed: number };
        problems: string[];
      }[];
      expect(reports.flatMap(({ problems }) => problems)).toEqual([]);
      expect(reports).toHaveLength(COUNT);
      const runs = lines('root/operations.log').map((line) => line.split(' '));
      expect(runs).toHaveLength(COUNT);
      expect(runs.filter(([, status]) => status !== '0')).toEqual([]);
      // They did run at the same time.
      const ends = (times: readonly number[]) => [Math.min(...times), Math.max(...times)] as const;
      const [from, to] = ends(runs.map(([, , time]) => Number(time)));
      const [begin, end] = ends(reports.map(({ at: time }) => time));
      const beside = Math.min(
        reports.filter(({ at: time }) => time >= from && time <= to).length,
        runs.filter(([, , time]) => Number(time) >= begin && Number(time) <= end).length,
      );
      process.stderr.write(`at least ${beside} of ${COUNT} on each side ran beside the other\n`);
      expect(beside).toBeGreaterThan(COUNT / 2);

      const passwd = new Map(lines('etc/passwd').map((line) => [line.split(':')[0], line.split(':')]));
      const shadow = new Map(lines('etc/shadow').map((line) => [line.split(':')[0], line.split(':')]));
      const group = new Map(lines('etc/group').map((line) => [line.split(':')[0], line.split(':')]));
      const locals = Array.from({ length: LOCALS }, (_, index) => index + 1);
      for (const n of locals) {
        expect(passwd.get(`local${n}`)?.slice(4)).toEqual([
          `Local Person ${n},,,`,
          `/home/local${n}`,
          '/bin/bash',
        ]);
        expect(shadow.get(`local${n}`)?.[1], `local${n}`).toMatch(/^\$y\$/);
        expect(group.get(`local${n}`)).toBeDefined();
      }
      expect(group.get('locals')?.[3]?.split(',').sort()).toEqual(locals.map((n) => `local${n}`).sort());
      const people = stateAfter(COUNT, keys);
      for (const { name, uid, displayName, active } of people) {
        // Who was never let in has no account.
        if (Number(name.slice(1)) % 10 === 0) expect(passwd.has(name)).toBe(false);
        else {
          const shell = active === true ? '/bin/bash' : '/usr/sbin/nologin';
          expect(passwd.get(name)?.slice(1)).toEqual([
            'x',
            `${uid}`,
            '9999',
            displayName,
            `/home/${name}`,
            shell,
          ]);
          expect(shadow.get(name)?.[7]).toBe(active === true ? '' : '1');
        }
      }
      const members = (wanted: (person: Someone) => boolean): string[] =>
        people.filter((person) => person.active === true && wanted(person)).map(({ name }) => name);
      expect(group.get('slurm-users')?.[3]?.split(',')).toEqual(members(() => true).sort());
      expect(group.get('slurm-admins')?.[3]?.split(',')).toEqual(members(({ sudo }) => sudo === true).sort());
      expect(node.exec('cat /etc/passwd').stdout.startsWith(before)).toBe(true);
    },
  );

  test('are sound, as the real tools see them', () => {
    // grpck and pwck in a node without some homes of the system warn about those; of managed accounts there is nothing to say.
    for (const tool of ['pwck -r -q', 'grpck -r']) {
      const { stdout, stderr } = node.exec(tool);
      expect(`${stdout}${stderr}`).not.toMatch(/invalid|duplicate|no matching|delete line|'p\d+'|slurm|sunk/);
    }
    expect(node.exec('visudo -c').status).toBe(0);
    expect(node.exec('getent passwd').stdout.trim().split('\n')).toEqual(lines('etc/passwd'));
    expect(node.exec('getent group').stdout.trim().split('\n')).toEqual(lines('etc/group'));
    expect(node.exec('id -u p7; id -gn p7; id -Gn p7 | tr " " "\\n" | sort').stdout).toBe(
      '10007\nsunk-users\nslurm-admins\nslurm-users\nsunk-users\n',
    );
    expect(node.exec('sudo -l -U p7').stdout).toContain('NOPASSWD: ALL');
    expect(node.exec('sudo -l -U p8').stdout).toContain('not allowed');
  });

  test('can be edited further by useradd, which finds our ids taken and leaves our lines alone', () => {
    const { status } = node.exec(
      'mkdir -p /root/copy && cp -a /etc /root/copy/ && useradd --prefix /root/copy later',
    );
    expect(status).toBe(0);
    for (const file of ['passwd', 'shadow', 'group', 'gshadow'])
      expect(
        readFileSync(at(`root/copy/etc/${file}`), 'utf8').startsWith(readFileSync(at(`etc/${file}`), 'utf8')),
      ).toBe(true);
    expect(node.exec('useradd -u 10007 thief').status).toBe(4);
    expect(node.exec('useradd p7').status).toBe(9);
  });
});
