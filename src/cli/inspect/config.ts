// `sunk-agent config check`: is a configuration sound, before it is rolled out.
import { adviseOnBackend } from '../../config/accounts.ts';
import { loadConfig } from '../../config/config.ts';
import { AgentError } from '../../common/errors.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { pathsUnder } from '../../common/paths.ts';
import type { CommandContext } from '../command.ts';

export const failure = 78;
export const options = {} as const;

export const help = `Usage: sunk-agent config check [FILE] [--json] [--config FILE] [--root DIR]

Checks whether the agent accepts FILE, or else the configuration of this node, in the next release too: syntax, keys,
types and ranges. Asks neither the store nor the node. Run it before a rollout.

Examples:
  sunk-agent config check new.yaml
  sunk-agent config check

Exit status: 0 sound, 78 not, with file, line and key of what is wrong.`;

export function run({ positionals, config, root, json }: CommandContext): Promise<number> {
  const [what, operand, ...more] = positionals;
  if (what !== 'check' || more.length > 0)
    throw new AgentError('usage', 'check, and at most one FILE, are expected');
  const file = operand ?? config ?? pathsUnder(root).config;
  const { mode, access, accounts } = loadConfig(file);
  const advice = adviseOnBackend(accounts);
  if (advice !== null) throw new AgentError('config_invalid', `${file}: ${advice}`, { hint: '' });
  const groups = access.groups.map(({ name }) => name);
  process.stdout.write(
    json
      ? `${JSON.stringify({ file, sound: true, mode, groups })}\n`
      : `${makePrintable(`${file} is sound: mode ${mode}, access groups ${groups.join(', ') || 'none'}`, 1000)}\n`,
  );
  return Promise.resolve(0);
}
