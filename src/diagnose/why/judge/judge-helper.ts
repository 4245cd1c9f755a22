// The link `helper`: may sshd run it, and does it print, as its own user, the text of the key file?
import type { Facts } from '../facts.ts';
import { error, ok, unknown, type Verdict } from '../verdict.ts';
import { sayCount } from '../../../common/text/count-noun.ts';

export function judgeHelper({ helper, sshd, keyFile, unreadable, isDenied, config }: Facts): Verdict {
  if (config.keys.serve === 'file') return ok('not needed: sshd reads the key directory (keys.serve: file)');
  const unsafe = sshd.ok ? sshd.value.findings.find(({ code }) => code === 'sshd-helper-unsafe') : undefined;
  if (unsafe !== undefined) {
    return error(
      'helper-unsafe',
      unsafe.detail,
      'operator',
      'make root its only owner and writer: sunk-agent doctor --fix',
    );
  }
  if (isDenied) {
    return error(
      'helper-denied',
      'the key file could not be removed, so the deny list names the account and the key helper prints no key',
      'operator',
      'correct the problem of the last sync: sunk-agent status',
    );
  }
  if (!helper.ok) return unknown(helper.why);
  if ('fault' in helper.value) {
    return error(
      'helper-fails',
      `the key helper does not run: ${helper.value.fault}`,
      'operator',
      'run sunk-agent doctor; to install it again: apt-get install --reinstall sunk-agent',
    );
  }
  const expected = keyFile.ok ? (keyFile.value ?? '') : null;
  const hasNoUser = sshd.ok && sshd.value.findings.some(({ code }) => code === 'sshd-helper-user');
  if (expected !== null && helper.value.text !== expected && hasNoUser) {
    return error(
      'helper-user',
      'there is no user sunk-keys, as which sshd runs the key helper',
      'operator',
      'create that user: systemd-sysusers',
    );
  }
  const lines = helper.value.text.split('\n').filter((line) => line !== '').length;
  if (expected !== null && helper.value.text !== expected) {
    return error(
      'helper-differs',
      `the key helper prints ${sayCount(lines, 'key')}, which differs from the key file${unreadable === null ? '' : `: ${unreadable}`}`,
      'operator',
      fixUnreadable(unreadable) ??
        'run sunk-agent sync, which sets the rights of the key files; compare: ls -l /var/lib/sunk-agent/authorized_keys',
    );
  }
  return ok(`prints ${sayCount(lines, 'key')} as its own user`);
}

/** A directory is searched, a file is read. */
function fixUnreadable(unreadable: string | null): string | null {
  const [, file] = / cannot (?:read|search) (\S+) \(mode /.exec(unreadable ?? '') ?? [];
  if (file === undefined) return null;
  return unreadable?.includes(' cannot search ') === true ? `chmod o+x ${file}` : `chmod o+r ${file}`;
}
