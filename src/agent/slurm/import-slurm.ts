// Takes over accounts and users that Slurm had before: from the last round's refusals into the ledger.
import { AgentError } from '../../common/errors.ts';
import { compare } from '../../common/text/compare.ts';
import { sayCount } from '../../common/text/count-noun.ts';
import type { SlurmOwned } from '../../plan/slurm/slurm-rows.ts';
import type { SlurmStatus } from './slurm-status.ts';

export interface SlurmImport {
  /** Sorted: accounts first. */
  readonly taken: readonly SlurmOwned[];
  /** Names that were asked for, and that no rule wants or that are managed already. */
  readonly unknown: readonly string[];
}

const KIND_OF: ReadonlyMap<string, SlurmOwned['kind']> = new Map([
  ['slurm-account-foreign', 'account'],
  ['slurm-user-foreign', 'user'],
]);

/**
 * @param status of the last round; null: none has ended.
 * @param names empty: all that the rules want.
 * @throws AgentError refused
 */
export function planSlurmImport(status: SlurmStatus | null, names: readonly string[]): SlurmImport {
  if (status === null || status.at === null)
    throw new AgentError('refused', 'Slurm has not been compared yet', {
      hint: 'slurm.mode: observe, then systemctl status sunk-agent sunk-agent-slurm',
    });
  const { cluster } = status;
  const refused = status.refusals.flatMap(({ code, name, scimId }): SlurmOwned[] => {
    const kind = KIND_OF.get(code);
    return kind === undefined ? [] : [{ cluster, kind, name, scimId }];
  });
  // No rule may want them, and then the next round removes what they have: only by name.
  const waiting = status.unassigned
    .filter(({ name }) => names.includes(name))
    .filter(({ kind, name }) => !refused.some((one) => one.kind === kind && one.name === name))
    .map((one) => ({ cluster, ...one }));
  const foreign = [...refused, ...waiting];
  const known = new Set(foreign.map(({ name }) => name));
  const taken = foreign
    .filter(({ name }) => names.length === 0 || names.includes(name))
    .sort((a, b) => compare(a.kind, b.kind) || compare(a.name, b.name));
  return { taken, unknown: names.filter((name) => !known.has(name)) };
}

/** As text; the words of an operator. */
export function describeSlurmImport({ taken, unknown }: SlurmImport, isApplied: boolean): string {
  const lines = [
    ...taken.map(({ kind, name }) => `${isApplied ? 'taken over' : 'would be taken over'}: ${kind} ${name}`),
    ...unknown.map((name) => `refused: ${name}: no rule wants it, Slurm has none, or sunk-agent made it`),
  ];
  const hint =
    isApplied || taken.length === 0
      ? ''
      : `\n${sayCount(taken.length, 'name')}; the next round gives them what the rules say. Add --apply\n`;
  return `${lines.length === 0 ? 'nothing to take over\n' : `${lines.join('\n')}\n`}${hint}`;
}
