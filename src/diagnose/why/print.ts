// The chain for people: a line a link, then one sentence that says what is wrong and who must do what.
import { makePrintable } from '../../common/printable.ts';
import type { Chain } from './chain.ts';
import type { Facts } from './facts.ts';
import type { Link, LinkState, Who } from './verdict.ts';

const SIGNS: Readonly<Record<LinkState, string>> = {
  ok: 'ok',
  broken: 'BROKEN',
  warning: 'warning',
  unknown: '?',
};
const COLOURS: Readonly<Record<LinkState, string>> = { ok: '32', broken: '31', warning: '33', unknown: '2' };

const PEOPLE: Readonly<Record<Who, string>> = {
  provider: 'the administrator of the identity provider',
  operator: 'the operator of this node',
  person: 'that person',
};

export function printChain(facts: Facts, chain: Chain, isColoured: boolean): string {
  const paint = (text: string, state: LinkState): string =>
    isColoured ? `\u001b[${COLOURS[state]}m${text}\u001b[0m` : text;
  const rows = chain.links.map(
    ({ link, state, says }) =>
      `  ${paint(SIGNS[state].padEnd(7), state)} ${link.padEnd(7)} ${makePrintable(says, 1000)}`,
  );
  const sentence = makePrintable(sayVerdict(facts, chain), 2000);
  return `${makePrintable(sayWho(facts))}\n${rows.join('\n')}\n${printUse(facts)}${sentence}\n`;
}

/** Which sessions the key opened that is asked about. */
function printUse({ used }: Facts): string {
  if (used === null) return '';
  if (!used.ok) return `  used    ${makePrintable(used.why)}\n`;
  const { logins, source } = used.value;
  const where = source === 'journal' ? 'the journal' : 'auth.log, where any local user can write';
  if (logins.length === 0) return `  used    no session in 30 days, by ${where}\n`;
  const lines = logins.map(
    ({ at, name, from, scimId }) =>
      `    ${new Date(at * 1000).toISOString().slice(0, 19)}Z ${name} from ${from} (${scimId ?? 'not ours'})`,
  );
  return `  used    by ${where}:\n${lines.map((line) => `${makePrintable(line)}\n`).join('')}`;
}

function sayWho({ question, name, person }: Facts): string {
  const found = person.ok ? person.value : null;
  if (found === null) return question;
  return `${name ?? found.record.userName} (${found.record.userName}, SCIM id ${found.record.id})`;
}

/** One sentence. */
export function sayVerdict(facts: Facts, { cause, mayLogIn, links }: Chain): string {
  const found = facts.person.ok ? facts.person.value : null;
  const who = facts.name ?? found?.record.userName ?? facts.question;
  if (mayLogIn === false) return `${who} may not log in: ${sayCause(cause)}`;
  if (mayLogIn === null) {
    const [blind] = links.filter(({ state }) => state === 'unknown');
    return `Whether ${who} may log in is not known: ${blind?.says ?? 'not everything could be looked at'}.`;
  }
  return cause === null ? `${who} may log in.` : `${who} may log in, but: ${sayCause(cause)}`;
}

function sayCause(cause: Link | null): string {
  if (cause === null) return '';
  const { says, who, mend } = cause;
  return who === null || mend === null ? `${says}.` : `${says}; ${PEOPLE[who]} must ${mend}.`;
}
