// The audit trail: the acts of operators, one JSON line each, outside the database so that it survives the loss of that.
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { parseTimestamp } from '../../common/text/timestamp.ts';
import { syncToDisk } from '../../host/fs/durable.ts';
import type { Paths } from '../../common/paths.ts';
import { toHostWrite } from '../../common/system-error.ts';
import { operatorName } from '../overrides/operator-files.ts';

/** The acts of an operator on a node. */
export const ACTS = [
  'approve',
  'block',
  'unblock',
  'freeze',
  'thaw',
  'import',
  'rebind',
  'extend',
  'grant',
  'grant-end',
  'forget',
  'doctor-fix',
  'trial',
] as const;

const entrySchema = z.object({
  /** When, RFC 3339 in UTC. */
  at: z.string().refine((at) => parseTimestamp(at) !== null),
  /** The operator, as `operatorName` has it. */
  operator: z.string(),
  act: z.enum(ACTS),
  /** The target: a name, a SCIM id, a fingerprint, a hash; empty: the whole node. */
  subject: z.string(),
  /** One phrase: the act in detail and its result; may be empty. */
  detail: z.string(),
  /** The person that it concerns, where the command knew one; older entries have none. */
  scimId: z.string().nullable().optional(),
  /** Who logged in, whatever su(1) or sudo(8) came after: /proc/self/loginuid; null: no login. Older entries have none. */
  loginuid: z.int().nullable().optional(),
});

export type AuditEntry = z.infer<typeof entrySchema>;
export type Act = AuditEntry['act'];

export interface AuditTrail {
  /** In the order of the file, the oldest first. */
  readonly entries: readonly AuditEntry[];
  /** Lines that are no entry: cut short by a crash, or written by another program. */
  readonly unreadable: number;
}

/** Longer subjects and phrases are cut, so that one write(2) writes a line. */
const MAX_TEXT = 1000;

/**
 * Appends one act and syncs it to disk before it returns. The file is created with mode 0640 and only appended to; a
 * line that a crash cut short is ended first, so that it spoils no other.
 * @param operator by default the user who runs this command.
 * @throws AgentError host_write. A revocation goes on and reports it.
 */
export function recordAct(
  paths: Pick<Paths, 'audit'>,
  act: {
    readonly act: Act;
    readonly subject: string;
    readonly detail: string;
    readonly scimId?: string | null;
  },
  operator: string = operatorName(),
  now: Date = new Date(),
): void {
  const entry: AuditEntry = {
    at: now.toISOString(),
    operator,
    act: act.act,
    subject: act.subject.slice(0, MAX_TEXT),
    detail: act.detail.slice(0, MAX_TEXT),
    ...(act.scimId === undefined ? {} : { scimId: act.scimId }),
    loginuid: readLoginUid(),
  };
  try {
    append(paths.audit, `${JSON.stringify(entry)}\n`);
  } catch (cause) {
    throw toHostWrite(`cannot write the audit trail ${paths.audit}`, cause);
  }
}

/** pam_loginuid(8); null: none is set, or the kernel has none. */
function readLoginUid(): number | null {
  try {
    const uid = Number(readFileSync('/proc/self/loginuid', 'utf8'));
    return uid === UNSET ? null : uid;
  } catch {
    return null;
  }
}

/** (uid_t)-1 */
const UNSET = 4_294_967_295;

function append(file: string, line: string): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  const fd = openSync(file, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o640);
  try {
    const { size, uid } = fstatSync(fd);
    if (uid !== process.geteuid?.()) throw new Error(`it belongs to uid ${uid}`);
    if (size === 0) fchmodSync(fd, 0o640);
    const bytes = Buffer.from(endsOpen(fd, size) ? `\n${line}` : line);
    if (writeSync(fd, bytes) !== bytes.length) throw new Error('the disk is full');
    fsyncSync(fd);
    // A new file survives a crash only if its directory entry is on disk.
    if (size === 0) syncToDisk(path.dirname(file));
  } finally {
    closeSync(fd);
  }
}

function endsOpen(fd: number, size: number): boolean {
  const last = Buffer.alloc(1);
  return size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
}

/**
 * The entries behind that many bytes, and how many bytes were read in all; a trail that is shorter by now was rotated, and
 * is read from its beginning. A last line without its end is left for the next time.
 */
export function readAuditFrom(
  paths: Pick<Paths, 'audit'>,
  offset: number,
): { readonly entries: readonly AuditEntry[]; readonly end: number } {
  let fd: number;
  try {
    fd = openSync(paths.audit, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { entries: [], end: 0 };
    throw toHostWrite(`cannot read the audit trail ${paths.audit}`, error);
  }
  try {
    const { size } = fstatSync(fd);
    const from = offset > size ? 0 : offset;
    const bytes = Buffer.alloc(size - from);
    const whole = bytes.subarray(
      0,
      bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, from)).lastIndexOf(0x0a) + 1,
    );
    const lines = whole.toString('utf8').split('\n');
    return { entries: lines.flatMap((line) => parseLine(line) ?? []), end: from + whole.length };
  } finally {
    closeSync(fd);
  }
}

/** Reads the whole trail; a missing file is an empty trail. */
export function readAudit(paths: Pick<Paths, 'audit'>): AuditTrail {
  const entries: AuditEntry[] = [];
  let unreadable = 0;
  for (const line of readLines(paths.audit)) {
    const entry = parseLine(line);
    if (entry === null) unreadable += 1;
    else entries.push(entry);
  }
  return { entries, unreadable };
}

function parseLine(line: string): AuditEntry | null {
  try {
    return entrySchema.safeParse(JSON.parse(line)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw toHostWrite(`cannot read the audit trail ${file}`, error);
  }
}
