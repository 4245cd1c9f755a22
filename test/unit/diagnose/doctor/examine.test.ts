import { describe, expect, test } from 'vitest';
import { examine } from '../../../../src/diagnose/doctor/examine.ts';
import type { Facts } from '../../../../src/diagnose/doctor/facts.ts';
import { probed } from '../../../support/records/healthy.ts';
import {
  config,
  disk,
  group,
  healthyNode,
  node,
  NOW,
  rights,
  token,
  withNames,
  withProbe,
  withStatus,
} from '../../../support/records/healthy-node.ts';

const { breakGlass: BREAK_GLASS } = healthyNode;
const withLogin = (state: 'failed' | 'unproven' | 'off'): Facts =>
  node({ loginPath: { state, at: NOW, lastProven: null, step: 'account', reason: 'closed' } });

describe('doctor', () => {
  test('finds nothing on a healthy node', () => {
    expect(examine(healthyNode)).toEqual([]);
  });

  test.each<[string, Facts]>([
    ['disk-full', node({ disks: [{ ...disk, free: 1000 }] })],
    ['disk-read-only', node({ disks: [{ ...disk, isReadOnly: true }] })],
    ['disk-network', node({ disks: [{ ...disk, path: '/var/lib/sunk-agent/cache', network: 'NFS' }] })],
    ['disk-read-only', node({ disks: [{ ...disk, size: 0, free: 0, isReadOnly: true }] })],
    ['disk-automounter', node({ disks: [{ ...disk, path: '/home', size: 0, free: 0 }] })],
    ['disk-silent', node({ disks: [{ ...disk, fault: 'no answer' }] })],
    ['disk-account-files', node({ accountFilesFault: '/etc/passwd is immutable (chattr -i /etc/passwd)' })],
    ['disk-state-rights', node({ stateDirectory: rights('/s', 0o755) })],
    ['disk-key-folder', node({ keyDirectory: rights('/k', 0o777) })],
    ['disk-mirror', node({ stateFault: 'it is damaged' })],
    ['disk-not-mounted', node({ unmounted: '/var/lib/sunk-agent', hasState: false })],
    ['disk-state-lost', node({ hasState: false })],
    ['names-shadow-lost', withNames({ withoutShadow: ['alice'] })],
    ['passes-two-agents', node({ agents: [100, 200] })],
    ['reader-away', node({ agent: { ...healthyNode.agent, reader: 'away' } })],
    ['reader-config', node({ agent: { ...healthyNode.agent, isConfigInForce: false } })],
    ['login-trial', withLogin('failed')],
    ['login-unproven', withLogin('unproven')],
    ['sudo-not-included', node({ sudo: { includesManaged: false, members: [] } })],
    [
      'sudo-local-group',
      node({
        sudo: {
          includesManaged: true,
          members: [{ group: 'admin', location: '/etc/sudoers:9', names: ['alice'] }],
        },
      }),
    ],
    [
      'break-glass-fails',
      node({ breakGlass: [...BREAK_GLASS, { name: 'ops', fault: 'expired', hasKey: true }] }),
    ],
    ['token-missing', node({ tokens: [{ path: '/token', rights: null }] })],
    [
      'token-rights',
      node({ tokens: [{ path: '/token', rights: { path: '/token', uid: 0, gid: 0, mode: 0o644 } }] }),
    ],
    ['token-refused', withProbe({ tokens: [{ ...token, status: 401, may_write: null }] })],
    ['token-forbidden', withProbe({ tokens: [{ ...token, status: 403, may_write: null }] })],
    ['token-writes', withProbe({ tokens: [{ ...token, may_write: true }] })],
    ['store-unreachable', withProbe({ fault: { code: 'ECONNREFUSED', detail: 'refused' } })],
    ['store-dns', withProbe({ fault: { code: 'ENOTFOUND', detail: 'not found' } })],
    ['store-tls', withProbe({ fault: { code: 'CERT_HAS_EXPIRED', detail: 'expired' } })],
    ['store-clock', withProbe({ local_time: (NOW + 7200) * 1000 })],
    ['store-extension', withProbe({ schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'] })],
    ['store-group-missing', withProbe({ groups: [{ ...group, listed: [] }] })],
    ['store-group-case', withProbe({ groups: [{ ...group, listed: [{ id: 'g', name: 'Slurm-Users' }] }] })],
    [
      'store-group-pin',
      withProbe({ groups: [{ ...group, id: 'old', listed: [{ id: 'new', name: 'slurm-users' }] }] }),
    ],
    ['store-unasked', node({ probe: { ok: false, why: 'the reader went away' } })],
    ['sshd-not-running', node({ isSshdRunning: false })],
    [
      'sshd-user-ca',
      node({ sshd: probed([{ code: 'sshd-user-ca', detail: 'an authority', breaksLogin: false }]) }),
    ],
    ['names-order', withNames({ services: ['systemd'] })],
    ['names-nscd', withNames({ services: ['files'], isStale: true, differing: ['alice'] })],
    ['config-uid-max', node({ uidRange: [1000, 60_000] })],
    [
      'names-no-shadow',
      withNames(
        { services: ['files', 'cache'] },
        {
          config: {
            ...config,
            accounts: { ...config.accounts, backend: 'nsscache' },
            keys: { ...config.keys, user_files: 'allow' },
          },
        },
      ),
    ],
    [
      'config-published',
      withNames(
        { services: ['files', 'cache'] },
        { config: { ...config, accounts: { ...config.accounts, backend: 'published' } } },
      ),
    ],
    ['login-nologin', node({ nologin: '/etc/nologin' })],
    ['login-pam', node({ pam: probed({ refusal: 'permission denied' }) })],
    ['login-helper', node({ helperFault: 'the helper prints something else' })],
    ['login-time-zone', node({ expiry: { zulu: false, timeZone: 'unknown' } })],
    ['passes-not-running', node({ units: { agent: false, reader: true } })],
    ['break-glass-none', node({ breakGlass: [{ name: 'root', fault: 'it has no key', hasKey: false }] })],
  ])('finds %s, alone, and has a fix for it', (code, facts) => {
    const findings = examine(facts);
    expect(findings.map((finding) => finding.code)).toEqual([code]);
    expect(findings[0]?.howToFix).toMatch(/\S/);
  });

  test('finds nothing where no login is tried by choice, or none on a node like this one', () => {
    expect(examine(withLogin('off'))).toEqual([]);
    expect(examine(node({ loginPath: null }))).toEqual([]);
  });

  test('names the cause of a login that fails before the login', () => {
    const closed = { ...withLogin('failed'), nologin: '/etc/nologin' };
    expect(examine(closed).map(({ code }) => code)).toEqual(['login-nologin', 'login-trial']);
  });

  test('starts no new state where a disk is not mounted, and says nothing of a node before its first sync', () => {
    expect(examine(node({ hasState: false, inManagedGroup: [] }))).toEqual([]);
  });

  test('never has an approval alone as the fix of a held loss', () => {
    const held = { hash: '0123456789abcdef', kind: 'loss', reason: 'nine people', changes: 9 };
    const facts = withStatus(({ guard }) => ({ guard: { ...guard, held: [held] as never } }));
    const [finding] = examine(facts);
    expect(finding).toMatchObject({ code: 'passes-held' });
    expect(finding?.howToFix).toMatch(
      /^look at it: sunk-agent plan.*mistake.*at the store.*intended.*approve/,
    );
  });

  test('puts errors before warnings, and causes before their effects', () => {
    const codes = examine({
      ...withProbe({ tokens: [{ ...token, status: 401, may_write: null }] }),
      breakGlass: [],
      units: { agent: false, reader: false },
    }).map(({ code }) => code);
    expect(codes).toEqual(['token-refused', 'passes-not-running', 'break-glass-none']);
  });

  test('ranks what could not be checked below a bypass and above a warning', () => {
    const levels = examine(
      node({
        breakGlass: [],
        sshd: { ok: false, why: 'only root can ask' },
        stateDirectory: rights('/s', 0o755),
        nologin: '/etc/nologin',
      }),
    ).map(({ level }) => level);
    expect(levels).toEqual(['error', 'security', 'unknown', 'warning']);
  });
});
