// The chain from the store to the shell, link by link, and the first cause.
import type { Facts } from './facts.ts';
import { judgeAccess } from './judge/judge-access.ts';
import { judgeAccount } from './judge/judge-account.ts';
import { judgeHelper } from './judge/judge-helper.ts';
import { judgeHome } from './judge/judge-home.ts';
import { judgeKeys } from './judge/judge-keys.ts';
import { judgeLogins } from './judge/judge-logins.ts';
import { judgeNames } from './judge/judge-names.ts';
import { judgePam } from './judge/judge-pam.ts';
import { isOfOthers, judgeRecord } from './judge/judge-record.ts';
import { judgeSshd } from './judge/judge-sshd.ts';
import { judgeStore } from './judge/judge-store.ts';
import { type JudgedLink, LINK_NAMES, type Link, type LinkName, unknown, type Verdict } from './verdict.ts';

const JUDGES: Readonly<Record<JudgedLink, (facts: Facts) => Verdict>> = {
  store: judgeStore,
  record: judgeRecord,
  access: judgeAccess,
  account: judgeAccount,
  names: judgeNames,
  home: judgeHome,
  keys: judgeKeys,
  helper: judgeHelper,
  sshd: judgeSshd,
  pam: judgePam,
  logins: judgeLogins,
};

/** What a publisher's people meet in the pods that follow it, and not here. */
const OF_PODS: ReadonlySet<LinkName> = new Set(['names', 'home', 'helper', 'sshd', 'pam', 'logins']);

function judge(link: JudgedLink, facts: Facts): Verdict {
  return facts.config.accounts.backend === 'publish' && OF_PODS.has(link)
    ? unknown('not checked: this node publishes for its followers; see sunk-agent fleet, and look in the pod')
    : JUDGES[link](facts);
}

export interface Chain {
  /** In order, up to the first error. */
  readonly links: readonly Link[];
  /** The link that decides: the first error, else the first warning; null: all is in order, or not known. */
  readonly cause: Link | null;
  /** null: an essential link could not be checked. */
  readonly mayLogIn: boolean | null;
}

/** Links that must be known before the answer is that a user can log in. */
const ESSENTIAL: ReadonlySet<LinkName> = new Set([
  'record',
  'access',
  'account',
  'names',
  'keys',
  'helper',
  'sshd',
]);

/** What happened to the canary outranks what is concluded here, and a user's own trial outranks that. */
export const doesNoLoginWork = ({ loginPath }: Pick<Facts, 'loginPath'>): boolean =>
  loginPath?.state === 'failed';

/** Pure: from the facts to the chain. */
export function judgeChain(facts: Facts): Chain {
  const links: Link[] = [];
  for (const link of LINK_NAMES) {
    const judged: Link = { link, ...judge(link, facts) };
    links.push(judged);
    if (judged.level === 'error') return { links, cause: judged, mayLogIn: false };
    if (link === 'record' && isOfOthers(facts)) return { links, cause: null, mayLogIn: null };
  }
  const cause = links.find(({ level }) => level === 'warning') ?? null;
  const isBlind =
    doesNoLoginWork(facts) || links.some(({ link, level }) => level === 'unknown' && ESSENTIAL.has(link));
  return { links, cause, mayLogIn: isBlind ? null : true };
}
