import { describe, expect, test } from 'vitest';
import { readSshdLine } from '../../../../src/host/sshd/sshd-journal.ts';

const TIME = '1795521600000000';
const read = (more: object) =>
  readSshdLine(
    JSON.stringify({ MESSAGE: 'closed', _PID: '7', _UID: '0', __REALTIME_TIMESTAMP: TIME, ...more }),
  );
const LINE = [{ at: 1_795_521_600, pid: '7', text: 'closed' }];

describe('a line of the journal', () => {
  test.each(['sshd', 'sshd-session', 'sshd-auth'])('is sshd’s where its program is %s', (program) => {
    expect(read({ _COMM: program, SYSLOG_IDENTIFIER: 'sshd' })).toEqual(LINE);
  });

  test('is sshd’s too where its process had ended, and it named itself and its own number', () => {
    expect(read({ SYSLOG_IDENTIFIER: 'sshd', SYSLOG_PID: '7' })).toEqual(LINE);
    expect(read({ SYSLOG_IDENTIFIER: 'sshd-session', SYSLOG_PID: '7' })).toEqual(LINE);
  });

  test.each<[string, object]>([
    ['that a user wrote: logger -t sshd', { _UID: '10000', _COMM: 'logger', SYSLOG_IDENTIFIER: 'sshd' }],
    ['of a user whose process had ended', { _UID: '10000', SYSLOG_IDENTIFIER: 'sshd', SYSLOG_PID: '7' }],
    ['of a user whose program is called so', { _UID: '10000', _COMM: 'sshd', SYSLOG_IDENTIFIER: 'sshd' }],
    // exec -a sshd su
    ['of a program of root that a user named so', { _COMM: 'su', SYSLOG_IDENTIFIER: 'sshd' }],
    ['of such a program that had ended', { SYSLOG_IDENTIFIER: 'sshd' }],
    ['with another number', { SYSLOG_IDENTIFIER: 'sshd', SYSLOG_PID: '8' }],
    ['of root’s logger', { _COMM: 'logger', SYSLOG_IDENTIFIER: 'sshd', SYSLOG_PID: '7' }],
    ['without an origin', { _UID: undefined, SYSLOG_IDENTIFIER: 'sshd', SYSLOG_PID: '7' }],
    ['without a name', {}],
    ['of bytes', { _COMM: 'sshd', MESSAGE: [99, 0] }],
  ])('%s is not', (_, more) => {
    expect(read(more)).toEqual([]);
  });

  test('that is none is not, and one without a time has none', () => {
    for (const text of ['', 'null', '[]', '{', '"x"']) expect(readSshdLine(text)).toEqual([]);
    expect(read({ _COMM: 'sshd', __REALTIME_TIMESTAMP: undefined })[0]?.at).toBeNull();
  });
});
