// What sunk-agent made in Slurm, by cluster, and rows of builds that recorded none.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MIGRATIONS } from '../../../src/state/schema.ts';
import { openStateDatabase, type StateDatabase, viewState } from '../../../src/state/state.ts';

const NOW = 1_800_000_000;
/** How many migrations a build had before that table. */
const before = (table: string): number => MIGRATIONS.findIndex((text) => text.includes(table));
/** As that build wrote them. */
const INSERT =
  "INSERT INTO slurm_owned (kind, name, scim_id, owned_at) VALUES ('account', ?, ?, 7) " +
  'ON CONFLICT (kind, name) DO UPDATE SET scim_id = excluded.scim_id';
const ML = { kind: 'account', name: 'ml', scimId: 'g-ml' } as const;
const BIO = { kind: 'account', name: 'bio', scimId: 'g-bio' } as const;

let base: string;
let directory: string;
beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'state-'));
  directory = path.join(base, 'cache');
});
afterEach(() => rmSync(base, { recursive: true }));

function withState<T>(work: (state: StateDatabase) => T): T {
  const state = openStateDatabase(directory, NOW, 'this node');
  expect(state.setAside).toBeNull();
  try {
    return work(state);
  } finally {
    state.close();
  }
}

/** A build of so many migrations opens the file. */
function openBefore<T>(migrations: number, work: (connection: Database.Database) => T): T {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const mask = process.umask(0o077);
  const connection = new Database(path.join(directory, 'mirror.sqlite'));
  process.umask(mask);
  try {
    for (let n = Number(connection.pragma('user_version', { simple: true })); n < migrations; n += 1) {
      connection.exec(MIGRATIONS[n] ?? '');
      connection.pragma(`user_version = ${n + 1}`);
    }
    return work(connection);
  } finally {
    connection.close();
  }
}

/** The build before writes these accounts. */
function writeBefore(names: readonly string[]): void {
  openBefore(before('slurm_cluster_owned'), (connection) => {
    for (const name of names) connection.prepare(INSERT).run(name, `g-${name}`);
  });
}

function readBefore(): unknown[] {
  const all = 'SELECT name FROM slurm_owned ORDER BY name';
  return openBefore(before('slurm_cluster_owned'), (connection) => connection.prepare(all).pluck().all());
}

describe('the ledger of Slurm', () => {
  test('has a name once a cluster, with the SCIM id of last', () => {
    withState((state) => {
      state.ownSlurm(
        [
          { cluster: 'a', ...ML },
          { cluster: 'b', ...ML, scimId: 'g-2' },
        ],
        NOW,
      );
      state.ownSlurm([{ cluster: 'a', ...ML, scimId: 'g-3' }], NOW);
      expect(state.slurmOwned()).toEqual([
        { cluster: 'a', ...ML, scimId: 'g-3' },
        { cluster: 'b', ...ML, scimId: 'g-2' },
      ]);
      expect(state.slurmUnassigned()).toEqual({ names: [], isUndecided: false });
    });
  });
});

describe('rows of a build that recorded no cluster', () => {
  beforeEach(() => writeBefore(['ml', 'bio']));

  test('are kept, and managed nowhere, until they are assigned', () => {
    withState((state) => {
      expect(state.slurmOwned()).toEqual([]);
      expect(state.slurmUnassigned()).toEqual({ names: [BIO, ML], isUndecided: true });
      state.assignSlurm('a');
      expect(state.slurmOwned()).toEqual([
        { cluster: 'a', ...BIO },
        { cluster: 'a', ...ML },
      ]);
    });
    withState((state) => {
      // Once and for all.
      state.assignSlurm('b');
      expect(state.slurmUnassigned()).toEqual({ names: [], isUndecided: false });
      expect(state.slurmOwned().map(({ cluster }) => cluster)).toEqual(['a', 'a']);
    });
  });

  test('wait for an operator where the cluster is not known, row by row', () => {
    withState((state) => {
      state.assignSlurm(null);
      expect(state.slurmUnassigned()).toEqual({ names: [BIO, ML], isUndecided: false });
      state.assignSlurm('b');
      expect(state.slurmOwned()).toEqual([]);
      state.ownSlurm([{ cluster: 'a', ...ML }], NOW);
      expect(state.slurmUnassigned().names).toEqual([BIO]);
    });
  });

  test('do not replace what is recorded with its cluster', () => {
    withState((state) => {
      state.ownSlurm([{ cluster: 'a', ...ML, scimId: 'g-2' }], NOW);
      state.assignSlurm('a');
      expect(state.slurmOwned()).toEqual([
        { cluster: 'a', ...BIO },
        { cluster: 'a', ...ML, scimId: 'g-2' },
      ]);
    });
  });

  test('are there after a downgrade, and so is the rest after the next upgrade, with what came meanwhile', () => {
    withState((state) => {
      state.assignSlurm('a');
      state.ownSlurm([{ cluster: 'b', kind: 'user', name: 'alice', scimId: 'u-1' }], NOW);
    });
    expect(readBefore()).toEqual(['bio', 'ml']);
    writeBefore(['ml', 'new']);
    withState((state) => {
      expect(state.slurmOwned().map(({ cluster, name }) => `${cluster} ${name}`)).toEqual([
        'a bio',
        'a ml',
        'b alice',
      ]);
      expect(state.slurmUnassigned()).toEqual({
        names: [{ kind: 'account', name: 'new', scimId: 'g-new' }],
        isUndecided: true,
      });
    });
  });

  test('are in no view of a file that was not brought to this version', () => {
    const view = viewState(directory);
    expect(view.slurmOwned()).toEqual([]);
    expect(view.slurmUnassigned()).toEqual({ names: [], isUndecided: false });
    view.close();
  });
});

test('a file of the first release, without Slurm, has none', () => {
  openBefore(before('slurm_owned'), (connection) => connection.exec("INSERT INTO emitted VALUES ('x', 1)"));
  withState((state) => {
    expect(state.slurmOwned()).toEqual([]);
    expect(state.slurmUnassigned()).toEqual({ names: [], isUndecided: false });
  });
});
