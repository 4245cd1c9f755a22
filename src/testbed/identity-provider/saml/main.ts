// Starts the identity provider's sign-in page from the command line: prints its Metadata URL, runs until asked to stop.
import { parseArgs } from 'node:util';
import { startSamlProvider, type SamlProviderOptions } from './provider.ts';

const USAGE = `usage: npm run idp -- [--file directory.yaml] [--port N] [--key FILE]

A SAML identity provider for rehearsals, on 127.0.0.1 only: a page that asks which person of the
directory you are, and a Metadata URL for the console. The commands saml and assign of npm run entra
(or okta) are its SAML page and its Users and groups.
  --port N    0 (the default) takes a free one
  --key FILE  keeps the key pair over a restart; otherwise each start makes one
`;

function readArguments(): SamlProviderOptions | null {
  const { values } = parseArgs({
    options: {
      file: { type: 'string', default: 'directory.yaml' },
      port: { type: 'string', default: '0' },
      key: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const port = /^[0-9]{1,5}$/.test(values.port) ? Number(values.port) : Number.NaN;
  if (!(port <= 65_535)) throw new TypeError(`--port must be a number up to 65535, not ${values.port}`);
  return { file: values.file, port, ...(values.key === undefined ? {} : { keyFile: values.key }) };
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
  process.stdout.write(`Metadata URL: ${provider.metadataUrl}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`idp: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
