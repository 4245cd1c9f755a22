// The commands, for the manual and the completion.
import type { CommandModule } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';

/** Options that every command takes, with the name of the value or null. */
export const COMMON_OPTIONS: Readonly<Record<string, string | null>> = {
  config: 'FILE',
  root: 'DIR',
  json: null,
  help: null,
};

/** Every command by its name, sorted. */
export async function loadCommands(): Promise<ReadonlyMap<string, CommandModule>> {
  const commands = new Map<string, CommandModule>();
  for (const name of Object.keys(COMMANDS).sort())
    commands.set(name, await (COMMANDS[name] as () => Promise<CommandModule>)());
  return commands;
}
