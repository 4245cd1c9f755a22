// The exports of every command's file.
import type { ParseArgsOptionsConfig } from 'node:util';

export interface CommandContext {
  /** Options as node:util parseArgs gives them. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
  readonly root: string;
  readonly config: string | undefined;
  readonly json: boolean;
}

export interface CommandModule {
  /** Options beyond --config, --root, --json and --help. */
  readonly options: ParseArgsOptionsConfig;
  readonly help: string;
  /** Exit status for a failure that has none of its own. */
  readonly failure: number;
  run(context: CommandContext): Promise<number>;
}
