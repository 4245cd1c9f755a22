// The chain for people: a line for each link, whether the user can log in, then cause, owner and fix on lines of their own.
import { makePrintable } from '../../common/text/printable.ts';
import { sayAgo } from '../../common/text/relative-time.ts';
import { type Chain, doesNoLoginWork } from './chain.ts';
import type { Facts } from './facts.ts';
import type { Link, LinkLevel, Owner } from './verdict.ts';

const SIGNS: Readonly<Record<LinkLevel, string>> = {
  ok: 'ok',
  error: 'ERROR',
  warning: 'WARNING',
  unknown: '?',
};
const COLOURS: Readonly<Record<LinkLevel, string>> = { ok: '32', error: '31', warning: '33', unknown: '2' };

const OWNERS: Readonly<Record<Owner, string>> = {
  provider: 'the administrator of the identity provider',
  operator: 'the operator of this node',
  person: 'the user',
};

export function printChain(facts: Facts, chain: Chain, isColoured: boolean): string {
  const paint = (text: string, level: LinkLevel): string =>
    isColoured ? `\u001b[${COLOURS[level]}m${text}\u001b[0m` : text;
  const rows = chain.links.map(
    ({ link, level, detail }) =>
      `  ${paint(SIGNS[level].padEnd(7), level)} ${link.padEnd(7)} ${makePrintable(detail, 1000)}`,
  );
  const subject = makePrintable(nameSubject(facts));
  const answer = makePrintable(sayAnswer(facts, chain), 2000);
  return `${subject}\n${rows.join('\n')}\n${printUse(facts)}${answer}\n${printCause(chain.cause, chain.mayLogIn)}`;
}

/** Which sessions the key of the question opened. */
function printUse({ used }: Facts): string {
  if (used === null) return '';
  if (!used.ok) return `  used    ${makePrintable(used.why)}\n`;
  const { logins, source } = used.value;
  const where = source === 'journal' ? 'the journal' : 'auth.log, where any local user can write';
  if (logins.length === 0) return `  used    no session in 30 days, by ${where}\n`;
  const lines = logins.map(
    ({ at, name, from, scimId }) =>
      `    ${new Date(at * 1000).toISOString().slice(0, 19)}Z ${name} from ${from} (${scimId ?? 'not managed'})`,
  );
  return `  used    by ${where}:\n${lines.map((line) => `${makePrintable(line)}\n`).join('')}`;
}

function nameSubject({ question, name, person }: Facts): string {
  const found = person.ok ? person.value : null;
  if (found === null) return question;
  return `${name ?? found.record.userName} (${found.record.userName}, SCIM id ${found.record.id})`;
}

/** One sentence: whether the user can log in. */
function sayAnswer(facts: Facts, { cause, mayLogIn, links }: Chain): string {
  const found = facts.person.ok ? facts.person.value : null;
  const who = facts.name ?? found?.record.userName ?? facts.question;
  if (mayLogIn === false) return `${who} cannot log in.`;
  if (mayLogIn === null) {
    const blind = links.find(({ level }) => level === 'unknown');
    if (doesNoLoginWork(facts) && cause?.level !== 'error')
      return `It is not known whether ${who} can log in: ${sayTrial(facts)}.`;
    return `It is not known whether ${who} can log in: ${blind?.detail ?? 'a link could not be checked'}.`;
  }
  return cause === null ? `${who} can log in.` : `${who} can log in, with a warning.`;
}

function sayTrial({ loginPath, now, name }: Facts): string {
  const { at = null, step = null, reason = '' } = loginPath ?? {};
  return `no link above explains it, but a trial login of sunk-canary failed ${sayAgo(at, now)} at ${step ?? 'an unknown step'}: ${reason}; to try it as this user: sunk-agent why ${name ?? 'NAME'} --try`;
}

/** Nothing where the answer is not known: a warning is then not what decides. */
function printCause(cause: Link | null, mayLogIn: boolean | null): string {
  if (cause === null || mayLogIn === null) return '';
  const { detail, owner, howToFix } = cause;
  const lines = [`Cause: ${detail}`];
  if (owner !== null) lines.push(`Owner: ${OWNERS[owner]}`);
  if (howToFix !== null) lines.push(`Fix: ${howToFix}`);
  return lines.map((line) => `${makePrintable(line, 2000)}\n`).join('');
}

/** Answer and cause in one sentence, for programs that show a single line. */
export function sayVerdict(facts: Facts, chain: Chain): string {
  const { cause, mayLogIn } = chain;
  const answer = sayAnswer(facts, chain);
  if (cause === null || mayLogIn === null) return answer;
  const { detail, owner, howToFix } = cause;
  const advice = owner === null || howToFix === null ? '' : ` (${OWNERS[owner]}: ${howToFix})`;
  return `${answer.slice(0, -1)}: ${detail}${advice}.`;
}
