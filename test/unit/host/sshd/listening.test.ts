import { describe, expect, test } from 'vitest';
import { findServing, judgeListening, listConfigured } from '../../../../src/host/sshd/listening.ts';

const at = (address: string, port = 22) => ({ address, port });
const OWN = ['127.0.0.1', '::1', '10.77.0.1'];
const judge = (serving: ReturnType<typeof at>[], configured = [at('0.0.0.0')], own = OWN) =>
  judgeListening(configured, serving, own, ' (sshd_config:3)');

test('the configuration is read as sshd prints it', () => {
  const settings = new Map([
    ['listenaddress', ['[::]:22', '0.0.0.0:2222', '[2001:db8:0:0:0:0:0:5]:22', 'x']],
  ]);
  expect(listConfigured(settings)).toEqual([at('::'), at('0.0.0.0', 2222), at('2001:db8::5')]);
  expect(listConfigured(new Map())).toEqual([]);
});

test.each([
  ['of the same address', at('10.77.0.1'), at('10.77.0.1'), true],
  ['for all addresses', at('10.77.0.1'), at('::'), true],
  ['of one address where all are configured', at('0.0.0.0'), at('10.77.0.1'), true],
  ['of another port', at('0.0.0.0'), at('0.0.0.0', 2222), false],
  ['of another address', at('10.77.0.1'), at('127.0.0.1'), false],
])('a socket %s serves: %j %j %s', (_, configured, socket, serves) => {
  expect(findServing([configured], [socket])).toEqual(serves ? [socket] : []);
});

describe('where sshd listens', () => {
  test('is in order where others reach it', () => {
    expect(judge([at('0.0.0.0')])).toBeNull();
    expect(judge([at('127.0.0.1'), at('10.77.0.1')])).toBeNull();
    // Without the settings nothing is missed.
    expect(judge([], [])).toBeNull();
  });

  test('is a finding where only this node reaches it, unless this node has loopback alone', () => {
    const finding = judge([at('127.0.0.5', 222), at('::1')]);
    expect(finding).toMatchObject({ code: 'sshd-loopback', breaksLogin: false });
    expect(finding?.detail).toMatch(/127\.0\.0\.5 port 222, ::1 port 22 alone \(sshd_config:3\)/);
    expect(judge([at('127.0.0.5')], [at('127.0.0.5')], ['127.0.0.1', '::1'])).toBeNull();
    expect(judge([at('127.0.0.5')], [at('127.0.0.5')], [])).toBeNull();
    // What a proxy passes connections to.
    expect(judge([at('127.0.0.1', 2022)])).toBeNull();
  });

  test('denies each login where the node has not that address', () => {
    const finding = judge([], [at('10.9.9.9')]);
    expect(finding).toMatchObject({ code: 'sshd-listen-address', breaksLogin: true });
    expect(finding?.detail).toMatch(/\(sshd_config:3\) names 10\.9\.9\.9.*\(it has 10\.77\.0\.1\)$/);
    expect(judge([], [at('10.9.9.9')], ['127.0.0.1'])?.detail).toContain('loopback alone');
  });

  test('denies each login where nothing listens', () => {
    expect(judge([])).toMatchObject({ code: 'sshd-not-listening', breaksLogin: true });
    expect(judge([], [at('10.9.9.9'), at('10.77.0.1')])?.code).toBe('sshd-not-listening');
    // Its addresses are not known.
    expect(judge([], [at('10.9.9.9')], [])?.code).toBe('sshd-not-listening');
  });
});
