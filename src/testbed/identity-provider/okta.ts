// Starts the Okta emulator from the command line.
import { runProgram } from './idp-cli.ts';
import { OKTA } from './okta-commands.ts';

await runProgram(OKTA);
