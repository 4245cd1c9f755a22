// Everything that the checks are told; gathered once, plain data, the same for a test as for a node.
import type { Config } from '../../config/config.ts';
import type { BreakGlassAccount } from '../../host/probes/break-glass.ts';
import type { DiskProbe } from '../../host/probes/disk-probe.ts';
import type { PamAnswer } from '../../host/probes/pam-account.ts';
import type { SshdFinding } from '../../host/sshd/sshd-findings.ts';
import type { NodeFacts } from '../../policy/model.ts';
import type { ProbeAnswer } from '../../protocol/messages.ts';
import type { Status } from '../../agent/report/status.ts';
import type { ProbeResult } from '../why/verdict.ts';

/** A file or folder and who may reach it. */
export interface Reach {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
}

export interface TokenFacts {
  readonly path: string;
  /** null: there is no such file. */
  readonly reach: Reach | null;
}

/** A few managed accounts, as the name service and as the files have them. */
export interface NamesFacts {
  /** Services of the `passwd` line in nsswitch.conf(5), in order. */
  readonly services: readonly string[];
  /** The same of the `shadow` line. */
  readonly shadowServices: readonly string[];
  readonly hasNscd: boolean;
  /** Names that the name service answers otherwise than the files. */
  readonly differing: readonly string[];
}

export interface Facts {
  /** Epoch seconds. */
  readonly now: number;
  readonly config: Config;
  /** Below another root much cannot be asked. */
  readonly isReal: boolean;
  readonly status: ProbeResult<Status>;
  /** Whether the two units run; null where there is no systemd. */
  readonly units: { readonly agent: boolean; readonly reader: boolean } | null;
  /** The state folder, null if there is none. */
  readonly stateFolder: Reach | null;
  /** Why the mirror cannot be read; null: it can. */
  readonly mirrorFault: string | null;
  readonly keyFolder: Reach | null;
  readonly disks: readonly DiskProbe[];
  /** Why the account files cannot be replaced; null: they can. */
  readonly accountFilesFault: string | null;
  readonly sshd: ProbeResult<readonly SshdFinding[]>;
  readonly isSshdRunning: boolean | null;
  readonly names: ProbeResult<NamesFacts>;
  /** What is wrong with the helper's output for a managed account; null: nothing, or nobody is managed. */
  readonly helperFault: string | null;
  readonly nologin: string | null;
  /** The uids that useradd(8) gives by itself; null: it is not here. */
  readonly uidRange: readonly [low: number, high: number] | null;
  /** Of a managed account; null: nobody is managed. */
  readonly pam: ProbeResult<PamAnswer | null>;
  readonly tokens: readonly TokenFacts[];
  /** The reader's user; null: there is none. */
  readonly reader: { readonly uid: number; readonly gid: number } | null;
  readonly probe: ProbeResult<ProbeAnswer>;
  readonly expiry: NodeFacts['expiry'];
  readonly breakGlass: readonly BreakGlassAccount[];
}
