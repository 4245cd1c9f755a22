// `sunk-agent init`: from a base URL, a token and the names of groups to a configuration, after showing the plan.
import { readFileSync } from 'node:fs';
import { decide } from '../../agent/reconcile/decide.ts';
import { nameRefusals } from '../../agent/reconcile/name-refusals.ts';
import type { SyncContext } from '../../agent/reconcile/context.ts';
import { parseConfig } from '../../config/config.ts';
import { AgentError } from '../../common/errors.ts';
import { type ConfigChoices, renderConfig } from './config-text.ts';
import { isConfigured, readKeptToken, withDraft, writeAccepted } from './files.ts';
import { chooseAttributes, type ChosenAttributes, readAttributes } from './choose-attributes.ts';
import { carryValues } from './from-values.ts';
import { chooseGroups, findBaseUrl, findToken } from './choices.ts';
import { readStoreContents } from './store-contents.ts';
import { openTerminal, type Terminal } from '../terminal/prompt.ts';
import { type Paths, pathsUnder } from '../../common/paths.ts';
import { printPlan } from '../../plan/print.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { announceOwner } from '../owner.ts';
import { mayColour } from '../terminal/colour.ts';
import type { CommandContext } from '../command.ts';

export const failure = 1;
export const options = {
  'from-values': { type: 'string' },
  'base-url': { type: 'string' },
  'token-file': { type: 'string' },
  group: { type: 'string', multiple: true },
  'sudo-group': { type: 'string', multiple: true },
  domain: { type: 'string', multiple: true },
  attribute: { type: 'string', multiple: true },
  enforce: { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
} as const;

export const help = `Usage: sunk-agent init [--base-url URL] [--token-file FILE] [--group NAME]... [--sudo-group NAME]...
                       [--domain DOMAIN]... [--attribute KEY=PATH]... [--enforce] [--force] [--json] [--config FILE]
                       [--root DIR]
       sunk-agent init --from-values FILE [--json]

Reads the store, finds the groups and pins their ids, shows what the first sync would do, and writes the
configuration and the token. Accounts, sshd and NSS stay as they are. Asks on a terminal for what is not given.

  --from-values FILE the values of a slurm chart: prints values for the chart sunk-agent, and on standard error what it
                     cannot carry over of the nsscache block. Asks no store, and writes nothing; - is standard input
  --base-url URL     the SCIM Base URL of SCIM Configuration
  --token-file FILE  the file that holds the token; - is standard input. Without it the token in
                     /etc/sunk-agent/credentials is used
  --group NAME       the group whose members may log in, by its exact name; may be repeated
  --sudo-group NAME  the group whose members may use sudo without a password; may be repeated
  --domain DOMAIN    the mail domain whose local parts become user names; may be repeated. Without it the domain
                     that all members of the groups have
  --attribute KEY=PATH
                     where this store has a POSIX name, uid, gid, home or shell (KEY is one of scim.attributes). Without
                     it init looks at a raw user and a raw group, shows the candidates and asks. Since SUNK 8.3 a group
                     is selected by a POSIX group name of its own, and not by its display name
  --enforce          apply the plan; without it, and without a yes on the terminal, the agent observes
  --force            replace a configuration that names a store; it is kept as config.yaml.before-init

Examples:
  sunk-agent init --from-values slurm-values.yaml >sunk-agent-values.yaml
  sunk-agent init --base-url https://api.coreweave.com/scim/ab1cd2 --token-file token --group slurm-users

Exit status: 0 written, 1 the store could not be read, a name was not found, or the answer was no.`;

export async function run(context: CommandContext): Promise<number> {
  const values = context.values['from-values'];
  if (typeof values === 'string') return printCarried(values, context.json);
  announceOwner(context);
  const paths = pathsUnder(context.root);
  const configFile = context.config ?? paths.config;
  if (isConfigured(configFile) && context.values['force'] !== true)
    throw new AgentError('refused', `${configFile} names a store already`, { hint: '--force replaces it' });
  const terminal = process.stdin.isTTY ? openTerminal() : null;
  try {
    const baseUrl = await findBaseUrl(context, terminal);
    const token = await findToken(context, terminal, readKeptToken(paths));
    const attributes = await findAttributes(context, terminal, { paths, baseUrl, token });
    return await withDraft(paths, baseUrl, token, attributes, async (node) => {
      const store = await readStoreContents(node);
      try {
        const choices = { ...(await chooseGroups(context, terminal, baseUrl, store)), attributes };
        const mode = await showPlan(context, terminal, choices, store);
        if (mode === null) return 1;
        writeAccepted(paths, configFile, renderConfig({ ...choices, mode }), token);
        process.stderr.write(describeNext(configFile, mode));
        return 0;
      } finally {
        store.state.close();
      }
    });
  } finally {
    terminal?.close();
  }
}

/** @throws AgentError config_missing, config_invalid */
function printCarried(file: string, json: boolean): number {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new AgentError('config_missing', `cannot read ${file}`, {
      cause,
      hint: 'give the values of the slurm chart: helm get values RELEASE -o yaml',
    });
  }
  const carried = carryValues(text, file);
  if (json) {
    process.stdout.write(`${JSON.stringify(carried)}\n`);
    return 0;
  }
  process.stdout.write(carried.text);
  for (const line of carried.left) process.stderr.write(`${makePrintable(line, 500)}\n`);
  return 0;
}

/** Reads the store by the usual paths first, to have a user and a group to look at. */
function findAttributes(
  context: CommandContext,
  terminal: Terminal | null,
  { paths, baseUrl, token }: { readonly paths: Paths; readonly baseUrl: string; readonly token: string },
): Promise<ChosenAttributes> {
  const given = readAttributes(context);
  return withDraft(paths, baseUrl, token, given, async (node) => {
    const store = await readStoreContents(node);
    try {
      return await chooseAttributes(node, store, given, terminal);
    } finally {
      store.state.close();
    }
  });
}

/** Shows what the first sync would do; null: the operator does not want it. */
async function showPlan(
  { values, json }: CommandContext,
  terminal: Terminal | null,
  choices: Omit<ConfigChoices, 'mode'>,
  store: Omit<SyncContext, 'reader'>,
): Promise<ConfigChoices['mode'] | null> {
  const config = parseConfig(renderConfig({ ...choices, mode: 'enforce' }), 'the new configuration');
  const now = Math.floor(store.clock() / 1000);
  const { changes, verdict, desired } = await decide({ ...store, config }, now, {
    completeAt: now,
    isComplete: false,
  });
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ choices, changes, held: verdict.held, refusals: desired.refusals })}\n`,
    );
  } else {
    process.stdout.write(printPlan(changes, verdict, mayColour()));
    for (const { subject, detail } of nameRefusals(desired.refusals.slice(0, 20), store.state))
      process.stdout.write(`${makePrintable(`refused: ${subject}: ${detail}`)}\n`);
    const more = desired.refusals.length - 20;
    if (more > 0) process.stdout.write(`and ${more} more ${more === 1 ? 'refusal' : 'refusals'}\n`);
  }
  if (values['enforce'] === true) return 'enforce';
  if (terminal === null) return 'observe';
  const answer = await terminal.ask(
    'Write this configuration? yes: the agent applies this plan; observe: it only reports; no',
    'no',
  );
  if (/^y(es)?$/i.test(answer)) return 'enforce';
  return /^observe$/i.test(answer) ? 'observe' : null;
}

function describeNext(file: string, mode: ConfigChoices['mode']): string {
  const start = ['  systemctl restart sunk-agent sunk-agent-reader', '  sunk-agent doctor --fix'];
  const lines =
    mode === 'enforce'
      ? [`Written: ${file} and the token. Next:`, ...start]
      : [
          `Written: ${file} and the token; the agent will only observe. Next:`,
          '  systemctl restart sunk-agent sunk-agent-reader',
          'and once sunk-agent plan is right, "mode: enforce" there, and:',
          ...start,
        ];
  return `${lines.join('\n')}\n`;
}
