// Everything that the judges of the links are told; gathered once, plain data, the same for a test as for a node.
import type { Config } from '../../config/config.ts';
import type { HelperOutput } from '../../host/keys/helper-output.ts';
import type { HomeProbe } from '../../host/homes/home-probe.ts';
import type { LoginRecord } from '../../host/sshd/login-records.ts';
import type { NameServiceAnswer } from '../../host/nss/name-service.ts';
import type { PamAnswer } from '../../host/probes/pam-account.ts';
import type { SshdFinding, SshdSettings } from '../../host/sshd/sshd-findings.ts';
import type { HistoryRow, QuarantineRow } from '../../state/state.ts';
import type { ActualAccount } from '../../plan/actual.ts';
import type { Change } from '../../plan/change.ts';
import type { HeldSet } from '../../plan/guard/guard.ts';
import type { DisabledBecause, DesiredAccount, Refusal } from '../../policy/model.ts';
import type { PasswdEntry } from '../../policy/posix.ts';
import type { GroupRecord, UserRecord } from '../../protocol/records.ts';
import type { ProofOfUse } from '../../agent/report/proof-of-use.ts';
import type { Status } from '../../agent/report/status.ts';
import type { ProbeResult } from './verdict.ts';

/** A group of `access.groups`, as the store has it. */
export interface GroupFacts {
  readonly name: string;
  /** The id that the configuration pins; null: by name. */
  readonly pinned: string | null;
  readonly found: GroupRecord | null;
  /** Names at the store that differ from it by case or blanks alone. */
  readonly lookalikes: readonly string[];
  readonly listsPerson: boolean;
}

/** One key of the record, or of an override. */
export interface KeyFacts {
  /** null where none can be told. */
  readonly fingerprint: string | null;
  readonly type: string | null;
  /** Why it is refused; null: it counts. */
  readonly refusal: string | null;
}

/** What mirror, policy and plan know of one person. */
export interface PersonFacts {
  readonly record: UserRecord;
  readonly absent: boolean;
  readonly confirmedAt: number;
  readonly quarantine: QuarantineRow | null;
  readonly closed: DisabledBecause | null;
  /** Where an operator blocked this person, with the remark; null: nowhere. */
  readonly block: string | null;
  readonly groups: readonly GroupFacts[];
  readonly desired: DesiredAccount | null;
  /** What the policy refused of this person. */
  readonly refusals: readonly Refusal[];
  /** Refusals that concern nobody in particular, such as a marker group that is somebody else's. */
  readonly common: readonly Refusal[];
  readonly actual: ActualAccount | null;
  /** What the next pass would do, and what the guard holds. */
  readonly pending: readonly Change[];
  readonly held: readonly HeldSet[];
  /** The newest thing that was tried and failed since. */
  readonly problem: HistoryRow | null;
  readonly keys: readonly KeyFacts[];
}

export interface SshdFacts {
  /** For this very person. */
  readonly settings: SshdSettings | null;
  readonly findings: readonly SshdFinding[];
}

export interface PamFacts {
  readonly answer: PamAnswer;
  /** The file that keeps everybody but root out (nologin(5)); null: there is none. */
  readonly nologin: string | null;
}

export interface ShellFacts {
  readonly shell: string;
  readonly fault: string | null;
}

export interface Facts {
  /** Epoch seconds. */
  readonly now: number;
  /** What was asked for. */
  readonly question: string;
  /** The POSIX name, as far as one is known. */
  readonly name: string | null;
  /** The one key that is asked about; null: all. */
  readonly fingerprint: string | null;
  readonly config: Config;
  readonly status: ProbeResult<Status>;
  /** Whether the daemon runs; null where that cannot be told. */
  readonly isDaemonUp: boolean | null;
  /** Its value is null: the mirror knows nobody of that name. */
  readonly person: ProbeResult<PersonFacts | null>;
  /** A line of the node's own passwd(5) with that name; null: none. */
  readonly local: PasswdEntry | null;
  readonly names: ProbeResult<NameServiceAnswer>;
  readonly shell: ProbeResult<ShellFacts>;
  readonly home: ProbeResult<HomeProbe>;
  /** Text of the key file; null: there is none. */
  readonly keyFile: ProbeResult<string | null>;
  readonly helper: ProbeResult<HelperOutput>;
  /** Whether the helper gives this name no key, because the file could not be removed. */
  readonly isShut: boolean;
  readonly sshd: ProbeResult<SshdFacts>;
  readonly pam: ProbeResult<PamFacts>;
  /** The newest first. */
  readonly logins: ProbeResult<readonly LoginRecord[]>;
  /** Sessions that the key opened here lately; null where no key is asked about. */
  readonly used: ProbeResult<ProofOfUse> | null;
}
