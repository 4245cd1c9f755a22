// What keeps a person from running a job, on a real cluster: each situation is made, named first by `why --submit`, and
// gone when its fix is followed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { BASE_URL } from '../support/nodes/store.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { CLUSTER } from '../support/slurm/slurm-cluster.ts';
import { type SlurmSite, startSlurmSite } from '../support/slurm/slurm-people.ts';
import { IN_USE, NODES, PLUGINS, SIZES_AND_RESERVATIONS, TOOLS } from '../support/slurm/submit-situations.ts';

const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
accounts:
  domains: [example.com]
sync: { poll: '*/5 * * * * *' }
slurm:
  mode: enforce
  every: 2s
  rules: [{ group: 'team-*' }, { group: taken }]
`;

/** Those of another administrator, which sunk-agent does not manage; `other` has an association of one partition. */
const FOREIGN = `sacctmgr -iQ add qos high
  sacctmgr -iQ add account taken cluster=${CLUSTER}
  useradd -u 9001 -M local && sacctmgr -iQ add user name=local account=taken cluster=${CLUSTER}
  useradd -u 9002 -M other && sacctmgr -iQ add user name=other account=taken partition=gpu cluster=${CLUSTER}
  useradd -u 9003 -M early && userdel early && sacctmgr -iQ add user name=early account=taken cluster=${CLUSTER}
  useradd -u 9003 -M early
  useradd -u 9004 -M none`;

/** The commands of this node get credentials of a munged with another key; the daemons have read their configuration. */
const OTHER_KEY = [
  'cp -p /etc/slurm/slurm.conf /root/',
  'install -d -o munge -m 0755 /run/other',
  'head -c 1024 /dev/urandom >/run/other/key',
  'chown munge /run/other/key && chmod 0400 /run/other/key',
  'cd /run/other && setpriv --reuid munge --regid munge --clear-groups munged --key-file=/run/other/key --socket=/run/other/socket --pid-file=/run/other/pid --log-file=/run/other/log --seed-file=/run/other/seed',
  'echo AuthInfo=socket=/run/other/socket >>/etc/slurm/slurm.conf',
].join(' && ');
const ONE_KEY = 'cp -p /root/slurm.conf /etc/slurm/; kill $(cat /run/other/pid); rm -rf /run/other';

describeOnNodes('what keeps a person from running a job', () => {
  let site: SlurmSite;
  let vision: string;

  beforeAll(async () => {
    site = await startSlurmSite('trixie', CONFIG, (must) => must(FOREIGN));
    await site.store.createGroup('slurm-users', []);
    vision = await site.store.createGroup('team-vision', []);
    await site.store.createGroup('taken', []);
    await site.addPerson('bob', ['team-vision', 'slurm-users']);
    await settle('bob');
  }, 600_000);
  afterAll(() => site?.stop());

  interface Said {
    readonly status: number | null;
    readonly code: string;
    readonly level: string;
    readonly owner: string | null;
    readonly howToFix: string | null;
    readonly cause: string | null;
    readonly text: string;
  }

  function why(name: string): Said {
    const { status, stdout, stderr } = site.node.exec(`sunk-agent why ${name} --submit --json`);
    const said = JSON.parse(stdout === '' ? '{"links":[]}' : stdout) as {
      links: (Omit<Said, 'status' | 'cause' | 'text'> & { link: string })[];
      cause?: { code: string } | null;
    };
    const none = { code: 'none', level: 'none', owner: null, howToFix: null };
    const { code, level, owner, howToFix } = said.links.find(({ link }) => link === 'submit') ?? none;
    const text = `${stdout}${stderr}`;
    return { status, code, level, owner, howToFix, cause: said.cause?.code ?? null, text };
  }

  async function expectCode(name: string, code: string): Promise<Said> {
    let said: Said | null = null;
    await eventually(
      `${code} is said of ${name}`,
      () => (said = why(name)).code === code,
      () => said?.text ?? '',
    );
    return said ?? why(name);
  }

  const settle = (name: string): Promise<Said> => expectCode(name, 'ok');

  /** What breaks it, and the fix: the command that `why` names where it names a whole one (`follow`), else this one. */
  async function expectNamed(
    name: string,
    code: string,
    { breakIt, fix }: { readonly breakIt: string; readonly fix: string },
    words: RegExp,
  ): Promise<void> {
    site.must(breakIt);
    let said: Said | null = null;
    try {
      said = await expectCode(name, code).catch((error: unknown) => {
        // What follows should not meet it too.
        said = why(name);
        throw error;
      });
      expect(said).toMatchObject({ status: 1, level: 'error', owner: 'operator' });
      expect(said.text).toMatch(words);
    } finally {
      const command = (said?.howToFix ?? '').split(/, (?:or|then|and|if) |; /)[0] ?? '';
      site.node.exec(fix === 'follow' ? command.replace(/^sacctmgr /, 'sacctmgr -iQ ') : fix);
    }
    await settle(name);
  }

  async function find(name: string): Promise<string | undefined> {
    const query = `/Users?filter=userName%20eq%20%22${name}@example.com%22`;
    const { Resources } = (await site.store.request('GET', query)) as unknown as {
      Resources: { id: string }[];
    };
    return Resources[0]?.id;
  }

  // First: slurmctld resolves every name again when it starts.
  test('people of others: no association, one of another partition, a name that came late, another uid', async () => {
    await expectNamed(
      'none',
      'submit-no-association',
      { breakIt: 'true', fix: `sacctmgr -iQ add user none account=taken cluster=${CLUSTER}` },
      /no association of none/,
    );
    await expectNamed(
      'other',
      'submit-association-partition',
      { breakIt: 'true', fix: `sacctmgr -iQ add user name=other account=taken cluster=${CLUSTER}` },
      /partition gpu alone/,
    );
    await expectNamed(
      'early',
      'submit-unresolved',
      { breakIt: 'true', fix: 'scontrol reconfigure' },
      /cannot resolve/,
    );
    await expectNamed(
      'early',
      'submit-uid',
      { breakIt: 'usermod -u 9013 early', fix: 'scontrol reconfigure' },
      /uid 9003, and here it is 9013/,
    );
  });

  const partition = (change: string): string => `scontrol update PartitionName=main ${change}`;
  const modify = (change: string): string => `sacctmgr -iQ modify ${change}`;

  test.each<[string, string, string, string, RegExp]>([
    [
      'bob',
      'submit-partition',
      partition('AllowAccounts=root'),
      partition('AllowAccounts=ALL'),
      /root alone/,
    ],
    ['bob', 'submit-partition', partition('DenyAccounts=team-vision'), partition('DenyAccounts='), /DenyAcc/],
    ['bob', 'submit-partition', partition('AllowGroups=adm'), partition('AllowGroups=ALL'), /groups adm/],
    ['bob', 'submit-partition', partition('AllowQos=high'), partition('AllowQos=ALL'), /QOS high alone/],
    ['bob', 'submit-partition', partition('DenyQos=normal'), partition('DenyQos='), /DenyQos/],
    ['bob', 'submit-partition', partition('RootOnly=YES'), 'follow', /root alone/],
    ['bob', 'submit-partition', partition('AllocNodes=elsewhere'), partition('AllocNodes=ALL'), /elsewhere/],
    ['bob', 'submit-partition-state', partition('State=DOWN'), 'follow', /DOWN/],
    ['bob', 'submit-partition-state', partition('State=DRAIN'), 'follow', /DRAIN/],
    ['bob', 'submit-partition-state', partition('State=INACTIVE'), 'follow', /INACTIVE/],
    ['bob', 'submit-no-partition', partition('Default=NO'), 'follow', /no partition is the default/],
  ])(
    '%s: %s (%s)',
    (name, code, breakIt, fix, words) => expectNamed(name, code, { breakIt, fix }, words),
    120_000,
  );

  test.each<[string, string, string, string, RegExp]>([
    [
      'local',
      'submit-stopped',
      modify('user where name=local set MaxSubmitJobs=0'),
      'follow',
      /MaxSubmitJobs/,
    ],
    ['local', 'submit-limit', modify('user where name=local set MaxJobs=0'), 'follow', /MaxJobs of local/],
    ['local', 'submit-limit', modify('user where name=local set MaxWall=0'), 'follow', /MaxWall of local/],
    ['local', 'submit-limit', modify('account where name=taken set GrpJobs=0'), 'follow', /account taken/],
    ['local', 'submit-limit', modify('account where name=root set GrpJobs=0'), 'follow', /account root/],
    ['local', 'submit-limit', modify('account where name=taken set GrpTRES=cpu=0'), 'follow', /GrpTRES=cpu/],
    ['bob', 'submit-limit', modify('account where name=team-vision set GrpSubmitJobs=0'), 'follow', /vision/],
    ['local', 'submit-limit', modify('qos where name=normal set MaxJobsPerUser=0'), 'follow', /QOS normal/],
    ['local', 'submit-limit', modify('qos where name=normal set MaxSubmitJobsPerUser=0'), 'follow', /normal/],
    ['local', 'submit-limit', modify('qos where name=normal set GrpJobs=0'), 'follow', /GrpJobs of the QOS/],
  ])(
    '%s: %s (%s)',
    (name, code, breakIt, fix, words) => expectNamed(name, code, { breakIt, fix }, words),
    120_000,
  );

  test.each<[string, string, string, string, RegExp]>([
    ['bob', 'submit-munge', OTHER_KEY, ONE_KEY, /not authenticate.*key or the clock, is not known here/],
    ['bob', 'submit-munge', 'systemctl stop munge', 'systemctl start munge', /munge/i],
    ['bob', 'submit-slurmctld', 'systemctl stop slurmctld', 'systemctl start slurmctld', /slurmctld/],
    ['bob', 'submit-slurmctld', 'pkill -STOP -x slurmctld', 'pkill -CONT -x slurmctld', /no answer/],
    [
      'bob',
      'submit-controller-name',
      "cp -p /etc/slurm/slurm.conf /root/; sed -i 's/^SlurmctldHost=.*/SlurmctldHost=nohost.invalid/' /etc/slurm/slurm.conf",
      'cp -p /root/slurm.conf /etc/slurm/',
      /resolve/,
    ],
    [
      'bob',
      'submit-no-config',
      'mv /etc/slurm/slurm.conf /root/',
      'mv /root/slurm.conf /etc/slurm/',
      /config/,
    ],
    [
      'bob',
      'submit-no-sbatch',
      'mv /usr/bin/sbatch /usr/bin/away',
      'mv /usr/bin/away /usr/bin/sbatch',
      /sbatch/,
    ],
  ])(
    '%s: %s (%s)',
    (name, code, breakIt, fix, words) => expectNamed(name, code, { breakIt, fix }, words),
    240_000,
  );

  test.each([...SIZES_AND_RESERVATIONS, ...IN_USE, ...NODES, ...PLUGINS, ...TOOLS])(
    '%s: %s (%s)',
    (name, code, breakIt, fix, words) => expectNamed(name, code, { breakIt, fix }, words),
    240_000,
  );

  test('a person who has an association on another cluster alone', async () => {
    site.must(`useradd -u 9005 -M far; sacctmgr -iQ add cluster other; sacctmgr -iQ add account far cluster=other
      sacctmgr -iQ add user name=far account=far cluster=other`);
    await expectNamed(
      'far',
      'submit-no-association',
      { breakIt: 'true', fix: `sacctmgr -iQ add user far account=taken cluster=${CLUSTER}` },
      /on this cluster, only on other/,
    );
    site.must('sacctmgr -iQ delete cluster other');
  });

  test('a coordinator who gives themselves an account again has it until the next round', async () => {
    await site.addPerson('coord', ['team-vision', 'slurm-users']);
    await settle('coord');
    await site.store.createGroup('team-audio', []);
    const id = (await find('coord')) ?? '';
    await site.store.addMember('team-audio', id);
    await eventually('coord has both', () => site.associations('coord').length === 2, site.explain);
    site.must('sacctmgr -iQ add coordinator account=team-vision name=coord');
    await site.store.request('PATCH', `/Groups/${vision}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'remove', path: `members[value eq "${id}"]` }],
    });
    const hasLost = (): boolean => site.associations('coord').join() === 'team-audio|coord';
    await eventually('coord has lost it', hasLost, site.explain);
    const own = 'setpriv --reuid coord --clear-groups --inh-caps=-all --bounding-set=-all';
    const add = `cd / && ${own} sacctmgr -iQ add user coord account=team-vision cluster=${CLUSTER}`;
    // slurmdbd lists from its tables, and adds what its memory does not have: that follows when slurmctld has the news.
    await eventually('slurmdbd lets coord add it', () => site.node.exec(add).status === 0, site.explain);
    await eventually('the next round takes it', hasLost, site.explain);
    await site.store.setActive(id, 'False');
    await eventually('coord has none', () => site.associations('coord').join() === '', site.explain);
    // With the last association sacctmgr removes the user, in a second request, and with it what the user may.
    const coordinators = (): string =>
      site.must('sacctmgr -nP show account team-vision withcoord format=coord').trim();
    await eventually('coord coordinates nothing', () => coordinators() === '', coordinators);
  });

  test('a group that no rule names, and one whose account is of others', async () => {
    await site.addPerson('carol', ['slurm-users']);
    const first = await expectCode('carol', 'submit-no-rule');
    expect(first).toMatchObject({ status: 1, owner: 'provider' });
    await site.addPerson('dora', ['taken', 'slurm-users']);
    await expectCode('dora', 'submit-account-foreign');
    site.must('sunk-agent import --slurm taken --apply');
    await settle('dora');
  });

  test('a frozen node', async () => {
    site.must('sunk-agent freeze --for 1h --reason test || sunk-agent freeze --for 1h');
    await site.addPerson('erin', ['slurm-users']);
    await expectCode('carol', 'submit-no-rule');
    await site.store.addMember('team-vision', (await find('carol')) ?? '');
    const said = await expectCode('carol', 'submit-frozen');
    expect(said.howToFix).toBe('sunk-agent thaw');
    site.must(said.howToFix ?? 'false');
    await settle('carol');
  });

  test('a blocked person, whose block is the first cause', async () => {
    site.must('sunk-agent block carol');
    await eventually('no association is left', () => site.associations('carol').join() === '', site.explain);
    const said = why('carol');
    expect(said.level).toBe('error');
    expect(said.text).toMatch(/block/);
    site.must('sunk-agent unblock carol');
    await settle('carol');
  });

  test('a worker that is stopped, one that slurmdbd knows as no Operator, slurmdbd and its database', async () => {
    site.must('systemctl stop sunk-agent-slurm');
    await site.addPerson('fred', ['team-vision', 'slurm-users']);
    await eventually('fred has an account', () => site.node.exec('id fred').status === 0, site.explain);
    await expectCode('fred', 'submit-not-compared');
    site.must('systemctl stop slurmdbd');
    await expectCode('fred', 'submit-slurmdbd');
    site.must('systemctl start slurmdbd; systemctl stop mariadb');
    await expectCode('fred', 'submit-slurmdbd');
    site.must('systemctl start mariadb; systemctl restart slurmdbd');
    await eventually('slurmdbd answers', () => site.node.exec('sacctmgr -nP list cluster').status === 0);
    site.must(modify('user where name=sunk-slurm set adminlevel=None'));
    site.must('systemctl start sunk-agent-slurm');
    await expectCode('fred', 'submit-round');
    site.must(modify('user where name=sunk-slurm set adminlevel=Operator'));
    await settle('fred');
  }, 400_000);

  test('a node that only observes', async () => {
    site.must(
      "sed -i 's/mode: enforce/mode: observe/' /etc/sunk-agent/config.yaml; systemctl restart sunk-agent",
    );
    await site.addPerson('gina', ['team-vision', 'slurm-users']);
    await eventually('gina has an account', () => site.node.exec('id gina').status === 0, site.explain);
    await expectCode('gina', 'submit-observing');
    site.must(
      "sed -i 's/mode: observe/mode: enforce/' /etc/sunk-agent/config.yaml; systemctl restart sunk-agent",
    );
    await settle('gina');
  });

  describe('and nothing of others was changed', () => {
    test('nor can an ordinary user reach a socket of the agent', () => {
      for (const name of ['probe.sock', 'slurm.sock', 'reader.sock']) {
        const socket = `/run/sunk-agent/${name}`;
        expect(site.ssh('bob', `test -S ${socket}`).status, name).toBe(0);
        expect(site.ssh('bob', `test -w ${socket} || test -r ${socket}`).status, name).not.toBe(0);
      }
    });

    test('their associations are as they were made', () => {
      expect(site.associations('local')).toEqual(['taken|local']);
    });
  });
});
