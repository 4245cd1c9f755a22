// Fills the Kubernetes Secrets of `publish.secrets` from what this publisher has written, through the reader.
import path from 'node:path';
import { hash } from 'node:crypto';
import type { NodeContext } from '../node-context.ts';
import { readCurrent } from '../../host/nss/generation.ts';
import type { Reader } from '../reader-client/reader-client.ts';
import type { SecretWrites } from '../../protocol/messages.ts';
import type { Finding } from '../../protocol/records.ts';
import { decideSecrets, groupMaps, type Maps, sizeOf } from './decide-secrets.ts';
import type { SecretsReport } from './secrets-report.ts';

type Node = Pick<NodeContext, 'config' | 'paths'>;

/** Another program that writes all the time must not keep this one busy. */
const ATTEMPTS = 5;

/** What the Secrets should have: the newest generation; null: there is none yet. */
export function readMaps({ config, paths }: Node): Maps | null {
  const directory = path.join(paths.root, config.accounts.nsscache_dir);
  const read = (map: string): string | null => readCurrent(directory, `${map}.cache`);
  const passwd = read('passwd');
  if (passwd === null) return null;
  return { passwd, group: read('group') ?? '', shadow: read('shadow') ?? '', sshkey: read('sshkey') ?? '' };
}

export function hashMaps({ passwd, group, shadow, sshkey }: Maps): string {
  return hash('sha256', JSON.stringify([passwd, group, shadow, sshkey]), 'hex');
}

/**
 * Reads, decides, writes, and reads again until nothing is left to write: only what the API server showed counts as done.
 * @param before the round before this one.
 * @param now epoch seconds.
 * @throws AgentError reader_failed
 */
export async function fillSecrets(
  { config }: Pick<Node, 'config'>,
  reader: Pick<Reader, 'readSecrets' | 'writeSecrets'>,
  wanted: Maps,
  before: SecretsReport | null,
  now: number,
): Promise<SecretsReport> {
  const { secrets: settings } = config.publish;
  if (settings === null) return { at: now, secrets: [] };
  const names = groupMaps(settings);
  const foreign = new Set<string>();
  const wrote = new Set<string>();
  const problems = new Map<string, Finding | null>();
  const findKnown = (name: string) => before?.secrets.find((one) => one.name === name);
  for (let n = 1; n <= ATTEMPTS; n += 1) {
    const { secrets: seen } = await reader.readSecrets();
    const wasFilled = (name: string): boolean =>
      wrote.has(name) || (findKnown(name)?.verifiedAt ?? null) !== null;
    for (const { name, problem, isUnaltered } of seen)
      if (problem === null && !isUnaltered && wasFilled(name)) foreign.add(name);
    const writes: SecretWrites[number][] = [];
    for (const [name, decision] of decideSecrets(seen, wanted, settings, wasFilled)) {
      problems.set(name, decision.action === 'hold' ? decision.problem : null);
      if (decision.action === 'write') {
        writes.push(decision.write);
        const detail = `the Secret ${name} was written ${ATTEMPTS} times, and another program changed it each time`;
        problems.set(name, { code: 'secret-conflict', detail });
      }
    }
    if (writes.length === 0) break;
    const answer = await reader.writeSecrets(writes);
    for (const { name, problem } of answer.secrets) {
      if (problem === null) wrote.add(name);
      else problems.set(name, problem);
    }
    // A conflict is worth another look; a refusal is not.
    if (answer.secrets.every(({ problem }) => problem !== null && problem.code !== 'secret-conflict')) break;
  }
  return {
    at: now,
    secrets: [...names].map(([name, maps]) => {
      const known = findKnown(name);
      const problem = problems.get(name) ?? null;
      return {
        name,
        bytes: sizeOf(wanted, maps),
        verifiedAt: problem === null ? now : (known?.verifiedAt ?? null),
        problem,
        foreignAt: foreign.has(name) ? now : (known?.foreignAt ?? null),
      };
    }),
  };
}
