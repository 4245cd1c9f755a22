// The table of commands, read from src/commands/ itself, for the manual and the completion.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { CommandModule } from '../src/commands/command.ts';

const FOLDER = path.resolve(import.meta.dirname, '../src/commands');

/** Options that every command takes; those with a value name what it is. */
export const COMMON_OPTIONS: Readonly<Record<string, string | null>> = {
  config: 'FILE',
  root: 'DIR',
  json: null,
  help: null,
};

/** Every command by its name, sorted. */
export async function loadCommands(): Promise<ReadonlyMap<string, CommandModule>> {
  const names = readdirSync(FOLDER)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -3))
    .sort();
  const commands = new Map<string, CommandModule>();
  for (const name of names) {
    const found = (await import(path.join(FOLDER, `${name}.ts`))) as Partial<CommandModule>;
    if (isCommand(found)) commands.set(name, found);
  }
  return commands;
}

function isCommand(found: Partial<CommandModule>): found is CommandModule {
  return found.run !== undefined && found.help !== undefined && found.options !== undefined;
}
