// The tables of the state database, as migrations: the n-th brings `user_version` n-1 to n, and none is ever edited.

/**
 * Kinds of history that are many and never counted; a query that says so finds the rest by an index. A migration has
 * it, so it is never edited either.
 */
export const NOT_COUNTED =
  "kind NOT IN ('account-create', 'group-create', 'home-create', 'keys-write', 'member-add')";

/** Run in order, each in its own transaction together with the new user_version. */
export const MIGRATIONS: readonly string[] = [
  `
  -- The last good record of every SCIM id.
  CREATE TABLE record (
    kind         TEXT NOT NULL CHECK (kind IN ('User', 'Group')),
    id           TEXT NOT NULL,
    body         TEXT NOT NULL,             -- UserRecord or GroupRecord as JSON
    digest       TEXT NOT NULL,             -- SHA-256 of body
    confirmed_at INTEGER NOT NULL,          -- epoch seconds, coarse: see confirmation.ts
    missing      INTEGER NOT NULL DEFAULT 0, -- complete passes in a row that did not list it
    absent       INTEGER NOT NULL DEFAULT 0, -- 1: its absence is established
    PRIMARY KEY (kind, id)
  ) WITHOUT ROWID;

  -- Members that a group no longer lists, while it is not confirmed that they left.
  CREATE TABLE missing_member (
    group_id TEXT NOT NULL,
    user_id  TEXT NOT NULL,
    missing  INTEGER NOT NULL,
    PRIMARY KEY (group_id, user_id)
  ) WITHOUT ROWID;

  -- Resources of which something was refused, and why.
  CREATE TABLE quarantine (
    kind     TEXT NOT NULL,
    id       TEXT NOT NULL,
    findings TEXT NOT NULL,                 -- Finding[] as JSON
    since    INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
  ) WITHOUT ROWID;

  -- The ledger: which name and id belong to which SCIM id. Rows are never deleted.
  CREATE TABLE binding (
    kind      TEXT NOT NULL CHECK (kind IN ('account', 'group')),
    scim_id   TEXT NOT NULL,
    name      TEXT NOT NULL,
    id        INTEGER NOT NULL,
    gid       INTEGER,
    home      TEXT,
    bound_at  INTEGER NOT NULL,
    closed_at INTEGER,
    PRIMARY KEY (kind, scim_id),
    UNIQUE (kind, name),
    UNIQUE (kind, id)
  ) WITHOUT ROWID;
  CREATE TRIGGER binding_is_kept BEFORE DELETE ON binding
  BEGIN SELECT RAISE(ABORT, 'ledger rows are never deleted'); END;

  CREATE TABLE pass (
    n          INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at INTEGER NOT NULL,            -- epoch seconds
    report     TEXT NOT NULL                -- PassReport as JSON
  );

  -- What was done to which person or group.
  CREATE TABLE history (
    pass    INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    scim_id TEXT,
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    because TEXT NOT NULL,
    problem TEXT                            -- null: done
  );
  CREATE INDEX history_by_name ON history (name, at);
  CREATE INDEX history_by_time ON history (at);

  -- Sets of changes that the guard holds, and since when.
  CREATE TABLE held (hash TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;
  `,
  `
  -- The former SCIM ids of people and groups that were given new ones (rebind): which binding moved, when and by whom.
  -- Rows are never deleted.
  CREATE TABLE rebinding (
    kind    TEXT NOT NULL CHECK (kind IN ('account', 'group')),
    old_id  TEXT NOT NULL,
    new_id  TEXT NOT NULL,
    name    TEXT NOT NULL,
    id      INTEGER NOT NULL,
    at      INTEGER NOT NULL,               -- epoch seconds
    by      TEXT NOT NULL,
    PRIMARY KEY (kind, old_id, new_id, at)
  ) WITHOUT ROWID;
  CREATE TRIGGER rebinding_is_kept BEFORE DELETE ON rebinding
  BEGIN SELECT RAISE(ABORT, 'ledger rows are never deleted'); END;
  `,
  `
  -- What the key parser of that version made of a User's keys; good only for the body of that digest.
  CREATE TABLE key_reading (
    user_id  TEXT PRIMARY KEY,
    digest   TEXT NOT NULL,                 -- as in record
    version  INTEGER NOT NULL,              -- KEY_READER_VERSION
    readings TEXT NOT NULL                  -- KeyReading[] as JSON
  ) WITHOUT ROWID;
  `,
  `
  -- For the guard, which asks in every pass what was taken away lately; what the first pass gives is no part of it.
  CREATE INDEX history_of_losses ON history (kind, at) WHERE ${NOT_COUNTED};
  `,
  `
  -- No query needs them that could not as well read all of it, and they made up most of what a first pass writes and of
  -- what every start checks.
  DROP INDEX history_by_name;
  DROP INDEX history_by_time;
  `,
  `
  -- Accounts and groups of a former publisher that no record of the store takes over, and what an operator decided.
  CREATE TABLE inherited (
    kind       TEXT NOT NULL CHECK (kind IN ('account', 'group')),
    name       TEXT NOT NULL,
    id         INTEGER NOT NULL,
    line       BLOB NOT NULL,               -- of passwd(5) or group(5)
    keys       BLOB,                        -- of sshkey.cache
    fate       TEXT NOT NULL CHECK (fate IN ('undecided', 'keep', 'retire', 'drop')),
    decided_at INTEGER NOT NULL,            -- epoch seconds
    by         TEXT NOT NULL,
    PRIMARY KEY (kind, name)
  ) WITHOUT ROWID;
  `,
  `
  -- Whose key file had a key first, recorded when the key leaves the file or others list it too.
  CREATE TABLE first_owner (
    fingerprint TEXT PRIMARY KEY,            -- SHA256:...
    scim_id     TEXT NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- What an auditor asks of a change beside kind, name and reason; and up to where events were written.
  ALTER TABLE history ADD COLUMN detail TEXT; -- Evidence as JSON; null: none, or a row of an older build
  -- history: a rowid of it, and none of what an older build did; audit: bytes of the audit trail.
  CREATE TABLE emitted AS
    SELECT 'history' AS stream, coalesce(max(rowid), 0) AS upto FROM history UNION ALL SELECT 'audit', 0;
  `,
  `
  -- What sunk-agent made in Slurm: nothing else is changed there.
  CREATE TABLE slurm_owned (
    kind     TEXT NOT NULL CHECK (kind IN ('account', 'user')),
    name     TEXT NOT NULL,                  -- as Slurm has it
    scim_id  TEXT NOT NULL,                  -- of the group or person
    owned_at INTEGER NOT NULL,               -- epoch seconds
    PRIMARY KEY (kind, name)
  ) WITHOUT ROWID;
  `,
  `
  -- The same by cluster: a name in one is not that name in another. slurm_owned keeps the rows of before.
  CREATE TABLE slurm_cluster_owned (
    cluster  TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('account', 'user')),
    name     TEXT NOT NULL,
    scim_id  TEXT NOT NULL,
    owned_at INTEGER NOT NULL,
    PRIMARY KEY (cluster, kind, name)
  ) WITHOUT ROWID;
  ALTER TABLE slurm_owned ADD COLUMN cluster TEXT; -- null: not decided; empty: not known; else it is there as well
  `,
];

/** What this build asks of each table; a file that cannot answer is damaged. */
export const TABLES: ReadonlyMap<string, readonly string[]> = new Map([
  ['record', ['kind', 'id', 'body', 'digest', 'confirmed_at', 'missing', 'absent']],
  ['missing_member', ['group_id', 'user_id', 'missing']],
  ['quarantine', ['kind', 'id', 'findings', 'since']],
  ['binding', ['kind', 'scim_id', 'name', 'id', 'gid', 'home', 'bound_at', 'closed_at']],
  ['pass', ['n', 'started_at', 'report']],
  ['history', ['pass', 'at', 'scim_id', 'kind', 'name', 'because', 'problem', 'detail']],
  ['emitted', ['stream', 'upto']],
  ['held', ['hash', 'since']],
  ['rebinding', ['kind', 'old_id', 'new_id', 'name', 'id', 'at', 'by']],
  ['inherited', ['kind', 'name', 'id', 'line', 'keys', 'fate', 'decided_at', 'by']],
  ['first_owner', ['fingerprint', 'scim_id']],
  ['slurm_owned', ['kind', 'name', 'scim_id', 'owned_at', 'cluster']],
  ['slurm_cluster_owned', ['cluster', 'kind', 'name', 'scim_id', 'owned_at']],
  ['key_reading', ['user_id', 'digest', 'version', 'readings']],
]);
