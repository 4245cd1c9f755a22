// The input of all judges: gathered once, plain data, the same in a test as on a node.
import type { Config } from '../../config/config.ts';
import type { HelperOutput } from '../../host/keys/helper-output.ts';
import type { HomeProbe } from '../../host/homes/home-probe.ts';
import type { LoginRecord } from '../../host/sshd/login-records.ts';
import type { NameServiceAnswer } from '../../host/nss/name-service.ts';
import type { PamAnswer } from '../../host/probes/pam-account.ts';
import type { SshdFinding, SshdSettings } from '../../host/sshd/sshd-findings.ts';
import type { QuarantineRow } from '../../state/stored-records.ts';
import type { HistoryRow } from '../../state/syncs/sync-log.ts';
import type { ActualAccount } from '../../plan/actual.ts';
import type { HeldSet } from '../../plan/guard/guard-model.ts';
import type { DisabledBecause, DesiredAccount, Refusal } from '../../policy/model.ts';
import type { Succession } from '../../policy/ledger/succession.ts';
import type { PasswdEntry } from '../../policy/posix.ts';
import type { GroupRecord, UserRecord } from '../../protocol/records.ts';
import type { ProofOfUse } from '../../agent/report/proof-of-use.ts';
import type { Status } from '../../agent/report/status.ts';
import type { ProbeResult } from '../probe.ts';

/** A group of `access.groups`, as the store has it. */
export interface GroupFacts {
  readonly name: string;
  /** The id that the configuration pins; null: the group is found by its name. */
  readonly pinned: string | null;
  readonly found: GroupRecord | null;
  /** Names at the store that differ from it by case, blanks, dashes or underscores alone. */
  readonly lookalikes: readonly string[];
  readonly listsPerson: boolean;
  /** Until when a grant alone makes the person a member, and whose; null: the store does, or nothing does. */
  readonly grant: { readonly until: number; readonly by: string } | null;
}

/** One key of the record, or of an override. */
export interface KeyFacts {
  /** null: it cannot be computed. */
  readonly fingerprint: string | null;
  readonly type: string | null;
  /** Why the policy refuses it; null: it is accepted. */
  readonly refusal: Pick<Refusal, 'code' | 'detail'> | null;
}

export interface BlockFacts {
  readonly source: 'block-list' | 'overrides';
  /** The remark of the block list, or that the configuration blocks. */
  readonly detail: string;
}

/** What state database, policy and plan know of one person. */
export interface PersonFacts {
  readonly record: UserRecord;
  readonly absent: boolean;
  /** Epoch seconds; 0: never. */
  readonly confirmedAt: number;
  readonly quarantine: QuarantineRow | null;
  readonly disabled: DisabledBecause | null;
  /** null: no operator blocked this person. */
  readonly block: BlockFacts | null;
  readonly groups: readonly GroupFacts[];
  readonly desired: DesiredAccount | null;
  /** What the policy refused of this person. */
  readonly refusals: readonly Refusal[];
  /** Moves of the ledger that would give this person, or a group of theirs, what belonged to a SCIM id that is gone. */
  readonly successions: readonly Succession[];
  /** How this user gets an account name although the one of the store is refused; null: it is not. */
  readonly nameAdvice: string | null;
  /** Refusals without a SCIM id, such as a managed group that has another owner. */
  readonly commonRefusals: readonly Refusal[];
  readonly actual: ActualAccount | null;
  /** What the guard holds of this person's changes. */
  readonly held: readonly HeldSet[];
  /** The newest change that failed in the newest sync that changed anything; null: none. */
  readonly problem: HistoryRow | null;
  readonly keys: readonly KeyFacts[];
}

export interface SshdFacts {
  /** For this very person. */
  readonly settings: SshdSettings | null;
  readonly findings: readonly SshdFinding[];
  /** Whether the drop-in of sunk-agent is in place, whether or not sshd reads it. */
  readonly hasDropIn: boolean;
}

export interface PamFacts {
  readonly answer: PamAnswer;
  /** The file that denies each login but root's (nologin(5)); null: there is none. */
  readonly nologin: string | null;
}

export interface ShellFacts {
  readonly shell: string;
  readonly fault: string | null;
}

/** What the node itself answers about one account name. */
export interface HostFacts {
  /** Whether the daemon runs; null where that cannot be told. */
  readonly isDaemonUp: boolean | null;
  /** What the canary's login showed lately; null: none is tried on a node like this one. */
  readonly loginPath: Status['loginPath'];
  /** A line of the node's own passwd(5) with that name; null: none. */
  readonly local: PasswdEntry | null;
  readonly names: ProbeResult<NameServiceAnswer>;
  /** How another name service knows this account otherwise, as the agent's last hourly round found; null: it does not. */
  readonly conflict: string | null;
  readonly shell: ProbeResult<ShellFacts>;
  readonly home: ProbeResult<HomeProbe>;
  /** Text of the key file; null: there is none. */
  readonly keyFile: ProbeResult<string | null>;
  /** Why its reader cannot read it, with path and mode; null: it can, or that is not known. */
  readonly unreadable: string | null;
  readonly helper: ProbeResult<HelperOutput>;
  /** Whether the deny list names the account: its key file could not be removed, so the helper prints no key. */
  readonly isDenied: boolean;
  readonly sshd: ProbeResult<SshdFacts>;
  readonly pam: ProbeResult<PamFacts>;
  /** The newest first. */
  readonly logins: ProbeResult<readonly LoginRecord[]>;
}

export interface Facts extends HostFacts {
  /** Epoch seconds. */
  readonly now: number;
  /** The NAME of the command line. */
  readonly question: string;
  /** The POSIX name, as far as one is known. */
  readonly name: string | null;
  /** The address that the user connects from; null: not said, so rules about addresses are told and not judged. */
  readonly from: string | null;
  /** The one key of the question; null: all. */
  readonly fingerprint: string | null;
  readonly config: Config;
  readonly status: ProbeResult<Status>;
  /** The mount point on the way to the state that fstab names and that is not mounted; null: none. */
  readonly unmounted: { readonly point: string; readonly hasKeys: boolean } | null;
  /** A record that was never sound and has that name at the store; null: none. */
  readonly newcomer: QuarantineRow | null;
  /** Its value is null: the state database has no user of that name. */
  readonly person: ProbeResult<PersonFacts | null>;
  /** Recent sessions that the key opened on this node; null where the question names no key. */
  readonly used: ProbeResult<ProofOfUse> | null;
}
