// One round over all managed names and ids: whether the other name services of this node know them differently.
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Paths } from '../../common/paths.ts';
import { replaceFiles } from '../../host/fs/atomic-file.ts';
import type { Host } from '../../host/host.ts';
import type { Binding } from '../../policy/model.ts';
import {
  type AskedBinding,
  findNameConflicts,
  type NameConflict,
  splitQuestions,
} from '../../policy/name-conflicts.ts';

/** Bindings that are asked about by one process. */
const BATCH = 1000;

/** As `/run/sunk-agent/name-round.json` has it. */
export interface NameRound {
  /** When it ended, epoch seconds. */
  readonly at: number;
  readonly conflicts: readonly NameConflict[];
  /** Services that gave no answer, such as those that the agent's unit cannot reach. */
  readonly unanswered: readonly { readonly service: string; readonly fault: string }[];
  /** Services whose module is not installed. */
  readonly missing: readonly string[];
}

/** Asks one batch after the other; each has the deadlines of `askServices`. */
export async function runNameRound(
  {
    host,
    config,
    clock,
  }: { readonly host: Pick<Host, 'askServices'>; readonly config: Config; readonly clock: () => number },
  bindings: readonly Binding[],
): Promise<NameRound> {
  const { primary_group: name, primary_gid: id } = config.accounts;
  const asked: AskedBinding[] = [{ kind: 'group', name, id }, ...bindings];
  const conflicts: NameConflict[] = [];
  const unanswered = new Map<string, string>();
  const missing = new Set<string>();
  for (const [n, questions] of splitQuestions(asked, BATCH).entries()) {
    const answers = await host.askServices(questions);
    for (const { service, fault, isMissing } of answers) {
      if (fault !== null) unanswered.set(service, fault);
      if (isMissing) missing.add(service);
    }
    conflicts.push(...findNameConflicts(asked.slice(n * BATCH, (n + 1) * BATCH), answers));
  }
  return {
    at: Math.floor(clock() / 1000),
    conflicts,
    unanswered: [...unanswered].map(([service, fault]) => ({ service, fault })),
    missing: [...missing],
  };
}

/** The last round; null: there was none since the node booted, or its file cannot be read. */
export function readNameRound({ nameRound }: Pick<Paths, 'nameRound'>): NameRound | null {
  try {
    return JSON.parse(readFileSync(nameRound, 'utf8')) as NameRound;
  } catch {
    return null;
  }
}

/** @throws AgentError host_write */
export function writeNameRound({ nameRound }: Pick<Paths, 'nameRound'>, round: NameRound): void {
  mkdirSync(path.dirname(nameRound), { recursive: true, mode: 0o755 });
  const data = `${JSON.stringify(round)}\n`;
  replaceFiles([{ file: nameRound, data, encoding: 'utf8', mode: 0o644 }]);
}
