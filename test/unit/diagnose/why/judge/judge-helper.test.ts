import { describe, expect, test } from 'vitest';
import type { Facts } from '../../../../../src/diagnose/why/facts.ts';
import { judgeHelper } from '../../../../../src/diagnose/why/judge/judge-helper.ts';
import { config, healthy, keyText, notProbed, NOW, probed } from '../../../../support/records/healthy.ts';

const finding = (code: string, breaksLogin = true) => ({ code, detail: 'others can write it', breaksLogin });
const withFinding = (code: string): Facts => ({
  ...healthy,
  sshd: probed({ settings: new Map(), findings: [finding(code)], hasDropIn: true }),
});
const printing = (text: string): Facts => ({ ...healthy, helper: probed({ text }) });
const byFile: Facts['config'] = { ...config, keys: { ...config.keys, serve: 'file' } };

describe('the link `helper`', () => {
  test.each<[string, Facts]>([
    ['it prints the key file', healthy],
    ['there is no key file, and it prints nothing', { ...printing(''), keyFile: probed(null) }],
    ['the key file could not be read for comparison', { ...printing('another'), keyFile: notProbed }],
    ['there is no user of its own, and sshd runs it as another', withFinding('sshd-helper-user')],
    ['sshd has a fault of another kind', withFinding('sshd-other-command')],
    ['sshd could not be checked', { ...healthy, sshd: notProbed }],
  ])('is in order where %s', (_, facts) => {
    expect(judgeHelper(facts)).toMatchObject({ level: 'ok', owner: null });
  });

  test.each<[string, Facts]>([
    ['helper-unsafe', withFinding('sshd-helper-unsafe')],
    ['helper-denied', { ...healthy, isDenied: true }],
    ['helper-fails', { ...healthy, helper: probed({ fault: 'it ends with status 126' }) }],
    ['helper-differs', printing('')],
    ['helper-differs', printing(keyText(NOW + 1))],
    ['helper-differs', printing(`${keyText(NOW + 1000)}ssh-ed25519 AAAA stranger\n`)],
    ['helper-differs', { ...printing('ssh-ed25519 AAAA stranger\n'), keyFile: probed(null) }],
    ['helper-user', { ...withFinding('sshd-helper-user'), helper: probed({ text: '' }) }],
    // The key file that was not removed is what the deny list is for.
    ['helper-denied', { ...printing(''), isDenied: true }],
    // sshd runs no helper that others can write, whatever it prints.
    ['helper-unsafe', { ...withFinding('sshd-helper-unsafe'), isDenied: true, helper: notProbed }],
    ['helper-denied', { ...healthy, isDenied: true, helper: notProbed }],
  ])('%s is an error of the operator with a fix', (code, facts) => {
    expect(judgeHelper(facts)).toMatchObject({
      level: 'error',
      code,
      owner: 'operator',
      howToFix: expect.stringMatching(/\S/),
    });
  });

  test('counts the keys, and not the empty line in front of a long file', () => {
    const text = `\n${keyText(NOW + 1000).repeat(3)}`;
    expect(judgeHelper({ ...printing(text), keyFile: probed(text) }).detail).toContain('3 keys');
  });

  test('is not needed where sshd reads the key directory', () => {
    expect(judgeHelper({ ...printing(''), config: byFile }).level).toBe('ok');
    expect(judgeHelper({ ...healthy, config: byFile, helper: notProbed }).level).toBe('ok');
  });

  test('is not known where it was not run', () => {
    expect(judgeHelper({ ...healthy, helper: notProbed })).toMatchObject({
      level: 'unknown',
      detail: notProbed.why,
    });
  });
});
