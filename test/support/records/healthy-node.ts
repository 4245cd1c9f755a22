// The facts about a node without problems, for tests of doctor that break one thing at a time.
import type { Facts } from '../../../src/diagnose/doctor/facts.ts';
import { config, healthy as person, NOW, probed } from './healthy.ts';

export { config, NOW };

type ProbeAnswer = Extract<Facts['probe'], { ok: true }>['value'];
type NamesFacts = Extract<Facts['names'], { ok: true }>['value'];
type Status = Extract<Facts['status'], { ok: true }>['value'];

export const rights = (path: string, mode: number) => ({
  path,
  uid: process.geteuid?.() ?? 0,
  gid: 0,
  mode,
});

export const disk = { path: '/etc', free: 1e12, size: 2e12, isReadOnly: false, network: null, fault: null };

export const token = { file: '/token', fault: null, status: 200, may_write: false };

export const group = {
  name: 'slurm-users',
  id: null,
  pinned: null,
  status: 200,
  listed: [{ id: 'g1', name: 'slurm-users' }],
};

const probe: ProbeAnswer = {
  say: 'probe',
  n: 1,
  fault: null,
  tokens: [token],
  server_time: NOW * 1000,
  local_time: NOW * 1000,
  provider_config: 200,
  schemas: ['urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser'],
  groups: [group],
};

const names: NamesFacts = {
  services: ['files', 'systemd'],
  shadowServices: ['files'],
  withoutShadow: [],
  differing: [],
  isNscdHung: false,
  isStale: false,
  answering: null,
  otherwise: [],
};

export const healthyNode: Facts = {
  now: NOW,
  config,
  status: person.status,
  units: { agent: true, reader: true },
  stateDirectory: rights('/var/lib/sunk-agent/cache', 0o700),
  unmounted: null,
  stateFault: null,
  hasState: true,
  inManagedGroup: ['alice'],
  agents: [100],
  refusals: [],
  deltasOffUntil: null,
  keyDirectory: rights('/var/lib/sunk-agent/authorized_keys', 0o755),
  disks: [disk],
  homesHazard: null,
  accountFilesFault: null,
  sshd: probed([]),
  hasSshdDropIn: true,
  isSshdRunning: true,
  names: probed(names),
  helperFault: null,
  nologin: null,
  uidRange: [1000, 9999],
  pam: probed({ refusal: null }),
  tokens: [{ path: '/token', rights: { path: '/token', uid: 0, gid: 990, mode: 0o640 } }],
  reader: { uid: 990, gid: 990 },
  probe: probed(probe),
  loginPath: { state: 'proven', at: NOW, lastProven: NOW, step: null, reason: '' },
  agent: { reader: 'connected', isConfigInForce: true, nextProbe: probed(probe) },
  expiry: { zulu: true, timeZone: 'UTC' },
  breakGlass: [{ name: 'root', fault: null, hasKey: true }],
  nameRound: null,
  uncheckedPower: [],
  sudo: { includesManaged: true, members: [] },
  publisher: null,
  slurm: null,
};

export const node = (more: Partial<Facts>): Facts => ({ ...healthyNode, ...more });
/** What the running reader finds, and so does one that starts now. */
export const withProbe = (more: Partial<ProbeAnswer>): Facts => withProbes(more, more);
/** @param next what a reader finds that starts now. */
export const withProbes = (running: Partial<ProbeAnswer>, next: Partial<ProbeAnswer>): Facts =>
  node({
    probe: probed({ ...probe, ...running }),
    agent: { ...healthyNode.agent, nextProbe: probed({ ...probe, ...next }) },
  });
export const withNames = (more: Partial<NamesFacts>, other: Partial<Facts> = {}): Facts =>
  node({ names: probed({ ...names, ...more }), ...other });

/** With another status of the last sync. */
export function withStatus(change: (status: Status) => Partial<Status>): Facts {
  if (!healthyNode.status.ok) throw new Error('the sample has a status');
  const status = healthyNode.status.value;
  return node({ status: probed({ ...status, ...change(status) }) });
}
