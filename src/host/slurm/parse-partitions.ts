// Partitions as slurmctld shows them: who may send jobs there, and whether it takes any.

/** `sbatch --test-only` asks none of the lists but `nodes`. null: everyone, or everything. */
export interface SubmitPartition {
  readonly name: string;
  /** Where a job goes that names none. */
  readonly isDefault: boolean;
  /** UP, DOWN, DRAIN or INACTIVE. */
  readonly state: string;
  readonly accounts: readonly string[] | null;
  readonly groups: readonly string[] | null;
  readonly qos: readonly string[] | null;
  readonly deniedAccounts: readonly string[];
  readonly deniedQos: readonly string[];
  /** Hosts that jobs may be submitted on. */
  readonly hosts: readonly string[] | null;
  readonly isRootOnly: boolean;
  /** Jobs must name a reservation. */
  readonly isReservedOnly: boolean;
  readonly minNodes: number;
  /** null: as many as there are. */
  readonly maxNodes: number | null;
  /** A list of hosts as Slurm shortens it; empty: it has none. */
  readonly nodes: string;
  readonly nodeCount: number;
}

/** From `scontrol -o show partition`. */
export function parsePartitions(text: string): SubmitPartition[] {
  return text.split('\n').flatMap((line) => {
    const name = /^PartitionName=(\S+) /.exec(line)?.[1];
    if (name === undefined) return [];
    const value = (key: string): string => new RegExp(` ${key}=(\\S*)`).exec(line)?.[1] ?? '';
    const list = (key: string): string[] => value(key).split(',').filter(Boolean);
    const allowed = (key: string): string[] | null =>
      value(key) === 'ALL' || value(key) === '' ? null : list(key);
    return [
      {
        name,
        isDefault: value('Default') === 'YES',
        state: value('State'),
        accounts: allowed('AllowAccounts'),
        groups: allowed('AllowGroups'),
        qos: allowed('AllowQos'),
        deniedAccounts: list('DenyAccounts'),
        deniedQos: list('DenyQos'),
        hosts: allowed('AllocNodes'),
        isRootOnly: value('RootOnly') === 'YES',
        isReservedOnly: value('ReqResv') === 'YES',
        minNodes: Number(value('MinNodes')) || 0,
        maxNodes: /^\d+$/.test(value('MaxNodes')) ? Number(value('MaxNodes')) : null,
        nodes: value('Nodes') === '(null)' ? '' : value('Nodes'),
        nodeCount: Number(value('TotalNodes')) || 0,
      },
    ];
  });
}
