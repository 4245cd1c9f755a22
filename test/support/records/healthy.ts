// The facts about a user who can log in, for tests that break one thing at a time.
import type { Facts, PersonFacts } from '../../../src/diagnose/why/facts.ts';
import { statusOf } from '../../../src/agent/report/status.ts';
import { parseConfig } from '../../../src/config/config.ts';
import { chooseKeySettings } from '../../../src/host/sshd/sshd-drop-in.ts';
import { issueCredentials } from '../../../src/policy/keys/credential.ts';
import { renderKeyFile } from '../../../src/policy/keys/key-file.ts';
import { readKeys } from '../../../src/policy/keys/ssh-key.ts';
import { makeReport, NOW } from './sample-report.ts';

export { NOW };
export const ALICE = '2819c223-7f76-453a-919d-413861904646';
const ED25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDiRfwkL6kN980N20iRHGr0VUzuC5NLIbMn81YY6waRI';

export const config = parseConfig(
  'scim: { base_url: "https://store.example.com/scim/ab1cd2" }\naccess: { groups: [{ name: slurm-users }] }\naccounts: { domains: [example.com] }\n',
  'test',
);

const keys = readKeys([ED25519]).flatMap((reading) => (reading.ok ? [reading.key] : []));
export const FINGERPRINT = keys[0]?.fingerprint ?? '';
export const keyText = (until: number): string =>
  renderKeyFile(issueCredentials(keys, ALICE, until), { zulu: true, timeZone: 'UTC' });

const entry = { name: 'alice', uid: 10_000, gid: 9999, gecos: '', dir: '/home/alice', shell: '/bin/bash' };

export const record: PersonFacts['record'] = {
  id: ALICE,
  userName: 'alice@example.com',
  externalId: null,
  active: true,
  created: null,
  displayName: 'Alice',
  username: 'alice@example.com',
  uid: 10_000,
  gid: null,
  home: null,
  shell: null,
  keys: [ED25519],
};

export const group = {
  id: 'g1',
  name: 'slurm-users',
  externalId: null,
  created: null,
  gid: 20_000,
  members: [ALICE],
  nested: [],
};

export const person: PersonFacts = {
  record,
  absent: false,
  confirmedAt: NOW - 60,
  quarantine: null,
  disabled: null,
  block: null,
  groups: [
    { name: 'slurm-users', pinned: null, found: group, lookalikes: [], listsPerson: true, grant: null },
  ],
  desired: {
    scimId: ALICE,
    entry,
    disabled: null,
    credentials: issueCredentials(keys, ALICE, NOW + 1000),
    extension: null,
    needsManagedGroup: false,
  },
  refusals: [],
  successions: [],
  nameAdvice: null,
  commonRefusals: [],
  actual: { entry, expiryDay: null },
  held: [],
  problem: null,
  keys: [{ fingerprint: FINGERPRINT, type: 'ssh-ed25519', refusal: null }],
};

const settings = new Map(
  Object.entries({
    ...chooseKeySettings(config.keys, '/', 'sunk-keys'),
    usepam: 'yes',
    maxauthtries: '6',
  }).map(([keyword, value]) => [keyword, [value]]),
);

/** The result of a probe that succeeded. */
export const probed = <T>(value: T) => ({ ok: true, value }) as const;

/** The result of a probe that could not be made. */
export const notProbed = { ok: false, why: 'only root can check this' } as const;

export const healthy: Facts = {
  now: NOW,
  question: 'alice',
  name: 'alice',
  from: null,
  fingerprint: null,
  newcomer: null,
  config,
  status: probed(
    statusOf({
      report: makeReport(),
      now: NOW - 10,
      mode: 'enforce',
      baseUrl: config.scim.base_url,
      lastContact: NOW - 10,
      lastComplete: NOW - 20,
      frozenUntil: 0,
      quarantined: [],
      formerRoot: [],
      maxAge: config.keys.max_age,
      agentHasNoNetwork: true,
      nextSync: null,
      daemon: null,
      hasSshdDropIn: true,
      host: null,
      nameRound: null,
      secrets: [],
    }),
  ),
  unmounted: null,
  isDaemonUp: true,
  loginPath: { state: 'proven', at: NOW, lastProven: NOW, step: null, reason: '' },
  person: probed(person),
  local: entry,
  names: probed({
    entry,
    direct: entry,
    uncached: entry,
    others: [],
    groups: ['sunk-users', 'slurm-users'],
    shadow: ['alice', '*', '20000', '0', '99999', '7', '', '', ''],
    hasShadowLine: true,
    hasNscd: false,
    fault: null,
    groupsFault: null,
    shadowFault: null,
  }),
  shell: probed({ shell: '/bin/bash', fault: null }),
  home: probed({ state: 'there', isDirectory: true, uid: 10_000, mode: 0o700, closedAbove: null }),
  keyFile: probed(keyText(NOW + 1000)),
  unreadable: null,
  helper: probed({ text: keyText(NOW + 1000) }),
  isDenied: false,
  conflict: null,
  sshd: probed({ settings, findings: [], hasDropIn: true }),
  pam: probed({ answer: { refusal: null }, nologin: null }),
  logins: probed([]),
  used: null,
};

/** The healthy facts with other facts about the person. */
export const withPerson = (more: Partial<PersonFacts>): Facts => ({
  ...healthy,
  person: probed({ ...person, ...more }),
});

/** The healthy facts with other settings of sshd, by keyword in lower case. */
export const withSshd = (more: Record<string, string[]>): Facts => ({
  ...healthy,
  sshd: probed({ settings: new Map([...settings, ...Object.entries(more)]), findings: [], hasDropIn: true }),
});

type Status = Extract<Facts['status'], { ok: true }>['value'];

/** The healthy facts with another status of the last sync. */
export function withStatus(change: (status: Status) => Partial<Status>): Facts {
  if (!healthy.status.ok) throw new Error('the sample has a status');
  const status = healthy.status.value;
  return { ...healthy, status: probed({ ...status, ...change(status) }) };
}
