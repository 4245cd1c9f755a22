// `sunk-agent why`: the first failing link between the store and the shell of a user, its owner and its fix.
import { isIP } from 'node:net';
import { addTrial } from '../../diagnose/trial/with-trial.ts';
import type { SubmitFacts } from '../../diagnose/why/submit/submit-facts.ts';
import { addSubmit } from '../../diagnose/why/with-submit.ts';
import { KEY_REVOKED } from '../../host/sshd/revoked-keys.ts';
import { hasNoHostKeys, tryLogin, type TrialResult, WITHOUT_HOST_KEYS } from '../../diagnose/trial/trial.ts';
import { findSlurmPerson } from '../../agent/slurm/find-slurm-person.ts';
import { askSubmit } from '../../host/slurm/ask-submit.ts';
import { addSudo } from '../../diagnose/why/with-sudo.ts';
import { readLocalAccounts } from '../../host/accounts/local-accounts.ts';
import { askSudo } from '../../host/sudo/ask-sudo.ts';
import { readSudoers } from '../../host/sudo/sudoers.ts';
import { readSudoersUids } from '../../policy/sudoers.ts';
import { type Chain, judgeChain } from '../../diagnose/why/chain.ts';
import type { Facts } from '../../diagnose/why/facts.ts';
import { gatherFacts } from '../../diagnose/why/gather.ts';
import { renderChain } from '../../diagnose/why/json.ts';
import { printChain } from '../../diagnose/why/print.ts';
import { type NodeContext, openNodeContext } from '../../agent/node-context.ts';
import { recordAct } from '../../agent/report/audit.ts';
import { AgentError } from '../../common/errors.ts';
import { mayColour } from '../terminal/colour.ts';
import type { CommandContext } from '../command.ts';
import { wrapText } from '../terminal/wrap.ts';

export const failure = 1;
export const options = {
  key: { type: 'string' },
  try: { type: 'boolean' },
  from: { type: 'string' },
  sudo: { type: 'boolean' },
  submit: { type: 'boolean' },
} as const;

export const help = `Usage: sunk-agent why NAME [--key FINGERPRINT] [--try] [--sudo] [--submit] [--from ADDRESS] [--json]
                      [--config FILE] [--root DIR]

Checks each link from the store to the shell of NAME, up to the first ERROR, and prints its cause, owner and fix.
NAME is an account name, a userName, an e-mail address, a SCIM id or the fingerprint of a key. Changes nothing, and
needs neither the store nor the daemon; without root it reports what it could not check.

  --key FINGERPRINT   check this key (SHA256:...) alone, and list the sessions that it opened here in the last 30 days
  --try               as root: log in as NAME through the running sshd, with a key that is valid for seconds, and say
                      which step failed: connect, authenticate, account, session or shell. The result outranks the
                      checks. The audit trail records it; after a failure the next one waits 30 seconds
  --sudo              as root: ask sudo itself what it lets NAME run (sudo -l -U), beside what sunk-agent gives
  --submit            as root: why Slurm takes no job of NAME, from the rule to a submission that is tried but not
                      queued (sbatch --test-only); needs Slurm's client programs on this node
  --from ADDRESS      judge sshd's rules (Match blocks) for a user who connects from this IP address

Examples:
  sunk-agent why alice@example.com
  sunk-agent why alice --try --sudo
  sunk-agent why alice --key SHA256:sVGBVyN5yGGi5i6t7bIGZzqhIchaGb6NHKg+k6VJPGo

Exit status: 0 the user can log in (with --submit: and submit), 1 cannot, 2 not known.`;

export async function run(context: CommandContext): Promise<number> {
  const [question, ...more] = context.positionals;
  if (question === undefined || question === '' || more.length > 0)
    throw new AgentError('usage', 'one name, userName, SCIM id or fingerprint is expected');
  const key = context.values['key'];
  if (typeof key === 'string' && !/^SHA256:[A-Za-z0-9+/]{43}$/.test(key))
    throw new AgentError('usage', '--key takes a fingerprint as ssh-keygen -l prints it: SHA256:...');
  const node = openNodeContext(context);
  const facts = await gatherFacts(
    node,
    question,
    typeof key === 'string' ? key : null,
    Math.floor(Date.now() / 1000),
    readFrom(context.values['from']),
  );
  const judged = judgeChain(facts);
  const tried = context.values['try'] === true ? addTrial(judged, await tryAs(facts, node)) : judged;
  const asked = context.values['sudo'] === true ? await askSudoOf(tried, facts, node) : tried;
  const chain = context.values['submit'] === true ? await askSubmitOf(asked, facts, node) : asked;
  process.stdout.write(
    context.json
      ? `${JSON.stringify(renderChain(facts, chain))}\n`
      : wrapText(printChain(facts, chain, mayColour()), process.stdout.columns),
  );
  if (chain.links.some(({ link, level }) => link === 'submit' && level === 'error')) return 1;
  if (chain.mayLogIn === null) return 2;
  return chain.mayLogIn ? 0 : 1;
}

function readFrom(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || isIP(value) === 0)
    throw new AgentError('usage', '--from takes an IP address, such as 203.0.113.7');
  return value;
}

/** sudo answers root alone, and for the running node. */
async function askSudoOf(chain: Chain, facts: Facts, { paths }: NodeContext): Promise<Chain> {
  const name = facts.name ?? facts.question;
  const no = (fault: string): Chain => addSudo(chain, name, { fault }, null);
  if (process.geteuid?.() !== 0) return no('only root can ask it: use sudo');
  if (paths.root !== '/') return no(`it is not asked below ${paths.root}`);
  const uid = readLocalAccounts(paths.root).accounts.get(name)?.entry.uid;
  const isGiven = uid === undefined ? null : readSudoersUids(readSudoers(paths.sudoers)).has(uid);
  return addSudo(chain, name, await askSudo(name), isGiven);
}

/** Only root becomes the user, and only the running node has Slurm. */
async function askSubmitOf(chain: Chain, facts: Facts, node: NodeContext): Promise<Chain> {
  const name = facts.name ?? facts.question;
  const line = readLocalAccounts(node.paths.root).accounts.get(name)?.entry;
  const slurm = findSlurmPerson(node, name);
  const ask = async (): Promise<SubmitFacts['answer']> => {
    if (process.geteuid?.() !== 0) return { fault: 'only root can become the user: use sudo' };
    if (node.paths.root !== '/') return { fault: `not below ${node.paths.root}` };
    return line === undefined ? { fault: `there is no account ${name} on this node` } : askSubmit(name, line);
  };
  return addSubmit(chain, name, { config: node.config, ...slurm, answer: await ask() });
}

/** Root alone may place a key, and only for an account that sunk-agent manages on the running node. */
async function tryAs(facts: Facts, { paths }: NodeContext): Promise<TrialResult> {
  const { name, person, sshd } = facts;
  const no = (why: string): TrialResult => ({ tried: false, why });
  if (process.geteuid?.() !== 0) return no('only root can try a login: use sudo');
  if (paths.root !== '/') return no(`no login is tried below ${paths.root}`);
  if (!person.ok) return no(person.why);
  const { desired = null } = person.value ?? {};
  if (name === null || desired === null) return no('no managed account of that name may log in on this node');
  if (desired.disabled !== null) return no(`${name} may not log in, so no login is tried`);
  if (sshd.ok && hasNoHostKeys(sshd.value)) return { tried: true, trial: WITHOUT_HOST_KEYS };
  const revoked = sshd.ok ? sshd.value.findings.find(({ code }) => code === KEY_REVOKED) : undefined;
  if (revoked !== undefined) return no(`${revoked.detail}, so no login is tried`);
  if (!sshd.ok || sshd.value.settings === null)
    return no(sshd.ok ? 'sshd does not report its settings' : sshd.why);
  recordAct(paths, { act: 'trial', subject: name, detail: 'a login is tried' });
  return tryLogin({ paths, name, settings: sshd.value.settings, credentials: desired.credentials });
}
