import { describe, expect, test } from 'vitest';
import { examine } from '../../../../src/diagnose/doctor/examine.ts';
import type { Facts } from '../../../../src/diagnose/doctor/facts.ts';
import { config, healthy as person, NOW } from '../../../support/records/healthy.ts';

const looked = <T>(value: T) => ({ ok: true, value }) as const;
const probe: Extract<Facts['probe'], { ok: true }>['value'] = {
  say: 'probe',
  n: 1,
  fault: null,
  tokens: [{ file: '/token', fault: null, status: 200, may_write: false }],
  server_time: NOW * 1000,
  local_time: NOW * 1000,
  provider_config: 200,
  schemas: ['urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser'],
  groups: [
    { name: 'slurm-users', id: null, pinned: null, status: 200, listed: [{ id: 'g1', name: 'slurm-users' }] },
  ],
};
const folder = (path: string, mode: number) => ({ path, uid: process.geteuid?.() ?? 0, gid: 0, mode });
const disk = { path: '/etc', free: 1e12, size: 2e12, isReadOnly: false, network: null, fault: null };

const healthy: Facts = {
  now: NOW,
  config,
  isReal: true,
  status: person.status,
  units: { agent: true, reader: true },
  stateFolder: folder('/var/lib/sunk-agent/cache', 0o700),
  mirrorFault: null,
  keyFolder: folder('/var/lib/sunk-agent/authorized_keys', 0o755),
  disks: [disk],
  accountFilesFault: null,
  sshd: looked([]),
  isSshdRunning: true,
  names: looked({ services: ['files', 'systemd'], shadowServices: ['files'], hasNscd: false, differing: [] }),
  helperFault: null,
  nologin: null,
  uidRange: [1000, 9999],
  pam: looked({ refusal: null }),
  tokens: [{ path: '/token', reach: { path: '/token', uid: 0, gid: 990, mode: 0o640 } }],
  reader: { uid: 990, gid: 990 },
  probe: looked(probe),
  expiry: { zulu: true, timeZone: 'UTC' },
  breakGlass: [{ name: 'root', fault: null }],
};

const withProbe = (more: Partial<typeof probe>): Partial<Facts> => ({ probe: looked({ ...probe, ...more }) });
const token = { file: '/token', fault: null, status: 200, may_write: false };
const group = { name: 'slurm-users', id: null, pinned: null, status: 200, listed: [] };

describe('doctor', () => {
  test('finds nothing where all is well', () => {
    expect(examine(healthy)).toEqual([]);
  });

  test.each<[string, Partial<Facts>]>([
    ['disk-full', { disks: [{ ...disk, free: 1000 }] }],
    ['disk-read-only', { disks: [{ ...disk, isReadOnly: true }] }],
    ['disk-network', { disks: [{ ...disk, path: '/var/lib/sunk-agent/cache', network: 'NFS' }] }],
    ['disk-read-only', { disks: [{ ...disk, size: 0, free: 0, isReadOnly: true }] }],
    ['disk-automounter', { disks: [{ ...disk, path: '/home', size: 0, free: 0 }] }],
    ['disk-silent', { disks: [{ ...disk, fault: 'no answer' }] }],
    ['disk-account-files', { accountFilesFault: '/etc/passwd is immutable (chattr -i /etc/passwd)' }],
    ['disk-state-rights', { stateFolder: folder('/s', 0o755) }],
    ['disk-key-folder', { keyFolder: folder('/k', 0o777) }],
    ['disk-mirror', { mirrorFault: 'it is damaged' }],
    ['token-missing', { tokens: [{ path: '/token', reach: null }] }],
    [
      'token-rights',
      { tokens: [{ path: '/token', reach: { path: '/token', uid: 0, gid: 0, mode: 0o644 } }] },
    ],
    ['token-refused', withProbe({ tokens: [{ ...token, status: 401, may_write: null }] })],
    ['token-forbidden', withProbe({ tokens: [{ ...token, status: 403, may_write: null }] })],
    ['token-writes', withProbe({ tokens: [{ ...token, may_write: true }] })],
    ['store-unreachable', withProbe({ fault: { code: 'ECONNREFUSED', detail: 'refused' } })],
    ['store-dns', withProbe({ fault: { code: 'ENOTFOUND', detail: 'not found' } })],
    ['store-tls', withProbe({ fault: { code: 'CERT_HAS_EXPIRED', detail: 'expired' } })],
    ['store-clock', withProbe({ local_time: (NOW + 7200) * 1000 })],
    ['store-extension', withProbe({ schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'] })],
    ['store-group-missing', withProbe({ groups: [group] })],
    ['store-group-case', withProbe({ groups: [{ ...group, listed: [{ id: 'g', name: 'Slurm-Users' }] }] })],
    [
      'store-group-pin',
      withProbe({ groups: [{ ...group, id: 'old', listed: [{ id: 'new', name: 'slurm-users' }] }] }),
    ],
    ['store-unasked', { probe: { ok: false, why: 'the reader went away' } }],
    ['sshd-not-running', { isSshdRunning: false }],
    [
      'sshd-user-ca',
      { sshd: looked([{ code: 'sshd-user-ca', detail: 'an authority', breaksLogin: false }]) },
    ],
    [
      'names-order',
      { names: looked({ services: ['systemd'], shadowServices: ['files'], hasNscd: false, differing: [] }) },
    ],
    [
      'names-nscd',
      {
        names: looked({
          services: ['files'],
          shadowServices: ['files'],
          hasNscd: true,
          differing: ['alice'],
        }),
      },
    ],
    ['config-uid-max', { uidRange: [1000, 60_000] }],
    [
      'names-no-shadow',
      {
        config: {
          ...config,
          accounts: { ...config.accounts, backend: 'published' },
          keys: { ...config.keys, user_files: 'allow' },
        },
        names: looked({
          services: ['files', 'cache'],
          shadowServices: ['files'],
          hasNscd: false,
          differing: [],
        }),
      },
    ],
    ['login-nologin', { nologin: '/etc/nologin' }],
    ['login-pam', { pam: looked({ refusal: 'permission denied' }) }],
    ['login-helper', { helperFault: 'the helper prints something else' }],
    ['login-time-zone', { expiry: { zulu: false, timeZone: 'unknown' } }],
    ['passes-not-running', { units: { agent: false, reader: true } }],
    ['break-glass-none', { breakGlass: [{ name: 'root', fault: 'it has no key' }] }],
  ])('%s is found, alone, with what to do about it', (code, more) => {
    const findings = examine({ ...healthy, ...more });
    expect(findings.map((finding) => finding.code)).toEqual([code]);
    expect(findings[0]?.mend).toMatch(/\S/);
  });

  test('puts what breaks logins before what only warns, and causes before their effects', () => {
    const codes = examine({
      ...healthy,
      breakGlass: [],
      ...withProbe({ tokens: [{ ...token, status: 401, may_write: null }] }),
      units: { agent: false, reader: false },
    }).map(({ code }) => code);
    expect(codes).toEqual(['token-refused', 'passes-not-running', 'break-glass-none']);
  });
});
