// `sunk-agent why`: the first failing link between the store and the shell of a user, its owner and its fix.
import { judgeChain } from '../../diagnose/why/chain.ts';
import { gatherFacts } from '../../diagnose/why/gather.ts';
import { renderChain } from '../../diagnose/why/json.ts';
import { printChain } from '../../diagnose/why/print.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import { AgentError } from '../../common/errors.ts';
import { mayColour } from '../terminal/colour.ts';
import type { CommandContext } from '../command.ts';
import { wrapText } from '../terminal/wrap.ts';

export const failure = 1;
export const options = { key: { type: 'string' } } as const;

export const help = `Usage: sunk-agent why NAME [--key FINGERPRINT] [--json] [--config FILE] [--root DIR]

Checks each link from the store to the shell of NAME, up to the first ERROR, and prints its cause, owner and fix.
NAME is an account name, a userName, an e-mail address, a SCIM id or the fingerprint of a key. Changes nothing, and
needs neither the store nor the daemon; without root it reports what it could not check.

  --key FINGERPRINT   check this key (SHA256:...) alone, and list the sessions that it opened here in the last 30 days

Examples:
  sunk-agent why alice@example.com
  sunk-agent why alice --key SHA256:sVGBVyN5yGGi5i6t7bIGZzqhIchaGb6NHKg+k6VJPGo

Exit status: 0 the user can log in, 1 cannot, 2 not known.`;

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
  process.stdout.write(
    context.json
      ? `${JSON.stringify(renderChain(facts, chain))}\n`
      : wrapText(printChain(facts, chain, mayColour()), process.stdout.columns),
  );
  if (chain.mayLogIn === null) return 2;
  return chain.mayLogIn ? 0 : 1;
}
