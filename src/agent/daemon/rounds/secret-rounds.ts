// After each sync, and at intervals: makes the Kubernetes Secrets have what this publisher wrote. No sync waits for it.
import { describeError } from '../../../common/errors.ts';
import { createLogDedup } from '../../../common/log-dedup.ts';
import type { NodeContext } from '../../node-context.ts';
import { fillSecrets, hashMaps, readMaps } from '../../publication/fill-secrets.ts';
import { readSecretsReport, writeSecretsReport } from '../../publication/secrets-report.ts';
import type { ReaderLink } from '../../reader-client/reader-link.ts';
import { repeatOneAtATime } from './one-at-a-time.ts';

const EVERY_MS = 15_000;

export interface SecretRounds {
  /** A sync has ended. */
  look(): void;
  stop(): void;
}

/** Does nothing where there are no Secrets to fill. */
export function startSecretRounds(node: NodeContext, link: Pick<ReaderLink, 'current'>): SecretRounds {
  const { config, paths } = node;
  const { secrets: settings } = config.publish;
  if (settings === null || config.mode !== 'enforce') return { look: () => {}, stop: () => {} };
  const { verify } = settings;
  const problems = createLogDedup(node.log);
  /** What the last complete round has verified. */
  let verified = { hash: '', at: 0 };

  async function round(): Promise<void> {
    const reader = link.current();
    const maps = readMaps(node);
    if (reader === null || maps === null) return;
    const hash = hashMaps(maps);
    const now = Math.floor(Date.now() / 1000);
    if (hash === verified.hash && now >= verified.at && now < verified.at + verify) return;
    const report = await fillSecrets(node, reader, maps, readSecretsReport(paths), now);
    writeSecretsReport(paths, report);
    const failures = report.secrets.flatMap(({ problem }) => (problem === null ? [] : [problem.detail]));
    problems.note(failures[0] ?? null);
    if (failures.length === 0) verified = { hash, at: now };
  }

  const rounds = repeatOneAtATime(EVERY_MS, round, (error) =>
    problems.note(`the Secrets could not be filled: ${describeError(error)}`),
  );
  return { look: () => rounds.ask(), stop: () => rounds.stop() };
}
