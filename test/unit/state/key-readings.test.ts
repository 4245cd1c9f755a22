import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/state/record-index.ts';
import { openStateDatabase } from '../../../src/state/state.ts';
import { KEY_READER_VERSION, readKeys } from '../../../src/policy/keys/ssh-key.ts';
import { makeCorpus, makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';
import { makeUser } from '../../support/records/people.ts';

const NOW = 1_800_000_000;
const random = seedRandom(7);
const KEYS = [1, 2].map(
  () => `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(random)).toString('base64')} me`,
);

let directory: string;
const stateDirectory = (): string => path.join(directory, 'cache');
const open = () => openStateDatabase(stateDirectory(), NOW, 'this node');

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'readings-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function ingest(state: ReturnType<typeof open>, keys: readonly string[]): void {
  const batch = state.openBatch({ now: NOW, maxAge: null, absences: 2 });
  batch.add('User', { kind: 'good', record: makeUser('u1', { keys }), warnings: [] });
  batch.commit(true);
}

const readings = (state: ReturnType<typeof open>) => state.users()[0]?.readings;

function raw<T>(work: (database: Database.Database) => T): T {
  const database = new Database(path.join(stateDirectory(), 'mirror.sqlite'));
  try {
    return work(database);
  } finally {
    database.close();
  }
}

describe('what was read of keys', () => {
  test('is what reading them anew would say, in this process and after a restart', () => {
    const state = open();
    ingest(state, [...KEYS, 'ssh-rsa nonsense', 'command="x" ssh-ed25519 AAAA']);
    const expected = readKeys(state.users()[0]?.record.keys ?? []);
    expect(readings(state)).toEqual(expected);
    state.saveReadings();
    state.close();
    expect(raw((database) => database.prepare('SELECT count(*) FROM key_reading').pluck().get())).toBe(1);
    const again = open();
    expect(readings(again)).toEqual(expected);
    again.close();
  });

  test('is not asked for twice: a restart takes what is stored', () => {
    const state = open();
    ingest(state, KEYS);
    expect(readings(state)).toHaveLength(2);
    state.saveReadings();
    state.close();
    raw((database) => database.exec("UPDATE key_reading SET readings = '[]'"));
    const again = open();
    expect(readings(again)).toEqual([]);
    again.close();
  });

  test('is read anew by another version of the reader', () => {
    const state = open();
    ingest(state, KEYS);
    expect(readings(state)).toHaveLength(2);
    state.saveReadings();
    state.close();
    raw((database) => database.exec("UPDATE key_reading SET readings = '[]', version = version - 1"));
    const again = open();
    expect(readings(again)).toHaveLength(2);
    again.close();
  });

  test('never outlives the keys, in this process, after a restart, or past an older build that knows nothing of it', () => {
    const state = open();
    ingest(state, KEYS);
    expect(readings(state)).toHaveLength(2);
    state.saveReadings();
    ingest(state, KEYS.slice(1));
    expect(readings(state)).toEqual(readKeys(KEYS.slice(1)));
    state.close();
    const again = open();
    expect(readings(again)).toEqual(readKeys(KEYS.slice(1)));
    again.saveReadings();
    again.close();
    const body = JSON.stringify({ id: 'u1', keys: [] });
    raw((database) => database.prepare('UPDATE record SET body = ?, digest = ?').run(body, digestOf(body)));
    const later = open();
    expect(readings(later)).toEqual([]);
    later.close();
  });

  test('goes on for a record that is only confirmed anew', () => {
    const state = open();
    ingest(state, KEYS);
    const before = readings(state);
    ingest(state, KEYS);
    expect(readings(state)).toBe(before);
    state.close();
  });
});

test('a reader of keys that answers otherwise than before has a new version', () => {
  const answers = createHash('sha256');
  for (const { text } of makeCorpus(11, 2000)) answers.update(`${JSON.stringify(readKeys([text]))}\n`);
  expect({ version: KEY_READER_VERSION, answers: answers.digest('hex').slice(0, 16) }).toMatchSnapshot();
});
