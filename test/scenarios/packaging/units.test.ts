// The units: as tight as promised, by systemd's own measure.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { HEAP_FLAGS } from '../../../src/common/heap.ts';

const UNITS = path.resolve(import.meta.dirname, '../../../systemd');

/** The exposure that systemd-analyze(1) sees, from 0 (none) to 10. */
function exposure(unit: string): number {
  const args = ['security', '--offline=true', '--no-pager', '--json=off', path.join(UNITS, unit)];
  const text = execFileSync('systemd-analyze', args, { encoding: 'utf8', stdio: 'pipe' });
  const [, level] = /exposure level for \S+: ([0-9.]+)/.exec(text) ?? [];
  return Number(level);
}

function settings(unit: string, name: string): string[] {
  const text = readFileSync(path.join(UNITS, unit), 'utf8');
  return [...text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

describe('the units', () => {
  it('expose as little as promised', () => {
    expect(exposure('sunk-agent.service')).toBeLessThanOrEqual(2);
    expect(exposure('sunk-agent-reader.service')).toBeLessThanOrEqual(1.5);
    expect(exposure('sunk-agent-follower.service')).toBeLessThanOrEqual(2);
    expect(exposure('sunk-agent-canary.service')).toBeLessThanOrEqual(1.5);
  });

  it('give the token to the reader alone, and the network too', () => {
    expect(settings('sunk-agent.service', 'LoadCredential')).toEqual([]);
    expect(settings('sunk-agent.service', 'PrivateNetwork')).toEqual(['yes']);
    expect(settings('sunk-agent.service', 'RestrictAddressFamilies')).toEqual(['AF_UNIX']);
    expect(settings('sunk-agent-reader.service', 'LoadCredential')).toHaveLength(1);
  });

  it('keep the canary to loopback, under a user of its own', () => {
    expect(settings('sunk-agent-canary.service', 'RestrictNetworkInterfaces')).toEqual(['lo']);
    expect(settings('sunk-agent-canary.service', 'User')).toEqual(['sunk-canary']);
    expect(settings('sunk-agent-canary.service', 'CapabilityBoundingSet')).toEqual(['']);
  });

  it('do not wait for the network before accounts are back', () => {
    const order = [
      ...settings('sunk-agent.service', 'After'),
      ...settings('sunk-agent.service', 'Wants'),
    ].join(' ');
    expect(order).not.toContain('network');
    const before = settings('sunk-agent.service', 'Before').join(' ').split(' ');
    for (const later of ['nss-user-lookup.target', 'ssh.service', 'sshd.service'])
      expect(before).toContain(later);
  });

  it.each([
    ['mode: observe', false],
    ['scim:\n  base_url: https://example.com', true],
    ['scim: { base_url: https://example.com }', true],
    ['scim:\n  # base_url: https://example.com', false],
  ])('start the agent only where a store is named: %j', (config, starts) => {
    const [, pattern = ''] =
      /-Eqs "(.*)" /.exec(settings('sunk-agent.service', 'ExecCondition')[0] ?? '') ?? [];
    const run = (): unknown => execFileSync('grep', ['-Eqs', pattern], { input: config });
    if (starts) expect(run).not.toThrow();
    else expect(run).toThrow();
  });

  it('start the reader only where there is a token, and without ExecCondition, which systemd 247 cannot combine with credentials', () => {
    const credential = '/etc/sunk-agent/credentials/scim-token';
    expect(settings('sunk-agent-reader.service', 'ConditionPathExists')).toEqual([credential]);
    expect(settings('sunk-agent-reader.service', 'LoadCredential')).toEqual([`scim-token:${credential}`]);
    expect(settings('sunk-agent-reader.service', 'ExecCondition')).toEqual([]);
  });

  it.each([
    'systemd/sunk-agent-reader.service',
    'systemd/sunk-agent-slurm.service',
    'packaging/wrapper/reader',
    'packaging/wrapper/slurm',
    'packaging/wrapper/sunk-agent',
  ])('%s gives the runtime the flags of the heap that the sources have, and no others of V8’s', (file) => {
    const text = readFileSync(path.join(UNITS, '..', file), 'utf8');
    expect(text).toContain(`/usr/lib/sunk-agent/node ${HEAP_FLAGS.join(' ')} `);
    expect(text.match(/--[a-z-]*(?:space|heap)[a-z-]*=\d+/g)).toEqual(HEAP_FLAGS);
  });

  it.each([
    ['status', []],
    ['list', []],
    ['sync', HEAP_FLAGS],
    ['run', HEAP_FLAGS],
  ])('are no part of the wrapper’s start of %s where they would only slow it: %j', (command, flags) => {
    const wrapper = readFileSync(path.join(UNITS, '../packaging/wrapper/sunk-agent'), 'utf8');
    const started = wrapper.replaceAll('exec /usr/lib/sunk-agent/node', 'exec echo');
    const said = execFileSync('sh', ['-c', started, 'sunk-agent', command, '--json'], { encoding: 'utf8' });
    expect(said.trim().split(' ')).toEqual([...flags, '/usr/lib/sunk-agent/cli.js', command, '--json']);
  });
});
