// Names that write rows: a slurmdbd in memory prints them as the real one does, and what is read is what it has.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AskAssociations, listAssociations } from '../../../src/slurm/list-associations.ts';
import { listControllerUsers } from '../../../src/slurm/list-users.ts';

const COLUMNS = ['cluster', 'id', 'account', 'user', 'partition', 'share'];
type Row = Readonly<Record<string, string>>;

/** It prints names as they are, and takes its filters exactly. */
function makeSlurmdbd(rows: readonly Row[]): { ask: AskAssociations; count: number } {
  const slurmdbd = {
    count: 0,
    ask(format: readonly string[], filters: readonly string[]) {
      slurmdbd.count += 1;
      const wanted = filters.map((filter): [string, string[]] => {
        const [key = '', value = ''] = filter.split('=');
        return [key, value.split(',')];
      });
      const found = rows.filter((row) => wanted.every(([key, values]) => values.includes(row[key] ?? '')));
      return Promise.resolve(
        found.map((row) => `${format.map((column) => row[column] ?? '').join('|')}\n`).join(''),
      );
    },
  };
  return slurmdbd;
}

const row = (id: number, account: string, user = ''): Row => ({
  cluster: 'c',
  id: String(id),
  account,
  user,
  share: '1',
});
const PLAIN = [row(1, 'root'), row(2, 'team'), row(3, 'team', 'ann'), row(4, 'team', 'bob')];
const print = (rows: readonly (readonly string[])[]): string[] => rows.map((one) => one.join('|')).sort();
const EXPECTED = print(PLAIN.map((one) => COLUMNS.map((column) => one[column] ?? '')));

describe('associations', () => {
  it('are asked for once where every name is plain', async () => {
    const slurmdbd = makeSlurmdbd(PLAIN);
    expect(print(await listAssociations(COLUMNS, 'c', slurmdbd.ask))).toEqual(EXPECTED);
    expect(slurmdbd.count).toBe(1);
  });

  it('of plain names are those that there are, whatever other names are written like', async () => {
    const piece = fc.constantFrom(
      '|',
      '\n',
      'c',
      '3',
      '7',
      'team',
      'bob',
      'c|7|team|bob||1',
      '\nc|3|3|3|3|3\n',
    );
    const name = fc.array(piece, { minLength: 1, maxLength: 14 }).map((pieces) => pieces.join(''));
    await fc.assert(
      fc.asyncProperty(fc.array(name, { minLength: 1, maxLength: 6 }), async (names) => {
        const odd = names.filter((one) => !/^[a-z0-9]+$/.test(one));
        const others = odd.flatMap((one, n) => [row(10 + n, one), row(50 + n, 'team', one)]);
        const found = print(
          await listAssociations(COLUMNS, 'c', makeSlurmdbd([...PLAIN, row(9, 'a|b'), ...others]).ask),
        );
        expect(found).toEqual(EXPECTED);
      }),
      { numRuns: 300 },
    );
  });

  it('are asked for in commands that are not too long', async () => {
    const many = Array.from({ length: 1200 }, (_, n) => row(100 + n, 'team', `u${n}`));
    const slurmdbd = makeSlurmdbd([...PLAIN, row(5, 'a|b'), ...many]);
    expect(await listAssociations(COLUMNS, 'c', slurmdbd.ask)).toHaveLength(PLAIN.length + many.length);
    expect(slurmdbd.count).toBe(1 + 1 + 3);
  });
});

describe('users of slurmctld', () => {
  const line = (name: string, uid: number): string =>
    `UserName=${name}(${uid}) DefAccount=team DefWckey= AdminLevel=None\n`;

  it('that come twice are asked for by name', async () => {
    const asked: (readonly string[])[] = [];
    const found = await listControllerUsers((users) => {
      asked.push(users);
      return Promise.resolve(
        users.length === 0
          ? line('ann', 1) +
              line('bob', 2) +
              line(`x(9) DefAccount= DefWckey= AdminLevel=None\nUserName=bob`, 666)
          : line('bob', 2),
      );
    });
    expect(asked).toEqual([[], ['bob']]);
    expect(found.map(({ name, uid }) => `${name} ${uid}`).sort()).toEqual(['ann 1', 'bob 2', 'x 9']);
  });

  it('that share a uid are asked for by name: one of them may be written into the name of another', async () => {
    const asked: (readonly string[])[] = [];
    const found = await listControllerUsers((users) => {
      asked.push(users);
      const odd = line('x(9) DefAccount= DefWckey= AdminLevel=None\nUserName=ghost', 2);
      return Promise.resolve(users.length === 0 ? line('ann', 1) + line('bob', 2) + odd : line('bob', 2));
    });
    expect(asked).toEqual([[], ['bob', 'ghost']]);
    expect(found.map(({ name, uid }) => `${name} ${uid}`).sort()).toEqual(['ann 1', 'bob 2', 'x 9']);
  });

  it('that it cannot resolve share no uid', async () => {
    const unresolved = line('ann', 4294967294) + line('bob', 4294967294);
    expect(await listControllerUsers(() => Promise.resolve(unresolved))).toMatchObject([
      { name: 'ann', uid: null },
      { name: 'bob', uid: null },
    ]);
  });
});
