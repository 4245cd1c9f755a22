// The input of all checks: gathered once, plain data, the same in a test as on a node.
import type { Config } from '../../config/config.ts';
import type { BreakGlassAccount } from '../../host/probes/break-glass.ts';
import type { Fleet } from '../../publish/judge-fleet.ts';
import type { SlurmStatus } from '../../agent/slurm/slurm-status.ts';
import type { SlurmSelf } from '../../host/slurm/ask-config.ts';
import type { DiskProbe } from '../../host/probes/disk-probe.ts';
import type { PamAnswer } from '../../host/probes/pam-account.ts';
import type { SshdFinding } from '../../host/sshd/sshd-findings.ts';
import type { NodeFacts, Refusal } from '../../policy/model.ts';
import type { ProbeAnswer } from '../../protocol/messages.ts';
import type { NameRound } from '../../agent/reconcile/name-round.ts';
import type { Status } from '../../agent/report/status.ts';
import type { ProbeResult } from '../probe.ts';

/** A file or directory, its owner and its mode. */
export interface FileRights {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
}

export interface TokenFacts {
  readonly path: string;
  /** null: there is no such file. */
  readonly rights: FileRights | null;
}

/** What the name service and the files answer about a few managed accounts. */
export interface NamesFacts {
  /** Services of the `passwd` line in nsswitch.conf(5), in order. */
  readonly services: readonly string[];
  /** The same of the `shadow` line. */
  readonly shadowServices: readonly string[];
  /** Whether nscd(8) gives no answer, while the services do. */
  readonly isNscdHung: boolean;
  /** Whether nscd(8) alone gives the first answer that differs. */
  readonly isStale: boolean;
  /** The other service that gives it; null: none does, or it is not known. */
  readonly answering: string | null;
  /** What another service knows otherwise. */
  readonly otherwise: readonly { readonly name: string; readonly detail: string }[];
  /** Names without a line of shadow; empty where only root could tell. */
  readonly withoutShadow: readonly string[];
  /** Names for which the name service and the files differ. */
  readonly differing: readonly string[];
}

export interface Facts {
  /** Epoch seconds. */
  readonly now: number;
  readonly config: Config;
  readonly status: ProbeResult<Status>;
  /** Whether the two units run; null where there is no systemd. */
  readonly units: { readonly agent: boolean; readonly reader: boolean } | null;
  /** Pids of agents that run on this node. */
  readonly agents: readonly number[];
  /** null: there is no state directory. */
  readonly stateDirectory: FileRights | null;
  /** The mount point on the way to it that fstab names and that is not mounted; null: none. */
  readonly unmounted: string | null;
  /** Why the state database cannot be read; null: it can. */
  readonly stateFault: string | null;
  /** Whether there is a state database. */
  readonly hasState: boolean;
  /** Names of /etc/passwd in the managed group. */
  readonly inManagedGroup: readonly string[];
  /** What the policy refused in the last sync. */
  readonly refusals: readonly Refusal[];
  /** Epoch seconds until which no delta is used, because deltas missed changes; null: they are used. */
  readonly deltasOffUntil: number | null;
  readonly keyDirectory: FileRights | null;
  readonly disks: readonly DiskProbe[];
  /** Who besides root can replace homes, as a clause; null: root alone, or it could not be told. */
  readonly homesHazard: string | null;
  /** Why the account files cannot be replaced; null: they can. */
  readonly accountFilesFault: string | null;
  readonly sshd: ProbeResult<readonly SshdFinding[]>;
  /** Whether the drop-in of sunk-agent is in place, whether or not sshd reads it. */
  readonly hasSshdDropIn: boolean;
  readonly isSshdRunning: boolean | null;
  readonly names: ProbeResult<NamesFacts>;
  /** What is wrong with the helper's output for a managed account; null: nothing, or no account is managed. */
  readonly helperFault: string | null;
  readonly nologin: string | null;
  /** The uids that useradd(8) assigns by itself; null: it is not installed. */
  readonly uidRange: readonly [low: number, high: number] | null;
  /** Of a managed account; null: no account is managed. */
  readonly pam: ProbeResult<PamAnswer | null>;
  readonly tokens: readonly TokenFacts[];
  /** The reader's user; null: there is none. */
  readonly reader: { readonly uid: number; readonly gid: number } | null;
  /** What the running reader found at the store; where none answers, what one found that was started for this. */
  readonly probe: ProbeResult<ProbeAnswer>;
  readonly agent: AgentFacts;
  /** What the canary's login showed, tried just now if the agent runs; null: none is tried on a node like this one. */
  readonly loginPath: Status['loginPath'];
  readonly expiry: NodeFacts['expiry'];
  readonly breakGlass: readonly BreakGlassAccount[];
  /** What the agent's last hourly round over the other name services found; null: there was none since the boot. */
  readonly nameRound: NameRound | null;
  /** What gives power on this node to users that cannot be told from here, and where. */
  readonly uncheckedPower: readonly { readonly what: string; readonly location: string }[];
  readonly sudo: SudoFacts;
  /** null: this node publishes no generations. */
  readonly publisher: PublisherFacts | null;
  /** null: Slurm is not managed. */
  readonly slurm: SlurmFacts | null;
}

export interface SlurmFacts {
  /** Of the worker. */
  readonly user: string;
  /** On this node; null: there is no such user. */
  readonly uid: number | null;
  /** null: there is no systemd. */
  readonly isWorkerRunning: boolean | null;
  readonly self: SlurmSelf;
  /** Of the last round; null: none has ended. */
  readonly status: SlurmStatus | null;
  /** Files that only their owner may read, as far as they are on this node. */
  readonly secrets: readonly FileRights[];
}

/** The agent and the reader that run. */
export interface AgentFacts {
  /** null: no agent answers, or it may not be asked. */
  readonly reader: 'connected' | 'away' | null;
  /** Whether the agent has read the configuration as it is now; null: it cannot be told. */
  readonly isConfigInForce: boolean | null;
  /** What a reader would find that starts now; null: the running one does not answer, so `probe` has that. */
  readonly nextProbe: ProbeResult<ProbeAnswer> | null;
}

export interface SudoFacts {
  /** Whether sudo reads what sunk-agent writes; null: sunk-agent gives sudo to no one here. */
  readonly includesManaged: boolean | null;
  /** Local groups that a rule of this node gives power to, each with managed accounts that are in it. */
  readonly members: readonly {
    readonly group: string;
    readonly location: string;
    readonly names: readonly string[];
  }[];
}

export interface PublisherFacts {
  /** Of the generations. */
  readonly directory: string;
  readonly keyFile: string;
  /** null: there is no key. */
  readonly key: FileRights | null;
  /** As ssh-keygen(1) reads it from the private one. */
  readonly publicKey: ProbeResult<string>;
  /** What the volume has that this key signed, epoch seconds; null: nothing. */
  readonly published: ProbeResult<{ readonly serial: number; readonly signedAt: number } | null>;
  /** The serial that this node published last; -1: none. */
  readonly remembered: number;
  /** Whether a publisher held the lock of the volume when it was asked. */
  readonly isLocked: ProbeResult<boolean>;
  /** Keys in this node's own /etc/sunk-agent/publishers; null: there is no such list. */
  readonly trusted: number | null;
  /** null: no follower reports here (publish.heartbeats). */
  readonly fleet: ProbeResult<Fleet> | null;
}
