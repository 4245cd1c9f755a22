// Nodes of a partition and reservations of nodes, as slurmctld shows them.

export interface SubmitNode {
  readonly name: string;
  /** As sinfo(1) prints it: `idle`, `drained`, `down*`; `*`: slurmd does not answer. */
  readonly state: string;
  /** Why an operator, or Slurm, took it out of use; empty: none is given. */
  readonly reason: string;
}

/** From `sinfo -h -N -o '%N|%T|%E'`. */
export function parseNodes(text: string): SubmitNode[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', state, ...rest] = line.split('|');
    if (name === '' || state === undefined) return [];
    const reason = rest.join('|');
    return [{ name, state, reason: reason === 'none' ? '' : reason }];
  });
}

export interface SubmitReservation {
  readonly name: string;
  /** Epoch seconds. */
  readonly start: number;
  readonly end: number;
  /** A list of hosts as Slurm shortens it. */
  readonly nodes: string;
  readonly nodeCount: number;
  readonly isOfAllNodes: boolean;
  /** Whose jobs may use it: names of users, accounts and groups. */
  readonly users: readonly string[];
  readonly accounts: readonly string[];
  readonly groups: readonly string[];
}

/** From `scontrol -o show reservation`, which prints times in this host's zone. */
export function parseReservations(text: string): SubmitReservation[] {
  return text.split('\n').flatMap((line) => {
    const [, name, from = '', to = ''] =
      /^ReservationName=(\S+) StartTime=(\S+) EndTime=(\S+) /.exec(line) ?? [];
    if (name === undefined) return [];
    const value = (key: string): string => new RegExp(` ${key}=(\\S*)`).exec(line)?.[1] ?? '';
    const list = (key: string): string[] =>
      value(key) === '(null)' ? [] : value(key).split(',').filter(Boolean);
    return [
      {
        name,
        start: toSeconds(from),
        end: toSeconds(to),
        nodes: value('Nodes'),
        nodeCount: Number(value('NodeCnt')),
        isOfAllNodes: list('Flags').includes('ALL_NODES'),
        users: list('Users'),
        accounts: list('Accounts'),
        groups: list('Groups'),
      },
    ];
  });
}

/** A local time as Slurm prints it. */
export function toSeconds(time: string): number {
  return Math.floor(new Date(time).getTime() / 1000);
}
