#!/usr/bin/env node
// argv to one command; exit status; nothing else.
import type { CommandContext, CommandModule } from './command.ts';
import { COMMANDS } from './commands.ts';
import { AgentError, describeError } from '../common/errors.ts';
import { makePrintable } from '../common/text/printable.ts';
import { nameRefusal } from '../common/system-error.ts';

// Imported, it would be evaluated to its last lazy property, a diff and a stream for stderr among them: some 5 ms.
const { parseArgs } = process.getBuiltinModule('node:util');

const COMMON = {
  config: { type: 'string' },
  root: { type: 'string', default: '/' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

async function main(argv: readonly string[]): Promise<number> {
  // Modes must not depend on the caller: with 077 sshd's helper could not reach the key files. Secrets get a mode each.
  process.umask(0o022);
  const [name = '--help', ...rest] = argv;
  if (name === '--version')
    return print(`sunk-agent ${(await import('../common/version.ts')).readVersion()}`);
  if (name === '--help' || name === '-h' || name === 'help')
    return print((await import('./help.ts')).OVERVIEW);
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    const { suggest } = await import('./help.ts');
    throw new AgentError(
      'usage',
      `there is no command ${JSON.stringify(name)}${suggest(name, Object.keys(COMMANDS))}`,
    );
  }
  const command = await load();
  try {
    const { values, positionals } = parse(rest, command);
    if (values.help) return print(command.help);
    const context: CommandContext = {
      values,
      positionals,
      root: values.root,
      config: values.config,
      json: values.json,
    };
    return await command.run(context);
  } catch (error) {
    return fail(pointToHelp(error, name), command.failure);
  }
}

/** What a command takes is in its own help; the overview has only the commands. */
function pointToHelp(error: unknown, command: string): unknown {
  if (!(error instanceof AgentError) || error.code !== 'usage') return error;
  const { hint } = new AgentError('usage', '');
  if (error.hint !== hint) return error;
  return new AgentError('usage', error.message, { hint: `sunk-agent ${command} --help shows what it takes` });
}

function parse(args: readonly string[], command: CommandModule) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...COMMON, ...command.options },
      allowPositionals: true,
      strict: true,
    });
  } catch (cause) {
    throw new AgentError(
      'usage',
      cause instanceof Error ? (cause.message.split('.')[0] ?? '') : String(cause),
    );
  }
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

/** Expected failures are one line; a defect shows where it happened. */
function fail(thrown: unknown, otherwise: number): number {
  const error = nameRefusal(thrown);
  process.stderr.write(`sunk-agent: ${makePrintable(describeError(error), 2000)}\n`);
  if (error instanceof AgentError) return error.exit ?? otherwise;
  if (error instanceof Error && error.stack !== undefined) process.stderr.write(`${error.stack}\n`);
  return 70;
}

// A reader that had enough (`sunk-agent sync | head -1`) ends neither the work nor the exit status.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = fail(error, 64);
}
