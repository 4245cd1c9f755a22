// The chain with what sudo itself answers as its last link; it decides nothing about the login. Pure.
import type { SudoAnswer } from '../../host/sudo/ask-sudo.ts';
import type { Chain } from './chain.ts';
import { ok, unknown, type Verdict, warning } from './verdict.ts';

/** How many rules are said. */
const SHOWN = 3;

/** @param isGiven whether the sudoers file of sunk-agent has the user; null: it cannot be read. */
export function addSudo(chain: Chain, name: string, answer: SudoAnswer, isGiven: boolean | null): Chain {
  const link = { link: 'sudo' as const, ...judgeSudo(name, answer, isGiven) };
  const cause = chain.cause ?? (link.level === 'warning' ? link : null);
  return { ...chain, links: [...chain.links, link], cause };
}

function judgeSudo(name: string, answer: SudoAnswer, isGiven: boolean | null): Verdict {
  if ('fault' in answer) return unknown(`sudo gives no answer: ${answer.fault}`);
  const { rules } = answer;
  if (rules.length === 0)
    return isGiven === true
      ? warning(
          'sudo-not-in-force',
          `sunk-agent gives ${name} sudo, but sudo says that ${name} may run nothing`,
          'operator',
          'check the files: visudo -c; /etc/sudoers needs the line: @includedir /etc/sudoers.d',
        )
      : ok(`sudo lets ${name} run nothing`);
  const more = rules.length > SHOWN ? `, and ${rules.length - SHOWN} more` : '';
  const said = `sudo lets ${name} run ${rules.slice(0, SHOWN).join('; ')}${more}`;
  return isGiven === false
    ? warning(
        'sudo-of-others',
        `${said}, by rules that sunk-agent did not write`,
        'operator',
        `sudo -l -U ${name} lists them; decide with the maintainer of those files`,
      )
    : ok(said);
}
