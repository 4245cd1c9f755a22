// A command as main.ts runs it, in this process, since a process of its own would take longer than the rest of a test.
import { parseArgs } from 'node:util';
import { vi } from 'vitest';
import type { CommandModule } from '../../src/cli/command.ts';

export interface CommandOutcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runCommand(
  command: CommandModule,
  root: string,
  args: readonly string[],
): Promise<CommandOutcome> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean' }, ...command.options },
    allowPositionals: true,
  });
  let [stdout, stderr] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
  try {
    const json = values['json'] === true;
    const status = await command.run({ values, positionals, root, config: undefined, json });
    return { status, stdout, stderr };
  } finally {
    vi.restoreAllMocks();
  }
}
