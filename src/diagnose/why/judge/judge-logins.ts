// The link `logins`: what sshd logged lately about the user. All other links are in order when this one is reached.
import { sayAgo } from '../../../common/text/relative-time.ts';
import type { Facts } from '../facts.ts';
import { ok, unknown, warning, type Verdict } from '../verdict.ts';

export function judgeLogins({ logins, now }: Facts): Verdict {
  if (!logins.ok) return unknown(logins.why);
  const [newest] = logins.value;
  if (newest === undefined) return ok('none in the log of the last day');
  const when = newest.at === null ? '' : ` ${sayAgo(newest.at, now)}`;
  if (newest.kind === 'accepted') return ok(`last accepted${when}: ${newest.text}`);
  const count = logins.value.findIndex(({ kind }) => kind === 'accepted');
  const times = count === -1 ? logins.value.length : count;
  return warning(
    'logins-refused',
    `last refused${when}${times > 1 ? ` (${times} lines)` : ''}: ${newest.text}`,
    'person',
    'log in with the listed key: ssh -o IdentitiesOnly=yes -i KEY',
  );
}
