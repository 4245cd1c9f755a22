import { describe, expect, test } from 'vitest';
import { judgeTrial, type TrialRecord } from '../../../../src/host/trial/trial-outcome.ts';

const CONNECTED =
  'debug1: Connection established.\ndebug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1\n';
const OFFERED = 'debug1: Offering public key: /proc/self/fd/0 ED25519\n';
const ACCEPTED = 'debug1: Server accepts key: /proc/self/fd/0 ED25519\n';
const AUTHENTICATED = 'Authenticated to 127.0.0.1 ([127.0.0.1]:22) using "publickey".\n';
const STARTED = 'debug1: Sending command: true\n';
const ENDED = 'debug1: Exit status 0\n';
const CLOSED = 'Connection closed by 127.0.0.1 port 22\n';
const DENIED = 'alice@127.0.0.1: Permission denied (publickey).\n';

const GOOD: TrialRecord = {
  client: CONNECTED + OFFERED + ACCEPTED + AUTHENTICATED + STARTED + ENDED,
  server: null,
  output: 'welcome\nnonce\n',
  errors: '',
  status: 0,
  nonce: 'nonce',
  forcedCommand: null,
};
const judge = (more: Partial<TrialRecord>) => judgeTrial({ ...GOOD, ...more });

describe('a trial login', () => {
  test('succeeds only with the nonce on a line of its own, whatever else the start-up files print', () => {
    expect(judge({})).toEqual({ failed: null, detail: '' });
    expect(judge({ output: 'a\nnonce\nb' }).failed).toBeNull();
    for (const output of ['', 'nonce2', 'the nonce', 'nonc\ne'])
      expect(judge({ output }).failed).toBe('shell');
  });

  test('before OpenSSH 8.6 authenticates in other words', () => {
    const client = GOOD.client.replace(AUTHENTICATED, 'debug1: Authentication succeeded (publickey).\n');
    expect(judge({ client }).failed).toBeNull();
  });

  test.each<[string, Partial<TrialRecord>]>([
    ['connect', { client: 'ssh: connect to host 127.0.0.1 port 22: Connection refused\n', status: 255 }],
    [
      'connect',
      { client: 'debug1: Connection established.\nkex_exchange_identification: read: Connection reset\n' },
    ],
    ['connect', { client: `${CONNECTED}Host key verification failed.\n`, status: 255 }],
    ['authenticate', { client: CONNECTED + OFFERED + DENIED, status: 255, output: '' }],
    // A second method is asked for: the key alone is not enough.
    [
      'authenticate',
      {
        client: `${CONNECTED}${OFFERED}${ACCEPTED}Authenticated using "publickey" with partial success.\n${DENIED}`,
        output: '',
      },
    ],
    ['account', { client: CONNECTED + OFFERED + ACCEPTED + CLOSED, status: 255, output: '' }],
    [
      'account',
      {
        client: CONNECTED + OFFERED + ACCEPTED + DENIED,
        output: '',
        server: ['fatal: Access denied for user alice by PAM account configuration [preauth]'],
      },
    ],
    ['session', { client: CONNECTED + OFFERED + ACCEPTED + AUTHENTICATED + CLOSED, output: '', status: 255 }],
    ['session', { output: '', status: 254, server: ['error: PAM: pam_open_session(): Permission denied'] }],
    ['session', { client: CONNECTED + ACCEPTED + AUTHENTICATED, output: '', status: null }],
    ['shell', { client: CONNECTED + ACCEPTED + AUTHENTICATED + STARTED, output: '', status: null }],
    ['shell', { output: 'This account is currently not available.\n', status: 1 }],
  ])('fails at %s', (step, more) => {
    expect(judge(more).failed).toBe(step);
  });

  test('is judged by nothing that the start-up files print as if ssh had said it', () => {
    const errors = `Host key verification failed.\n${CLOSED}${DENIED}request failed on channel 0\n`;
    expect(judge({ errors })).toEqual({ failed: null, detail: '' });
    expect(judge({ errors, output: '', status: 1 })).toMatchObject({
      failed: 'shell',
      detail: expect.stringContaining('request failed on channel 0'),
    });
    expect(judge({ client: CONNECTED + OFFERED + DENIED, output: '', errors: AUTHENTICATED }).failed).toBe(
      'authenticate',
    );
  });

  test('is told in the words of sshd, and for the shell in its own', () => {
    const server = [
      'Connection from 127.0.0.1 port 1',
      'User alice not allowed because not listed in AllowUsers',
    ];
    expect(judge({ client: CONNECTED + OFFERED + DENIED, output: '', server }).detail).toBe(
      'sshd: User alice not allowed because not listed in AllowUsers',
    );
    expect(judge({ client: CONNECTED + OFFERED + DENIED, output: '' }).detail).toContain('Permission denied');
    expect(judge({ output: 'no such luck\n', status: 7 }).detail).toBe(
      'the shell ended with status 7; no such luck',
    );
    expect(judge({ client: CONNECTED + OFFERED, output: '', status: 255 }).detail).not.toBe('');
  });

  test('does not try the shell where a command is forced, and says so', () => {
    const client = CONNECTED + OFFERED + ACCEPTED + AUTHENTICATED;
    const forced = judge({ client, output: '', status: null, forcedCommand: '/usr/bin/menu' });
    expect(forced).toMatchObject({ failed: null, detail: expect.stringContaining('/usr/bin/menu') });
    expect(judge({ client: client + CLOSED, output: '', forcedCommand: '/usr/bin/menu' }).failed).toBe(
      'session',
    );
  });

  test('a forced command that opens no session is a shell that fails', () => {
    const client = CONNECTED + OFFERED + ACCEPTED + AUTHENTICATED;
    for (const forcedCommand of ['/bin/false', '/usr/sbin/nologin', 'false'])
      expect(judge({ client, output: '', forcedCommand })).toMatchObject({
        failed: 'shell',
        detail: expect.stringContaining(forcedCommand),
      });
  });
});
