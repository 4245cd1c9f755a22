// `sunk-agent why`: the first broken link between the store and somebody's shell, and who must mend it.
import { judgeChain } from '../../diagnose/why/chain.ts';
import { gatherFacts } from '../../diagnose/why/gather.ts';
import { printChain, sayVerdict } from '../../diagnose/why/print.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import { AgentError } from '../../common/errors.ts';
import { mayColour } from '../terminal/colour.ts';
import type { CommandContext } from '../command.ts';
import { wrapText } from '../terminal/wrap.ts';

export const failure = 1;
export const options = { key: { type: 'string' } } as const;

export const help = `Usage: sunk-agent why NAME [--key FINGERPRINT] [--json] [--config FILE] [--root DIR]

Walks the way from the store to NAME's shell, link by link, up to the first that is broken: what is wrong there, and who
must do what about it. NAME is an account name, a userName, an e-mail address, a SCIM id or the fingerprint of a key.
Changes nothing, and needs neither the store nor the daemon; without root it says what it could not look at.

  --key FINGERPRINT   about this key (SHA256:...) alone, and which sessions it opened here in the last 30 days

Examples:
  sunk-agent why alice@example.com
  sunk-agent why alice --key SHA256:sVGBVyN5yGGi5i6t7bIGZzqhIchaGb6NHKg+k6VJPGo

Exit status: 0 may log in, 1 may not, 2 it could not be told.`;

/** The documented shape of \`--json\`; a new version for any change that is not an addition. */
const VERSION = 1;

export async function run(context: CommandContext): Promise<number> {
  const [question, ...more] = context.positionals;
  if (question === undefined || question === '' || more.length > 0)
    throw new AgentError('usage', 'one name, userName, SCIM id or fingerprint is expected');
  const key = context.values['key'];
  if (typeof key === 'string' && !/^SHA256:[A-Za-z0-9+/]{43}$/.test(key))
    throw new AgentError('usage', '--key takes a fingerprint as ssh-keygen -l prints it: SHA256:...');
  const facts = await gatherFacts(
    openNodeContext(context),
    question,
    typeof key === 'string' ? key : null,
    Math.floor(Date.now() / 1000),
  );
  const chain = judgeChain(facts);
  const { mayLogIn, cause, links } = chain;
  const person = facts.person.ok ? facts.person.value : null;
  process.stdout.write(
    context.json
      ? `${JSON.stringify({
          version: VERSION,
          question,
          name: facts.name,
          scimId: person?.record.id ?? null,
          userName: person?.record.userName ?? null,
          mayLogIn,
          verdict: sayVerdict(facts, chain),
          cause: cause?.link ?? null,
          links,
          used: facts.used?.ok === true ? facts.used.value : null,
        })}\n`
      : wrapText(printChain(facts, chain, mayColour()), process.stdout.columns),
  );
  if (mayLogIn === null) return 2;
  return mayLogIn ? 0 : 1;
}
