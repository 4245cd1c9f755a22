// The quarantine: from which failures on it begins.
import { expect, it } from 'vitest';
import { directorySchema } from '../../../../../src/testbed/identity-provider/directory.ts';
import { judgeCycle } from '../../../../../src/testbed/identity-provider/entra/quarantine.ts';
import type { LogLine } from '../../../../../src/testbed/identity-provider/idp-client.ts';

const makeLines = (count: number, changes: Partial<LogLine>): LogLine[] =>
  Array.from({ length: count }, (_, index) => ({
    object: `user-${index}`,
    action: 'export',
    outcome: 'failure' as const,
    status: 400,
    detail: 'refused',
    isMemberFailure: false,
    ...changes,
  }));
const done = (count: number): LogLine[] => makeLines(count, { outcome: 'success', status: null });

it.each([
  ['no failure', done(1), 'on'],
  ['a single failure, and nothing else to do', makeLines(1, {}), 'on'],
  ['4,999 failures and nothing that succeeded', makeLines(4999, {}), 'on'],
  ['5,000 failures of 12,500: 40 per cent', [...makeLines(5000, {}), ...done(7500)], 'on'],
  ['5,000 failures of 12,499', [...makeLines(5000, {}), ...done(7499)], 'quarantine'],
  ['6,000 failures of group members', makeLines(6000, { isMemberFailure: true }), 'on'],
  ['credentials that are refused', makeLines(1, { status: 401 }), 'quarantine'],
  ['a service that does not answer', makeLines(2, { status: null }), 'quarantine'],
  ['one 403 among successes', [...makeLines(1, { status: 403 }), ...done(1)], 'on'],
])('%s', (_, log, expected) => {
  const directory = directorySchema.parse({ application: { provisioning: 'on' } });
  judgeCycle(directory, log, Date.now());
  expect(directory.application.provisioning).toBe(expected);
});
