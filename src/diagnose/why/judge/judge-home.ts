// The link `home`: is it there, is it theirs, can they reach it? Without one a login still opens, in /.
import type { Facts } from '../facts.ts';
import { broken, ok, unknown, warning, type Verdict } from '../verdict.ts';

export function judgeHome({ home, names, config }: Facts): Verdict {
  if (!home.ok) return unknown(home.why);
  const entry = names.ok ? names.value.entry : null;
  const dir = entry?.dir ?? 'the home';
  const uid = entry?.uid ?? null;
  const look = home.value;
  switch (look.state) {
    case 'missing':
      return warning(
        `${dir} is not there, so a session starts in /`,
        'operator',
        config.accounts.homes === 'create'
          ? 'see that its file system is mounted, then run sunk-agent sync'
          : 'make it (accounts.homes is never)',
      );
    case 'unreachable':
      return warning(look.why, 'operator', 'see that its file system is mounted');
    case 'there':
      break;
  }
  if (!look.isFolder) return warning(`${dir} is not a folder`, 'operator', 'move it away');
  if (look.uid !== uid) {
    return warning(
      `${dir} belongs to uid ${look.uid}, not to uid ${uid ?? '?'}: it is somebody else’s, and we do not touch it`,
      'operator',
      `find out whose it is; if it is theirs: chown -R ${uid ?? ''} ${dir}`,
    );
  }
  if (look.closedAbove !== null) {
    return warning(
      `${look.closedAbove} keeps its owner out of ${dir}`,
      'operator',
      `let people pass through it: chmod o+x ${look.closedAbove}`,
    );
  }
  if ((look.mode & 0o022) !== 0 && config.keys.user_files === 'allow') {
    return broken(
      `${dir} may be written by others, so sshd (StrictModes) ignores the keys in it`,
      'person',
      `take that right away: chmod go-w ${dir}`,
    );
  }
  return ok(`${dir}, mode ${look.mode.toString(8).padStart(4, '0')}`);
}
