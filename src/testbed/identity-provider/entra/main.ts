// Starts the Entra emulator from the command line.
import { ENTRA } from './commands.ts';
import { runProgram } from '../idp-cli.ts';

await runProgram(ENTRA);
