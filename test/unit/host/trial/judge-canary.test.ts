import { describe, expect, test } from 'vitest';
import { judgeCanary } from '../../../../src/host/trial/judge-canary.ts';
import type { TrialRecord } from '../../../../src/host/trial/trial-outcome.ts';

const KEY_REFUSED = `debug1: Connection established.
debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1
sunk-canary@127.0.0.1: Permission denied (publickey).
`;
const record = (more: Partial<TrialRecord>): TrialRecord => ({
  client: KEY_REFUSED,
  server: ['Connection closed by authenticating user sunk-canary 127.0.0.1 port 5 [preauth]'],
  output: '',
  errors: '',
  status: 255,
  nonce: 'ab12',
  forcedCommand: null,
  ...more,
});

describe('what stops the canary', () => {
  test.each([
    'User sunk-canary from 127.0.0.1 not allowed because not listed in AllowUsers',
    'User sunk-canary from 127.0.0.1 not allowed because listed in DenyUsers',
    "User sunk-canary from 127.0.0.1 not allowed because none of user's groups are listed in AllowGroups",
    "pam_access(sshd:account): access denied for user `sunk-canary' from `127.0.0.1'",
    'pam_succeed_if(sshd:account): requirement "uid >= 1000" not met by user "sunk-canary"',
    'drop connection #0 from [127.0.0.1]:5 on [127.0.0.1]:22 penalty: failed authentication',
  ])('alone makes the path not proven, not failed: %s', (line) => {
    expect(judgeCanary(record({ server: [line] }), null).state).toBe('unproven');
  });

  test('as a penalty of its address does too, which only the client is told', () => {
    const client = 'debug1: kex_exchange_identification: banner line 0: Not allowed at this time\n';
    expect(judgeCanary(record({ client, server: [] }), null)).toMatchObject({
      state: 'unproven',
      failed: 'connect',
    });
  });

  test('for another reason stops everyone', () => {
    expect(judgeCanary(record({}), null)).toMatchObject({ state: 'failed', failed: 'authenticate' });
    const server = ['User alice from 127.0.0.1 not allowed because not listed in AllowUsers'];
    expect(judgeCanary(record({ server }), null).state).toBe('failed');
  });

  test('is a list of sshd perhaps, where no log can be read', () => {
    const lists = new Map([['allowgroups', ['slurm-users']]]);
    expect(judgeCanary(record({ server: null }), lists).state).toBe('unproven');
    expect(judgeCanary(record({ server: null }), new Map()).state).toBe('failed');
    expect(judgeCanary(record({}), lists).state).toBe('failed');
  });
});
