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
  const said = `last refused${when}${times > 1 ? ` (${times} lines)` : ''}: ${newest.text}`;
  const known = CAUSES.find(({ pattern }) => pattern.test(newest.text));
  return known === undefined
    ? warning(
        'logins-refused',
        said,
        'person',
        'log in with the listed key: ssh -o IdentitiesOnly=yes -i KEY',
      )
    : warning(known.code, said, 'operator', known.howToFix);
}

/** What sshd says and the user cannot change. */
const CAUSES = [
  {
    pattern: /not in PubkeyAccepted/,
    code: 'logins-algorithm',
    howToFix:
      'add that algorithm to PubkeyAcceptedAlgorithms in sshd_config, or have the user make a key of another kind',
  },
  {
    pattern: /AuthorizedKeysCommand/,
    code: 'logins-helper',
    howToFix: 'run sunk-agent doctor: it runs the helper as sshd does, and names what it lacks',
  },
  {
    pattern: / penalty: /,
    code: 'logins-penalty',
    howToFix:
      'wait until the penalty of that address has passed; in sshd_config, PerSourcePenaltyExemptList ADDRESS,::ffff:ADDRESS spares one that many people share (the second form is what sshd sees behind ssh.socket); then systemctl restart ssh',
  },
] as const;
