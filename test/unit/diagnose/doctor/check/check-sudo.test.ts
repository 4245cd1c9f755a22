import { expect, test } from 'vitest';
import { checkSudo } from '../../../../../src/diagnose/doctor/check/check-sudo.ts';
import { healthyNode, node } from '../../../../support/records/healthy-node.ts';

test('sudo that reads what sunk-agent writes is in order, and so is a node where it gives none', () => {
  expect(checkSudo(healthyNode)).toEqual([]);
  expect(checkSudo(node({ sudo: { includesManaged: null, members: [] } }))).toEqual([]);
});

test('sudoers without its directory is an error: the members of the sudo groups have no sudo', () => {
  expect(checkSudo(node({ sudo: { includesManaged: false, members: [] } }))).toMatchObject([
    { code: 'sudo-not-included', level: 'error', howToFix: expect.stringContaining('@includedir') },
  ]);
});

test('a local group that makes people of the store root is a bypass, with the rule and the way out', () => {
  const members = [{ group: 'admin', location: '/etc/sudoers:9', names: ['alice', 'bob'] }];
  expect(checkSudo(node({ sudo: { includesManaged: true, members } }))).toMatchObject([
    {
      code: 'sudo-local-group',
      level: 'security',
      detail: expect.stringMatching(/sudoers:9.*admin.*alice, bob/),
      howToFix: expect.stringContaining('gpasswd -d alice admin'),
    },
  ]);
});
