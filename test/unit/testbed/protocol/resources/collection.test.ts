// The collection behind each list: its indexes agree with what is in it, and pages miss and repeat no one.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutPage } from '../../../../../src/testbed/protocol/list.ts';
import { createOrganisation } from '../../../../../src/testbed/protocol/resources/organisation.ts';
import { parseFilter } from '../../../../../src/testbed/protocol/filter/filter.ts';
import { compileFilter } from '../../../../../src/testbed/protocol/filter/match.ts';
import { selectEntries } from '../../../../../src/testbed/protocol/filter/select.ts';
import { propertyRuns } from '../../../../support/property-runs.ts';

const LIMITS = { defaultPageSize: 3, maxPageSize: 4, cursorTimeout: 60, cursorPaging: true };
const name = fc.constantFrom('a', 'A', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
const step = fc.record({
  act: fc.constantFrom('create', 'rename', 'remove'),
  which: fc.nat(),
  name,
  wait: fc.nat(3),
});

describe('a collection', () => {
  it('finds by index what looking at each entry finds, after any changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), name, fc.nat(60), (steps, asked, since) => {
        let now = 0;
        const organisation = createOrganisation({ now: () => now });
        const { users } = organisation;
        for (const { act, which, name: userName, wait } of steps) {
          now += wait;
          const entry = users.list()[which % Math.max(users.size(), 1)];
          try {
            if (act === 'create') organisation.create('User', { userName, externalId: userName });
            else if (entry !== undefined && act === 'rename')
              organisation.replace('User', entry.id, { userName });
            else if (entry !== undefined) organisation.remove('User', entry.id);
          } catch (error) {
            expect(error).toMatchObject({ scimType: 'uniqueness' });
          }
        }
        const [first] = users.list();
        const moment = new Date(since).toISOString();
        for (const text of [
          `userName eq "${asked}"`,
          `externalId eq "${asked}" and active eq true`,
          `id eq "${first?.id ?? 'none'}"`,
          `meta.lastModified gt "${moment}"`,
          `meta.lastModified lt "${moment}"`,
          `active eq true and meta.lastModified ge "${moment}"`,
        ]) {
          const filter = parseFilter(text);
          const scanned = users.list().filter((entry) => compileFilter(filter)(entry.resource));
          expect(selectEntries(users, filter).map((entry) => entry.id)).toEqual(
            scanned.map((entry) => entry.id),
          );
        }
        expect(users.list().map((entry) => entry.seq)).toEqual(
          users
            .list()
            .map((entry) => entry.seq)
            .sort((one, other) => one - other),
        );
      }),
      { numRuns: propertyRuns(300, 20_000) },
    );
  });

  it('knows what changed since a time, however often it changed', () => {
    let now = 0;
    const organisation = createOrganisation({ now: () => now });
    const { users } = organisation;
    const ids = ['a', 'b'].map((userName) => organisation.create('User', { userName }).id);
    for (now = 1; now <= 3000; now += 1)
      organisation.replace('User', ids[0]!, { userName: 'a', title: String(now) });
    organisation.replace('User', ids[1]!, { userName: 'b', title: 'x' });
    expect(users.changedSince(3001).map((entry) => entry.id)).toEqual([ids[1]]);
    expect(users.changedSince(3000).map((entry) => entry.id)).toEqual(ids);
    expect(users.changedSince(0).map((entry) => entry.id)).toEqual(ids);
  });

  it('frees a name when its bearer takes another', () => {
    const organisation = createOrganisation();
    const { users } = organisation;
    const { id } = organisation.create('User', { userName: 'old' });
    organisation.replace('User', id, { userName: 'new' });
    expect(users.find('username', 'old')).toEqual([]);
    expect(organisation.create('User', { userName: 'OLD' }).id).not.toBe(id);
  });

  it('comes whole in pages of any size, by index and by cursor', () => {
    fc.assert(
      fc.property(fc.nat(12), fc.integer({ min: 1, max: 6 }), (size, count) => {
        const organisation = createOrganisation();
        const all = Array.from(
          { length: size },
          (_, index) => organisation.create('User', { userName: `u${index}` }).id,
        );
        const byIndex: string[] = [];
        for (let start = 1; start <= size; start = byIndex.length + 1) {
          const page = cutPage(
            organisation.users,
            new URLSearchParams({ startIndex: String(start), count: String(count) }),
            LIMITS,
            0,
          );
          byIndex.push(...page.entries.map((entry) => entry.id));
        }
        const byCursor: string[] = [];
        for (let cursor: string | null = ''; cursor !== null;) {
          const page = cutPage(
            organisation.users,
            new URLSearchParams({ cursor, count: String(count) }),
            LIMITS,
            0,
          );
          byCursor.push(...page.entries.map((entry) => entry.id));
          cursor = page.nextCursor;
        }
        expect(byIndex).toEqual(all);
        expect(byCursor).toEqual(all);
      }),
    );
  });
});
