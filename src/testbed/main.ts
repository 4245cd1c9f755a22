// Starts the testbed from the command line: prints its addresses, runs until it is asked to stop.
import { parseArgs } from 'node:util';
import { splitAttributePath } from './protocol/attribute-path.ts';
import { FAULT_KINDS } from './faults/fault.ts';
import { startTestbed } from './service.ts';

const USAGE = `usage: npm run testbed -- [--port N] [--org ID] [--token TEXT]
                          [--seed-users N] [--seed-groups N]
                          [--uid-attribute PATH] [--gid-attribute PATH] [--new] [--legacy]
                          [--state FILE] [--json]

A SCIM service with its console for rehearsals, on 127.0.0.1 only. Port 0 (the default) takes a free one.
  --new                             an organisation that has done no step of the guide: all off, no token
  --state FILE                      keeps users, groups, tokens and settings over a restart (with a fixed --port)
  --uid-attribute, --gid-attribute  where the POSIX ids are served
  --legacy                          has the default groups admin, metrics, read, write, billing_viewer
  --json                            prints one line {baseUrl, token, adminUrl, readToken, consoleUrl} instead of text

Below the admin URL:
  GET, PATCH /settings       the switches of SCIM Configuration and what the service offers
  GET, POST /tokens          named tokens {name, role: provisioning | read-only}; DELETE /tokens/NAME
  GET, DELETE /requests      the provisioning log (?method= &token= &failed=true &last=N)
  POST /seed                 {users, groups, membersPerGroup}
  PUT /users/ID/keys         {keys}: what the person adds in the console
  GET /readers               the login nodes that poll, each with the hash of its snapshot
  POST /console-link         another one-time link for an administrator of the console
  GET, POST /policy-groups   {name, policies}; DELETE /policy-groups/NAME
  GET, POST, DELETE /faults  {kind, times, path, method, ...}; DELETE /faults/ID
Kinds of faults: ${FAULT_KINDS.join(', ')}.
`;

function readCount(text: string | undefined, name: string, most: number): number | undefined {
  if (text === undefined) return undefined;
  const count = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (count <= most) return count;
  throw new TypeError(`--${name} must be a number up to ${most}, not ${text}`);
}

function readPath(
  text: string | undefined,
  name: string,
  option: 'uidPath' | 'gidPath',
): { uidPath?: string } {
  if (text === undefined) return {};
  if (splitAttributePath(text) === null)
    throw new TypeError(`--${name} must be an attribute path, not ${text}`);
  return { [option]: text };
}

function readArguments(): Parameters<typeof startTestbed>[0] & { json: boolean; help: boolean } {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      org: { type: 'string' },
      token: { type: 'string' },
      'seed-users': { type: 'string' },
      'seed-groups': { type: 'string' },
      'uid-attribute': { type: 'string' },
      'gid-attribute': { type: 'string' },
      new: { type: 'boolean', default: false },
      legacy: { type: 'boolean', default: false },
      state: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { org = 'ab1cd2', token } = values;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(org)) throw new TypeError(`--org must be letters and digits, not ${org}`);
  return {
    port: readCount(values.port, 'port', 65_535) ?? 0,
    org,
    ...(token === undefined ? {} : { token }),
    seedUsers: readCount(values['seed-users'], 'seed-users', 1_000_000) ?? 0,
    seedGroups: readCount(values['seed-groups'], 'seed-groups', 1_000_000) ?? 0,
    ...readPath(values['uid-attribute'], 'uid-attribute', 'uidPath'),
    ...readPath(values['gid-attribute'], 'gid-attribute', 'gidPath'),
    isNew: values.new,
    settings: { legacyDefaultGroups: values.legacy },
    ...(values.state === undefined ? {} : { stateFile: values.state }),
    json: values.json,
    help: values.help,
  };
}

async function main(): Promise<void> {
  let options: ReturnType<typeof readArguments>;
  try {
    options = readArguments();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exitCode = 64;
    return;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  const testbed = await startTestbed({
    ...options,
    announceLink: (url) => {
      if (!options.json)
        process.stdout.write(`console, for the local administrator who comes back: ${url}\n`);
    },
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void testbed.close());
  const { baseUrl, token, adminUrl, readToken, consoleUrl } = testbed;
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ baseUrl, token, adminUrl, readToken, consoleUrl })}\n`
      : [
          `base URL: ${baseUrl}`,
          ...(token === '' ? [] : [`token: ${token}`]),
          ...(readToken === '' ? [] : [`read-only token: ${readToken}`]),
          `admin URL: ${adminUrl}`,
          `console, for the first who opens it: ${consoleUrl}`,
          '',
        ].join('\n'),
  );
}

try {
  await main();
} catch (error) {
  process.stderr.write(`testbed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
