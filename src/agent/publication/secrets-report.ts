// What the last round over the Kubernetes Secrets found, as a file in /run, and as reasons of the status.
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { sayMinute } from '../../common/text/relative-time.ts';
import type { Paths } from '../../common/paths.ts';
import { replaceFiles } from '../../host/fs/atomic-file.ts';
import type { Finding } from '../../protocol/records.ts';
import { ALARM_BYTES, MAX_BYTES } from './decide-secrets.ts';

/** As `/run/sunk-agent/secrets.json` has it. */
export interface SecretsReport {
  /** When the round ended, epoch seconds. */
  readonly at: number;
  readonly secrets: readonly {
    readonly name: string;
    /** Of the values that it should have. */
    readonly bytes: number;
    /** When the API server last showed that it has what it should have, epoch seconds; null: never. */
    readonly verifiedAt: number | null;
    readonly problem: Finding | null;
    /** When another program last changed what this one had written, epoch seconds; null: never. */
    readonly foreignAt: number | null;
  }[];
}

/** Another writer is named for so long, in seconds: a CronJob of an hour shows at least once. */
const FOREIGN_SHOWN = 3900;
/** Seconds without a round, beyond `publish.secrets.verify`. */
const LATENESS = 600;

/** The last round; null: there was none since the pod started, or its file cannot be read. */
export function readSecretsReport({ secrets }: Pick<Paths, 'secrets'>): SecretsReport | null {
  try {
    return JSON.parse(readFileSync(secrets, 'utf8')) as SecretsReport;
  } catch {
    return null;
  }
}

/** @throws AgentError host_write */
export function writeSecretsReport({ secrets }: Pick<Paths, 'secrets'>, report: SecretsReport): void {
  mkdirSync(path.dirname(secrets), { recursive: true, mode: 0o755 });
  replaceFiles([{ file: secrets, data: `${JSON.stringify(report)}\n`, encoding: 'utf8', mode: 0o644 }]);
}

/** What is wrong with the Secrets, a sentence each. @param now epoch seconds. */
export function describeSecrets(
  { publish, mode }: Pick<Config, 'publish' | 'mode'>,
  paths: Pick<Paths, 'secrets'>,
  now: number,
): string[] {
  if (publish.secrets === null || mode !== 'enforce') return [];
  const report = readSecretsReport(paths);
  if (report === null) return ['the Secrets of publish.secrets were not filled yet'];
  const reasons = report.secrets.flatMap(({ name, bytes, problem, foreignAt }) => [
    ...(problem === null ? [] : [problem.detail]),
    ...(bytes >= ALARM_BYTES
      ? [`the Secret ${name} has ${bytes} of at most ${MAX_BYTES} bytes: move to followers on a volume`]
      : []),
    ...(foreignAt !== null && now - foreignAt < FOREIGN_SHOWN
      ? [
          `another program changed the Secret ${name} at ${sayMinute(foreignAt)} (UTC): suspend nsscache’s CronJob`,
        ]
      : []),
  ]);
  const isLate = now - report.at > publish.secrets.verify + LATENESS;
  return isLate
    ? [`the Secrets were last checked at ${sayMinute(report.at)} (UTC): does the reader run?`, ...reasons]
    : reasons;
}
