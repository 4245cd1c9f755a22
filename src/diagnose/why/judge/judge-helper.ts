// The link `helper`: may sshd run it, and does it print, as its own user, what the key file holds?
import type { Facts } from '../facts.ts';
import { broken, ok, unknown, type Verdict } from '../verdict.ts';
import { sayCount } from '../../../common/count-noun.ts';

export function judgeHelper({ helper, sshd, keyFile, isShut, config }: Facts): Verdict {
  if (config.keys.serve === 'file') return ok('not needed: sshd reads our folder itself (keys.serve: file)');
  const unsafe = sshd.ok ? sshd.value.findings.find(({ code }) => code === 'sshd-helper-unsafe') : undefined;
  if (unsafe !== undefined) {
    return broken(
      unsafe.detail,
      'operator',
      'give it back to root and take the others’ right to write away: sunk-agent doctor --fix',
    );
  }
  if (isShut) {
    return broken(
      'the key file had to go and could not be removed, so the key helper gives no key',
      'operator',
      'mend what the last pass met: sunk-agent status',
    );
  }
  if (!helper.ok) return unknown(helper.why);
  if ('fault' in helper.value) {
    return broken(
      `the key helper does not run: ${helper.value.fault}`,
      'operator',
      'run sunk-agent doctor; the package installs it anew: apt-get install --reinstall sunk-agent',
    );
  }
  const expected = keyFile.ok ? (keyFile.value ?? '') : null;
  const lines = helper.value.text.split('\n').filter((line) => line !== '').length;
  if (expected !== null && helper.value.text !== expected) {
    return broken(
      `the key helper prints ${sayCount(lines, 'key')}, which is not what the key file holds`,
      'operator',
      'see that its user may read the key file: ls -l /var/lib/sunk-agent/authorized_keys',
    );
  }
  return ok(`prints ${sayCount(lines, 'key')} as its own user`);
}
