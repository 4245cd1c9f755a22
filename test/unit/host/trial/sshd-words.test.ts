import { expect, test } from 'vitest';
import { pickConnection } from '../../../../src/host/trial/sshd-words.ts';

const LINES = [
  { pid: '10', text: 'Connection from 127.0.0.1 port 5001 on 127.0.0.1 port 22' },
  { pid: '10', text: 'error: PAM: pam_open_session(): Permission denied' },
  { pid: '11', text: 'Failed publickey for alice from 10.0.0.9 port 5002 ssh2' },
  { pid: '12', text: 'User alice2 from 10.0.0.9 not allowed' },
];

test('the lines of the process that served the connection are taken, also those without its port', () => {
  expect(pickConnection(LINES, 'alice', 5001)).toEqual([LINES[0]!.text, LINES[1]!.text]);
});

test('where no line names the port, those about the name are taken, and of no longer name', () => {
  expect(pickConnection(LINES, 'alice', 500)).toEqual([LINES[2]!.text]);
  expect(pickConnection(LINES, 'alice', null)).toEqual([LINES[2]!.text]);
  expect(pickConnection(LINES, 'al.ce', null)).toEqual([]);
});

test('a refusal of libwrap names neither port nor name, and is that of a connection from this node', () => {
  const refused = { pid: '70', text: 'refused connect from ::ffff:127.0.0.1 (::ffff:127.0.0.1)' };
  const other = { pid: '71', text: 'refused connect from 10.0.0.9 (10.0.0.9)' };
  expect(pickConnection([other, refused], 'alice', 5001)).toEqual([refused.text]);
  expect(pickConnection([...LINES, refused], 'alice', 500)).toEqual([LINES[2]!.text]);
});
