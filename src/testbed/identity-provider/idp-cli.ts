// What the emulators have in common on the command line: one directory file, one command, one exit status.
import { parseArgs } from 'node:util';
import { UsageError, changeAssignment, changeGroup, changeUser, readCondition } from './directory-verbs.ts';
import { holdDirectory } from './directory-lock.ts';
import { loadDirectory, saveDirectory, type Directory } from './directory.ts';
import type { LogLine } from './idp-client.ts';
import { writeReport } from './idp-report.ts';
import { changeMapping, writeMappings } from './mapping-verbs.ts';
import { appendLog, type LogEntry } from './provisioning-log.ts';
import { findNextTry } from './entra/quarantine.ts';
import { makeSampleDirectory } from './sample-directory.ts';
import { changeSaml } from './saml/saml-verbs.ts';

/** Changes the directory and tells what it did; the directory is saved afterwards. */
export type Command = (
  directory: Directory,
  args: readonly string[],
  options: CommandOptions,
) => string | Promise<string>;

export interface CommandOptions {
  readonly isInitial: boolean;
  /** Keeps what a cycle did for *Provisioning logs*. */
  readonly keep: (cycle: LogEntry['cycle'], log: readonly LogLine[]) => void;
}

/** Something in a cycle failed; the report says what. */
export class CycleFailure extends Error {
  readonly report: string;

  constructor(report: string) {
    super('not everything was provisioned');
    this.name = 'CycleFailure';
    this.report = report;
  }
}

const COMMON: Readonly<Record<string, Command>> = {
  mapping(directory, args) {
    changeMapping(directory, args);
    return writeMappings(directory);
  },
  credentials({ application }, [url, token]) {
    if (url === undefined || !URL.canParse(url) || token === undefined) {
      throw new UsageError('credentials TENANT_URL SECRET_TOKEN');
    }
    application.tenant_url = url;
    application.secret_token = token;
    return 'saved\n';
  },
  assign(directory, names) {
    changeAssignment(directory, true, names);
    return `assigned: ${directory.application.assigned.join(', ')}\n`;
  },
  unassign(directory, names) {
    changeAssignment(directory, false, names);
    return `assigned: ${directory.application.assigned.join(', ')}\n`;
  },
  scope({ application }, condition) {
    application.scoping_filter = readCondition(condition);
    return 'saved\n';
  },
  provisioning({ application }, [state]) {
    if (state !== 'on' && state !== 'off' && state !== 'restart')
      throw new UsageError('provisioning on, off or restart');
    application.provisioning = state === 'off' ? 'off' : 'on';
    application.quarantine = null;
    if (state === 'restart') application.watermark = null;
    return `Provisioning Status: ${application.provisioning}\n`;
  },
  saml: changeSaml,
  user(directory, args) {
    changeUser(directory, args);
    return 'saved\n';
  },
  group(directory, args) {
    changeGroup(directory, args);
    return 'saved\n';
  },
};

/** @throws UsageError while provisioning is off or waits out a quarantine. */
function checkMayRun(directory: Directory, isRestart: boolean): void {
  const { provisioning } = directory.application;
  if (provisioning === 'off') throw new UsageError('the Provisioning Status is off: provisioning on');
  const next = findNextTry(directory);
  if (isRestart || next === null || next <= Date.now()) return;
  const when = new Date(next).toISOString();
  throw new UsageError(`in quarantine, tried again at ${when}: fix the cause, then provisioning restart`);
}

/** A cycle's log, under the line that names its sort, if the provider has more than one. */
export interface Cycle {
  readonly heading: string;
  readonly sort: LogEntry['cycle'];
  readonly log: readonly LogLine[];
}

/** @throws CycleFailure with the same report if some of it failed. */
export function reportCycle({ heading, log }: Cycle, directory: Directory): string {
  const report = heading + writeReport(log, directory.application.provisioning === 'quarantine');
  if (log.some((line) => line.outcome === 'failure')) throw new CycleFailure(report);
  return report;
}

/** The commands that run one emulator's cycle and its test of the connection. */
export function makeCycleCommands(
  run: (directory: Directory, isInitial: boolean) => Promise<Cycle>,
  test: (directory: Directory) => Promise<void>,
): Readonly<Record<string, Command>> {
  return {
    async 'test-connection'(directory) {
      await test(directory);
      return 'the supplied credentials are authorized to enable provisioning\n';
    },
    async cycle(directory, _args, { isInitial, keep }) {
      checkMayRun(directory, isInitial);
      const cycle = await run(directory, isInitial);
      keep(cycle.sort, cycle.log);
      return reportCycle(cycle, directory);
    },
  };
}

/** A program: its name, its usage text and the commands that are its own. */
export interface Program {
  readonly name: string;
  readonly usage: string;
  readonly commands: Readonly<Record<string, Command>>;
}

export interface Outcome {
  /** 0 done, 1 failed (also when some of a cycle did), 64 not understood. */
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command; any failure is in the outcome. */
export async function perform(program: Program, argv: readonly string[]): Promise<Outcome> {
  try {
    const out = await performCommand(program, argv);
    return { status: 0, out, err: '' };
  } catch (error) {
    const out = error instanceof CycleFailure ? error.report : '';
    const why = error instanceof Error ? error.message : String(error);
    return { status: error instanceof UsageError ? 64 : 1, out, err: `${program.name}: ${why}\n` };
  }
}

/** Runs what the process was started with, and sets its exit status. */
export async function runProgram(program: Program): Promise<void> {
  const { status, out, err } = await perform(program, process.argv.slice(2));
  process.stdout.write(out);
  process.stderr.write(err);
  process.exitCode = status;
}

async function performCommand(program: Program, argv: readonly string[]): Promise<string> {
  const { values, positionals } = readArguments(argv);
  const [name = '', ...args] = positionals;
  if (values.help) return program.usage;
  if (name === 'init') {
    saveDirectory(values.file, makeSampleDirectory());
    return `wrote ${values.file}\n`;
  }
  const commands = { ...COMMON, ...program.commands };
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(`no command "${name}"\n${program.usage}`);
  return holdDirectory(values.file, () => runCommand(command, values, name, args));
}

async function runCommand(
  command: Command,
  values: { readonly file: string; readonly initial: boolean },
  name: string,
  args: readonly string[],
): Promise<string> {
  const directory = loadDirectory(values.file);
  const keep: CommandOptions['keep'] = (cycle, log) => appendLog(values.file, cycle, log);
  try {
    if (values.initial && name !== 'cycle') throw new UsageError('--initial is an option of cycle alone');
    const out = await command(directory, args, { isInitial: values.initial, keep });
    saveDirectory(values.file, directory);
    return out;
  } catch (error) {
    // A cycle that failed did something all the same; a command that makes no sense changes nothing.
    if (!(error instanceof UsageError)) saveDirectory(values.file, directory);
    throw error;
  }
}

function readArguments(argv: readonly string[]): {
  values: { file: string; help: boolean; initial: boolean };
  positionals: string[];
} {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        file: { type: 'string', default: 'directory.yaml' },
        help: { type: 'boolean', default: false },
        initial: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
