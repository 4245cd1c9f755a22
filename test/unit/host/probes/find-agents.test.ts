import { expect, test } from 'vitest';
import { isAgent } from '../../../../src/host/probes/find-agents.ts';

const words = (text: string): string[] => text.split(' ');

test.each([
  '/usr/lib/sunk-agent/node --max-semi-space-size=8 /usr/lib/sunk-agent/cli.js run --reader socket',
  'node /opt/sunk-agent/src/cli/main.ts run',
  'node /opt/sunk-agent/src/cli/main.ts --json run',
  'node /opt/sunk-agent/src/cli/main.ts run --root /',
])('%s is an agent of this node', (command) => {
  expect(isAgent(words(command))).toBe(true);
});

test.each([
  '',
  'sudo sunk-agent run',
  'vi /usr/lib/sunk-agent/cli.js',
  'node /opt/sunk-agent/src/cli/main.ts sync',
  'node /opt/sunk-agent/src/cli/main.ts why run',
  'node /opt/sunk-agent/src/cli/main.ts run --root /tmp/node',
  'node /opt/sunk-agent/src/reader/main.ts run',
])('%s is none', (command) => {
  expect(isAgent(words(command))).toBe(false);
});
