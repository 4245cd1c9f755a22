// Starts the identity provider from the command line: prints its addresses, runs until asked to stop.
import { parseArgs } from 'node:util';
import { startSamlProvider, type SamlProviderOptions } from './provider.ts';

const USAGE = `usage: npm run idp -- [--file directory.yaml] [--port N] [--key FILE]

An identity provider for rehearsals, on 127.0.0.1 only: the pages of the Entra admin center that the
guide uses, a sign-in page that asks which user of the directory you are, and a Metadata URL for the
console. npm run entra (or okta) works on the same directory.
  --port N    0 (the default) takes a free one
  --cycle-every SECONDS
              between automatic provisioning cycles; 40 by default, 0: none
  --key FILE  keeps the key pair over a restart; otherwise each start makes one
`;

function readArguments(): SamlProviderOptions | null {
  const { values } = parseArgs({
    options: {
      file: { type: 'string', default: 'directory.yaml' },
      port: { type: 'string', default: '0' },
      key: { type: 'string' },
      'cycle-every': { type: 'string', default: '40' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const port = /^[0-9]{1,5}$/.test(values.port) ? Number(values.port) : Number.NaN;
  if (!(port <= 65_535)) throw new TypeError(`--port must be a number up to 65535, not ${values.port}`);
  const every = /^[0-9]{1,6}$/.test(values['cycle-every']) ? Number(values['cycle-every']) : Number.NaN;
  if (Number.isNaN(every)) throw new TypeError(`--cycle-every takes seconds, not ${values['cycle-every']}`);
  return {
    file: values.file,
    port,
    ...(values.key === undefined ? {} : { keyFile: values.key }),
    ...(every === 0 ? {} : { cycleEvery: every }),
  };
}

async function main(): Promise<void> {
  let options: SamlProviderOptions | null;
  try {
    options = readArguments();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exitCode = 64;
    return;
  }
  if (options === null) {
    process.stdout.write(USAGE);
    return;
  }
  const provider = await startSamlProvider(options);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void provider.close());
  process.stdout.write(
    `Entra admin center (rehearsal): ${provider.adminCenterUrl}\nMetadata URL: ${provider.metadataUrl}\n`,
  );
}

try {
  await main();
} catch (error) {
  process.stderr.write(`idp: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
