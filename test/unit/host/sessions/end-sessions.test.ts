// When it is known that all processes of a person have ended, or that some outlive KILL.
import { expect, test } from 'vitest';
import { isDecided } from '../../../../src/host/sessions/end-sessions.ts';

const NONE = { clean: 1, rounds: 9, left: 0, sameMs: 30 };
const SOME = { clean: 0, rounds: 9, left: 4, sameMs: 30 };

test.each([
  ['one scan that found nothing decides nothing', NONE, false, false],
  ['nor does it on a busy machine, when the time is over', NONE, true, false],
  ['three in a row do', { ...NONE, clean: 3 }, false, true],
  ['new processes are killed again', SOME, false, false],
  ['until the time is over', SOME, true, true],
  ['but in some rounds at least', { ...SOME, rounds: 2 }, true, false],
  ['the same processes wait for a device', { ...SOME, sameMs: 900 }, false, true],
])('%s', (_, scans, isLast, expected) => {
  expect(isDecided(scans, isLast)).toBe(expected);
});
