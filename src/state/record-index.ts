// The records as the policy works with them, parsed once and kept in memory for as long as no other process writes.
import { hash } from 'node:crypto';
import { KEY_READER_VERSION, type KeyReading, readKeys } from '../policy/keys/ssh-key.ts';
import type { GroupRecord, ResourceKind, UserRecord } from '../protocol/records.ts';
import type { Connection } from './database.ts';

/** A record as it lies in the table, and what the running take knows of it. */
export interface Row<R> {
  readonly record: R;
  /** SHA-256 of the body. */
  readonly digest: string;
  /** Epoch seconds; 0: never in a sound record. */
  readonly confirmedAt: number;
  /** Complete syncs in a row that did not list it. */
  readonly missing: number;
  readonly absent: boolean;
  /** Number of the batch that ingested it last. */
  listedBy: number;
}

/** A User, whose keys are parsed when they are first asked for: many users are in no access group. */
export class UserRow implements Row<UserRecord> {
  readonly record: UserRecord;
  readonly digest: string;
  confirmedAt: number;
  missing: number;
  absent: boolean;
  listedBy: number;
  /** null: not read yet. */
  #readings: readonly KeyReading[] | null;
  readonly #fresh: UserRow[];

  /** @param fresh where the row puts itself when it had to read its keys, to be stored. */
  constructor(fields: Row<UserRecord>, readings: readonly KeyReading[] | null, fresh: UserRow[]) {
    this.record = fields.record;
    this.digest = fields.digest;
    this.confirmedAt = fields.confirmedAt;
    this.missing = fields.missing;
    this.absent = fields.absent;
    this.listedBy = fields.listedBy;
    this.#readings = readings;
    this.#fresh = fresh;
  }

  get readings(): readonly KeyReading[] {
    if (this.#readings === null) {
      this.#readings = readKeys(this.record.keys);
      this.#fresh.push(this);
    }
    return this.#readings;
  }
}

export interface RecordIndex {
  readonly User: ReadonlyMap<string, UserRow>;
  readonly Group: ReadonlyMap<string, Row<GroupRecord>>;
  /** Takes the place of a row that is there, or adds one. */
  putUser(row: Row<UserRecord>): void;
  putGroup(row: Row<GroupRecord>): void;
  /** Equal for equal records, in whatever order they came; the absent do not count. */
  hash(): string;
  /**
   * Stores what was read of keys since the last time. At 10,000 people a new process reads RSA keys 0.2 s sooner so, and
   * Ed25519 keys 0.13 s.
   */
  saveReadings(): void;
}

/** SHA-256 of a body. */
export function digestOf(body: string): string {
  return hash('sha256', body, 'base64url');
}

interface StoredRow {
  id: string;
  body: string;
  digest: string;
  confirmed_at: number;
  missing: number;
  absent: number;
  readings: string | null;
}

/** Reads all records. */
export function loadRecordIndex(connection: Connection): RecordIndex {
  const users = new Map<string, UserRow>();
  const groups = new Map<string, Row<GroupRecord>>();
  const sum = createSum();
  const fresh: UserRow[] = [];

  const count = (before: Row<unknown> | undefined, row: Row<unknown>): void => {
    if (before !== undefined && !before.absent) sum.subtract(before.digest);
    if (!row.absent) sum.add(row.digest);
  };
  const rows = connection.prepare<[number, ResourceKind], StoredRow>(
    'SELECT id, body, record.digest AS digest, confirmed_at, missing, absent, readings FROM record ' +
      'LEFT JOIN key_reading ON user_id = id AND key_reading.digest = record.digest AND version = ? WHERE kind = ?',
  );
  for (const stored of rows.iterate(KEY_READER_VERSION, 'User')) {
    const row = parseRow<UserRecord>(stored);
    if (row === null) continue;
    const user = new UserRow(row, parseReadings(stored.readings), fresh);
    count(undefined, user);
    users.set(stored.id, user);
  }
  for (const stored of rows.iterate(KEY_READER_VERSION, 'Group')) {
    const row = parseRow<GroupRecord>(stored);
    if (row === null) continue;
    count(undefined, row);
    groups.set(stored.id, row);
  }

  return {
    User: users,
    Group: groups,
    putUser(row) {
      const before = users.get(row.record.id);
      count(before, row);
      if (before?.digest !== row.digest) users.set(row.record.id, new UserRow(row, null, fresh));
      // An equal body has equal keys, so what was read of them stays.
      else Object.assign(before, { confirmedAt: row.confirmedAt, missing: row.missing, absent: row.absent });
    },
    putGroup(row) {
      count(groups.get(row.record.id), row);
      groups.set(row.record.id, row);
    },
    hash: () => sum.hash(),
    saveReadings() {
      if (fresh.length === 0) return;
      const save = connection.prepare('INSERT OR REPLACE INTO key_reading VALUES (?, ?, ?, ?)');
      connection.transaction(() => {
        for (const row of fresh) {
          // Meanwhile the record may have been replaced, or the row saved.
          if (users.get(row.record.id) !== row) continue;
          save.run(row.record.id, row.digest, KEY_READER_VERSION, JSON.stringify(row.readings));
        }
      })();
      fresh.length = 0;
    },
  };
}

/**
 * null for a body that is not the one of its digest: SQLite has no checksums, so a bit that fell over on the disk is
 * found here. Nothing is known of that record then until the store is next read whole.
 */
function parseRow<R>({ body, digest, confirmed_at: confirmedAt, missing, absent }: StoredRow): Row<R> | null {
  if (digestOf(body) !== digest) return null;
  return { record: JSON.parse(body) as R, digest, confirmedAt, missing, absent: absent === 1, listedBy: 0 };
}

function parseReadings(text: string | null): readonly KeyReading[] | null {
  try {
    return text === null ? null : (JSON.parse(text) as KeyReading[]);
  } catch {
    return null;
  }
}

/** The sum of digests, word by word modulo 2^32: it does not depend on the order, and one record's change is cheap. */
function createSum() {
  const words = new Uint32Array(8);
  const move = (digest: string, sign: 1 | -1): void => {
    const bytes = Buffer.from(digest, 'base64url');
    for (let word = 0; word < 8; word += 1) {
      words[word] = (words[word] ?? 0) + sign * bytes.readUInt32LE(word * 4);
    }
  };
  return {
    add: (digest: string) => move(digest, 1),
    subtract: (digest: string) => move(digest, -1),
    hash: () => hash('sha256', words, 'hex').slice(0, 16),
  };
}
