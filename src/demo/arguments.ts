// The command line of a script of this repository: --help explains it, and a wrong one gets the same text and status 64.
import { parseArgs, type ParseArgsConfig } from 'node:util';

/**
 * Ends the process where there is nothing else to do. @param usage begins with "usage: " and ends with a newline.
 * @returns what parseArgs of node:util gives.
 */
export function readArguments<Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  if (process.argv.slice(2).includes('--help')) {
    process.stdout.write(usage);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    return refuseArguments(usage, error);
  }
}

/** Ends the process with status 64, after what is wrong and what is right. */
export function refuseArguments(usage: string, error: unknown): never {
  const [message = ''] = (error instanceof Error ? error.message : String(error)).split('. ');
  process.stderr.write(`${message}\n${usage}`);
  process.exit(64);
}
