// Starts the Okta emulator from the command line.
import { runProgram } from '../idp-cli.ts';
import { OKTA } from './commands.ts';

await runProgram(OKTA);
