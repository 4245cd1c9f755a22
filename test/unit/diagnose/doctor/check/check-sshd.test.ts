import { describe, expect, test } from 'vitest';
import { checkSshd } from '../../../../../src/diagnose/doctor/check/check-sshd.ts';
import { notProbed, probed } from '../../../../support/records/healthy.ts';
import { healthyNode, node } from '../../../../support/records/healthy-node.ts';

const finding = (code: string, breaksLogin: boolean) => ({ code, detail: `about ${code}`, breaksLogin });
const withFindings = (...findings: ReturnType<typeof finding>[]) =>
  node({ sshd: probed(findings), hasSshdDropIn: false });

describe('check `sshd`', () => {
  test('finds nothing where sshd runs and serves the keys as configured', () => {
    expect(checkSshd(healthyNode)).toEqual([]);
    // Whether it runs is not known on a node without systemd and pgrep.
    expect(checkSshd(node({ isSshdRunning: null }))).toEqual([]);
  });

  test('does not blame sshd for what it has for the account of another name service', () => {
    const facts = withFindings(finding('sshd-other-command', true), finding('sshd-user-ca', false));
    if (!healthyNode.names.ok) throw new Error('the sample has an answer');
    const { value } = healthyNode.names;
    const codesBeside = (more: Partial<typeof value>): string[] =>
      checkSshd({ ...facts, names: probed({ ...value, differing: ['alice'], ...more }) }).map(
        ({ code }) => code,
      );
    expect(codesBeside({ answering: 'sss' })).toEqual(['sshd-user-ca']);
    // What nscd is late with is still an account of this node.
    expect(codesBeside({ isStale: true })).toEqual(['sshd-other-command', 'sshd-user-ca']);
  });

  test('says that sshd does not run, or else what keeps it from starting', () => {
    const stopped = (code: string) =>
      checkSshd({ ...withFindings(finding(code, true)), isSshdRunning: false });
    expect(stopped('sshd-not-listening').map(({ code }) => code)).toEqual(['sshd-not-running']);
    expect(stopped('sshd-listen-address').map(({ code }) => code)).toEqual(['sshd-listen-address']);
    expect(stopped('sshd-user-ca').map(({ code }) => code)).toEqual(['sshd-not-running', 'sshd-user-ca']);
  });

  test('warns of an sshd that only this node reaches', () => {
    expect(checkSshd(withFindings(finding('sshd-loopback', false)))[0]?.level).toBe('warning');
  });

  test.each([
    ['sshd-other-command', 'sshd-drop-in'],
    ['sshd-other-command-user', 'sshd-drop-in'],
    ['sshd-other-files', 'sshd-drop-in'],
    ['sshd-helper-unsafe', 'helper-rights'],
    ['sshd-not-included', null],
    ['sshd-host-keys', null],
    ['sshd-not-reloaded', null],
    ['sshd-helper-user', null],
    ['sshd-allow-groups', null],
    ['sshd-user-ca', null],
    ['sshd-a-finding-of-tomorrow', null],
    // A property that every object has is no code.
    ['constructor', null],
  ])('%s keeps its code and has the fix %s', (code, fix) => {
    const [found] = checkSshd(withFindings(finding(code, true)));
    expect(found).toMatchObject({
      code,
      fix,
      detail: `about ${code}`,
      howToFix: expect.stringMatching(/\S/),
    });
    expect(found?.howToFix.includes('doctor --fix')).toBe(fix !== null);
  });

  test('the user of the helper is created by the package’s own rule, which is the fix for no other finding', () => {
    const fixOf = (code: string) => checkSshd(withFindings(finding(code, true)))[0]?.howToFix;
    expect(fixOf('sshd-helper-user')).toContain('systemd-sysusers');
    expect(fixOf('sshd-allow-groups')).not.toContain('systemd-sysusers');
  });

  test('what breaks logins is an error, what bypasses the store is of level security', () => {
    const levels = checkSshd(withFindings(finding('sshd-user-ca', false), finding('sshd-other-files', true)));
    expect(levels.map(({ level }) => level)).toEqual(['security', 'error']);
    expect(checkSshd(withFindings(finding('sshd-other-files', false)))).toMatchObject([
      { level: 'security', fix: 'sshd-drop-in' },
    ]);
  });

  test.each(['sshd-other-command', 'sshd-other-command-user', 'sshd-other-files'])(
    '%s is not corrected by a drop-in that is in place already',
    (code) => {
      const [found] = checkSshd({ ...withFindings(finding(code, true)), hasSshdDropIn: true });
      expect(found?.fix).toBeNull();
      expect(found?.howToFix).not.toContain('doctor --fix');
    },
  );

  test('an older configuration may do no harm, and is the cause where a login fails', () => {
    const facts = withFindings(finding('sshd-not-reloaded', false));
    expect(checkSshd(facts)).toMatchObject([{ level: 'warning' }]);
    const failed = { state: 'failed', at: 0, lastProven: null, step: null, reason: '' } as const;
    expect(checkSshd({ ...facts, loginPath: failed })).toMatchObject([{ level: 'error' }]);
  });

  test('that it does not run comes before what it would do', () => {
    const codes = checkSshd({ ...withFindings(finding('sshd-user-ca', false)), isSshdRunning: false });
    expect(codes).toMatchObject([
      { code: 'sshd-not-running', level: 'error', fix: null },
      { code: 'sshd-user-ca' },
    ]);
  });

  test('says that it could not be checked, and nothing else', () => {
    expect(checkSshd(node({ sshd: notProbed, isSshdRunning: true }))).toMatchObject([
      { code: 'sshd-unasked', level: 'unknown', fix: null, howToFix: expect.stringMatching(/\S/) },
    ]);
  });
});
