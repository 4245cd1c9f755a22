// Who had a key first, through real syncs, commands and a state database that an older version made.
import { rmSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Company,
  type InProcessRoot,
  makeCompany,
  makeInProcessRoot,
} from '../../support/nodes/in-process-root.ts';
import * as block from '../../../src/cli/operate/block.ts';
import * as unblock from '../../../src/cli/operate/unblock.ts';
import { runCommand } from '../../support/run-command.ts';

let node: InProcessRoot;
let company: Company;
const OWNER = 'person1';

beforeEach(async () => {
  node = makeInProcessRoot();
  company = makeCompany(20);
  await node.sync(company);
});
afterEach(() => node.remove());

const person = (name: string): Company['people'][number] => company.people.find((one) => one.name === name)!;
const KEY = (): string => person(OWNER).keys[0]!.split(' ')[1]!;
const holders = (): string[] =>
  Object.entries(node.keyFiles()).flatMap(([name, text]) => (text.includes(KEY()) ? [name] : []));
const database = (): string => path.join(node.state, 'mirror.sqlite');

/** person0 has the older record by the smaller SCIM id, person2 the younger one. */
describe.each(['person0', 'person2'])('a copy by %s', (copier) => {
  const copy = (): void => {
    person(copier).keys = [...person(copier).keys, person(OWNER).keys[0]!];
  };

  test('of the key of a person who is inactive for a while is served meanwhile, and then no longer', async () => {
    person(OWNER).active = false;
    await node.sync(company);
    copy();
    await node.sync(company);
    await node.sync(company);
    expect(holders()).toEqual([copier]);
    person(OWNER).active = true;
    const report = await node.sync(company);
    expect(holders()).toEqual([OWNER]);
    expect(report.refusals).toContainEqual(
      expect.objectContaining({ code: 'key-of-another', scimId: `u-${copier}` }),
    );
  });

  test('of the key of a person who is blocked by command is never served', async () => {
    expect(await runCommand(block, node.root, [OWNER])).toMatchObject({ status: 0 });
    expect(holders()).toEqual([]);
    copy();
    await node.sync(company);
    expect(holders()).toEqual([]);
    await runCommand(unblock, node.root, [OWNER]);
    expect(holders()).toEqual([OWNER]);
  });

  test('stays refused after the state database was lost, since the key files are still there', async () => {
    copy();
    await node.sync(company);
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${database()}${suffix}`, { force: true });
    await node.sync(company);
    expect(holders()).toEqual([OWNER]);
    // What the new database lacks is recorded when it is needed.
    person(OWNER).active = false;
    await node.sync(company);
    await node.sync(company);
    expect(holders()).toEqual([copier]);
    person(OWNER).active = true;
    await node.sync(company);
    expect(holders()).toEqual([OWNER]);
  });

  test('has the key for good once the first owner no longer lists it', async () => {
    const key = person(OWNER).keys[0]!;
    const [other] = makeCompany(99).people;
    copy();
    await node.sync(company);
    person(OWNER).keys = other!.keys;
    await node.sync(company);
    person(OWNER).keys = [key];
    await node.sync(company);
    expect(holders()).toEqual([copier]);
  });
});

test('nothing is recorded while no key leaves a file and none is listed twice', () => {
  const connection = new Database(database(), { readonly: true });
  try {
    expect(connection.prepare('SELECT count(*) AS rows FROM first_owner').get()).toEqual({ rows: 0 });
  } finally {
    connection.close();
  }
});
