// A store that no longer sends `active`: it enables no account, on a new node and on one that 0.1.0 left.
import Database from 'better-sqlite3';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestOf } from '../../../src/state/record-index.ts';
import {
  type Company,
  type InProcessRoot,
  makeCompany,
  makeInProcessRoot,
} from '../../support/nodes/in-process-root.ts';

const HOUR = 3_600_000;
const NOW = Date.now();
let node: InProcessRoot;

beforeEach(() => {
  node = makeInProcessRoot('limits: { max_loss: { share: 1 } }');
});
afterEach(() => node.remove());

/** The first `count` people have this `active`. */
function setActive(company: Company, count: number, active: boolean | null | undefined): void {
  for (const person of company.people.slice(0, count)) {
    if (active === undefined) delete person.active;
    else person.active = active;
  }
}

const enabled = (): string[] => Object.keys(node.keyFiles()).sort();
const others = ['person12', 'person13', 'person14', 'person15'];

test.each([[undefined], [null]])(
  'twelve inactive people stay so when active is %s, and status says it',
  async (gone) => {
    const company = makeCompany(16);
    await node.sync(company, NOW);
    setActive(company, 12, false);
    await node.sync(company, NOW + HOUR);
    expect(enabled()).toEqual(others);
    setActive(company, 16, gone);
    for (const hours of [2, 3, 4]) {
      const report = await node.sync(company, NOW + hours * HOUR);
      expect(report.changes).toMatchObject({ planned: 0, held: 0 });
      expect(report.fetched?.warnings).toMatchObject([
        { code: 'active-missing', detail: expect.stringContaining('12 inactive users') as string },
      ]);
      expect(enabled()).toEqual(others);
    }
    // One explicit value enables that person alone.
    setActive(company, 1, true);
    await node.sync(company, NOW + 5 * HOUR);
    expect(enabled()).toEqual(['person0', ...others]);
  },
);

test('new people without active are active', async () => {
  const company = makeCompany(3);
  setActive(company, 3, undefined);
  await node.sync(company, NOW);
  expect(enabled()).toEqual(['person0', 'person1', 'person2']);
});

test('many people who are active again wait for approval, and stay disabled in the ledger too', async () => {
  const company = makeCompany(16);
  await node.sync(company, NOW);
  setActive(company, 12, false);
  await node.sync(company, NOW + HOUR);
  setActive(company, 12, true);
  for (const hours of [2, 3]) {
    const report = await node.sync(company, NOW + hours * HOUR);
    expect(report.held).toMatchObject([
      {
        actsAt: null,
        reason:
          '12 of 16 accounts would be enabled again within 24 h; limits.max_gain.enabled_again allows 3',
      },
    ]);
    expect(enabled()).toEqual(others);
    expect(node.line('etc/shadow', 'person0')).toMatch(/:1:$/);
  }
  expect(closedInLedger()).toBe(12);
});

/** As 0.1.0 stored them: a missing `active` taken for true, and no report that a later build would have written. */
function makeFirstRelease(): void {
  const database = new Database(path.join(node.state, 'mirror.sqlite'));
  database.prepare('UPDATE pass SET report = replace(report, \'"missed":\', \'"left":\')').run();
  database.close();
}

/** The record says active, as 0.1.0 wrote it where the store had stopped to send it on a frozen node. */
function takeForActive(id: string): void {
  const database = new Database(path.join(node.state, 'mirror.sqlite'));
  const row = database.prepare('SELECT body FROM record WHERE id = ?').get(id) as { body: string };
  const body = JSON.stringify({ ...(JSON.parse(row.body) as object), active: true });
  database.prepare('UPDATE record SET body = ?, digest = ? WHERE id = ?').run(body, digestOf(body), id);
  database.close();
}

function closedInLedger(): number {
  const database = new Database(path.join(node.state, 'mirror.sqlite'), { readonly: true });
  const found = database.prepare('SELECT count(*) AS n FROM binding WHERE closed_at IS NOT NULL').get();
  database.close();
  return (found as { n: number }).n;
}

test('a record of 0.1.0 without an explicit value counts by the state of the account, if nothing else explains it', async () => {
  const company = makeCompany(6);
  await node.sync(company, NOW);
  // Of these, the first was inactive, the second left the access group.
  setActive(company, 1, false);
  company.users.splice(1, 1);
  await node.sync(company, NOW + HOUR);
  expect(closedInLedger()).toBe(2);
  makeFirstRelease();
  takeForActive('u-person0');
  setActive(company, 6, undefined);
  company.users.push('person1');
  await node.sync(company, NOW + 2 * HOUR);
  expect(enabled()).toEqual(['person1', 'person2', 'person3', 'person4', 'person5']);
  await node.sync(company, NOW + 3 * HOUR);
  expect(enabled()).not.toContain('person0');
  // From then on the stored value is the store's own: who left the group and is back is not taken for inactive.
  company.users.splice(company.users.indexOf('person2'), 1);
  await node.sync(company, NOW + 4 * HOUR);
  company.users.push('person2');
  await node.sync(company, NOW + 5 * HOUR);
  expect(enabled()).toContain('person2');
});
