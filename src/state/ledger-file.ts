// The file of `sunk-agent ledger export`: one strict schema, since a file from elsewhere decides over uids.
import * as z from 'zod';
import { AgentError } from '../common/errors.ts';
import { FATES } from '../policy/inherited/inherited.ts';
import type { LedgerExport } from '../policy/ledger/ledger-export.ts';

/** The export of 100,000 people has 25 MB. */
const MAX_BYTES = 256 * 1024 * 1024;
const KIND = 'sunk-agent-ledger';

const kind = z.enum(['account', 'group']);
const posixId = z.int().min(0).max(0xffffffff);
const epoch = z.int().min(0).max(0xffffffffff);
/** As the store's ids are judged: well-formed, without control characters. */
const scimId = z
  .string()
  .min(1)
  .max(256)
  .refine((id) => id.isWellFormed() && !/[\p{Cc}\ufffd]/u.test(id), 'a SCIM id');
const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, 'a POSIX name');
// oxlint-disable-next-line no-control-regex -- a line end or NUL would add a line
const line = z
  .string()
  .max(65_536)
  .regex(/^[^\n\r\0]*$/, 'one line');
const operator = z.string().max(256);

const schema = z.strictObject({
  kind: z.literal(KIND),
  schema_version: z.literal(1),
  exported_at: epoch,
  bindings: z.array(
    z.strictObject({
      kind,
      scim_id: scimId,
      name,
      id: posixId,
      gid: posixId.nullable(),
      home: line.max(4096).nullable(),
      bound_at: epoch,
      disabled_at: epoch.nullable(),
    }),
  ),
  former: z.array(z.strictObject({ kind, from: scimId, to: scimId, name, id: posixId })),
  inherited: z.array(
    z
      .strictObject({
        kind,
        name: z
          .string()
          .max(64)
          .regex(/^[^:,\s\p{Cc}]+$/u, 'a name'),
        id: posixId.min(1000),
        line,
        keys: line.nullable(),
        fate: z.enum(FATES),
        decided_at: epoch,
        by: operator,
      })
      .refine(isOfLine, 'a line of that very name and id'),
  ),
});

/** What is decided by name and id must not publish another line. */
function isOfLine(row: {
  kind: 'account' | 'group';
  name: string;
  id: number;
  line: string;
  keys: string | null;
}) {
  const fields = row.line.split(':');
  const isWhole = fields.length === (row.kind === 'account' ? 7 : 4);
  const isOwnKeys = row.keys === null || row.keys.startsWith(`${row.name}:`);
  return isWhole && fields[0] === row.name && fields[2] === String(row.id) && isOwnKeys;
}

/** @param now epoch seconds. */
export function renderLedger({ bindings, former, inherited }: LedgerExport, now: number): string {
  const file: z.infer<typeof schema> = {
    kind: KIND,
    schema_version: 1,
    exported_at: now,
    bindings: bindings.map((one) => ({
      kind: one.kind,
      scim_id: one.scimId,
      name: one.name,
      id: one.id,
      gid: one.gid,
      home: one.home,
      bound_at: one.boundAt,
      disabled_at: one.disabledAt,
    })),
    former: former.map((one) => ({ kind: one.kind, from: one.from, to: one.to, name: one.name, id: one.id })),
    inherited: inherited.map(({ decidedAt, ...row }) => ({ ...row, decided_at: decidedAt })),
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}

/**
 * @param file used in messages only.
 * @throws AgentError refused: it is no export of this version, or something in it is not what it should be.
 */
export function parseLedger(text: string, file: string): LedgerExport {
  if (text.length > MAX_BYTES) throw new AgentError('refused', `${file} is larger than any ledger`);
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw new AgentError('refused', `${file} is no export of a ledger: it is not JSON`, {
      cause,
      hint: 'sunk-agent ledger export makes one; a passwd.cache is for sunk-agent import FILE --keep-uids',
    });
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
    throw new AgentError(
      'refused',
      `${file} is no export of a ledger of this version${where}: ${issue?.message ?? ''}`,
      {
        hint: 'make it with sunk-agent ledger export, and change nothing in it',
      },
    );
  }
  const { bindings, former, inherited } = parsed.data;
  return {
    bindings: bindings.map(({ scim_id: id, bound_at: boundAt, disabled_at: disabledAt, ...rest }) => ({
      ...rest,
      scimId: id,
      boundAt,
      disabledAt,
    })),
    former,
    inherited: inherited.map(({ decided_at: decidedAt, ...row }) => ({ ...row, decidedAt })),
  };
}
