import { describe, expect, test } from 'vitest';
import { hasNoValidKey } from '../../../../src/diagnose/trial/trial.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl x\n';
const NOW = Date.UTC(2026, 0, 1) / 1000;
const until = (text: string): string => `expiry-time="${text}" ${KEY}`;

describe('a trial has a key of its own, so it is not made', () => {
  test('where no key of the user is valid', () => {
    expect(hasNoValidKey('', NOW)).toBe(true);
    expect(hasNoValidKey('# nothing\n', NOW)).toBe(true);
    expect(hasNoValidKey(until('20251231235959Z'), NOW)).toBe(true);
  });

  test('and it is made where one is, or may be', () => {
    expect(hasNoValidKey(until('20251231235959Z') + until('20260101000001Z'), NOW)).toBe(false);
    expect(hasNoValidKey(KEY, NOW)).toBe(false);
    // In local time, which an older sshd reads.
    expect(hasNoValidKey(until('20251231235959'), NOW)).toBe(false);
  });
});
