// Starts the Entra emulator from the command line.
import { ENTRA } from './entra-commands.ts';
import { runProgram } from './idp-cli.ts';

await runProgram(ENTRA);
