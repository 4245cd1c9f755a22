// What Slurm does with each operation of the worker: one list, which the fake and the real one are both held to. Names
// are of one case alone, since a real cluster keeps what the case before left.
import { expect } from 'vitest';
import type { SlurmAnswer } from '../../../src/agent/slurm/slurm-link.ts';
import type { SlurmStep } from '../../../src/protocol/slurm-messages.ts';

/** A Slurm that a case works on. */
export interface SlurmUnderTest {
  apply(step: SlurmStep): Promise<void>;
  read(): Promise<SlurmAnswer>;
  /** An association of one partition, as others make it. */
  addOfPartition(user: string, account: string): Promise<void>;
  /** A job that runs for long, or that waits. */
  submit(user: string, account: string, isPending: boolean): Promise<void>;
  /** From now on the controller’s host resolves these. */
  addNames(names: readonly (readonly [name: string, uid: number])[]): Promise<void>;
}

export interface SlurmCase {
  readonly name: string;
  /** @param own makes a name of this case. */
  readonly run: (slurm: SlurmUnderTest, own: (name: string) => string) => Promise<void>;
}

const NONE = { parent: 'root', qos: null, defaultQos: null, fairshare: null, limits: {} };
const KEEP = { ...NONE, parent: null };

/** The names that a case may use for people; the controller resolves all but `ghost`. */
export const CASE_PEOPLE = ['ann', 'bob', 'cy', 'e_f', 'e-f', 'exf'] as const;
export const caseUid = (index: number, person: number): number => 30_000 + index * 10 + person;

type Settings = Extract<SlurmStep, { op: 'add-account' }>['settings'];

function makeActor(slurm: SlurmUnderTest, own: (name: string) => string) {
  const must = async (step: SlurmStep): Promise<void> => await slurm.apply(step);
  const isOwn = (name: string): boolean => name.startsWith(own(''));
  return {
    must,
    refused: async (step: SlurmStep): Promise<void> =>
      await expect(slurm.apply(step), JSON.stringify(step)).rejects.toThrow(),
    account: (name: string, settings: Partial<Settings> = {}): SlurmStep => ({
      op: 'add-account',
      name: own(name),
      settings: { ...NONE, ...settings, parent: parentOf(settings.parent, own) ?? 'root' },
    }),
    alter: (name: string, settings: Partial<Settings>): SlurmStep => ({
      op: 'alter-account',
      name: own(name),
      settings: { ...KEEP, ...settings, parent: parentOf(settings.parent, own) },
    }),
    add: (names: readonly string[], account: string, isFirst = true): SlurmStep => ({
      op: 'add-associations',
      names: names.map(own),
      account: own(account),
      isFirst,
    }),
    on: (
      op: 'stop-submissions' | 'allow-submissions' | 'set-default' | 'remove-associations',
      names: readonly string[],
      account: string,
    ): SlurmStep => ({ op, names: names.map(own), account: own(account) }),
    cancel: (names: readonly string[], account: string, isPendingOnly = false): SlurmStep => ({
      op: 'cancel-jobs',
      names: names.map(own),
      account: own(account),
      isPendingOnly,
    }),
    /** Rows of this case, with the names as the case has them; associations in the order of their ids. */
    async rows() {
      const { accounts, associations, users, uids, jobs } = await slurm.read();
      const short = (name: string): string => (isOwn(name) ? name.slice(own('').length) : name);
      return {
        accounts: accounts
          .filter(({ name }) => isOwn(name))
          .map((row) => ({ ...row, name: short(row.name), parent: short(row.parent) }))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
        associations: associations
          .filter(({ user }) => isOwn(user))
          .sort((a, b) => a.id - b.id)
          .map(
            ({ user, account, partition, isStopped }) =>
              `${short(user)} ${short(account)}${partition === '' ? '' : ` ${partition}`}${isStopped ? ' stopped' : ''}`,
          ),
        defaults: users
          .filter(({ name }) => isOwn(name))
          .map(({ name, defaultAccount }) => `${short(name)} ${short(defaultAccount)}`)
          .sort(),
        unresolved: (uids ?? [])
          .filter(({ name, uid }) => isOwn(name) && uid === null)
          .map(({ name }) => short(name)),
        jobs: jobs
          .filter(({ user }) => isOwn(user))
          .map(({ user, account, isPending }) => `${short(user)} ${short(account)} ${isPending}`)
          .sort(),
      };
    },
  };
}

function parentOf(parent: string | null | undefined, own: (name: string) => string): string | null {
  return parent === undefined || parent === null ? null : parent === 'root' ? 'root' : own(parent);
}

const FRESH = {
  parent: 'root',
  qos: [],
  defaultQos: '',
  fairshare: 1,
  limits: {},
};

export const SLURM_CASES: readonly SlurmCase[] = [
  {
    name: 'an account is made once, below a parent that there is',
    async run(slurm, own) {
      const { must, refused, account, rows } = makeActor(slurm, own);
      await must(account('a'));
      await refused(account('a'));
      await refused(account('b', { parent: 'nosuch' }));
      await must(
        account('b', { parent: 'a', fairshare: 4, limits: { MaxJobs: '5', GrpTRES: 'cpu=2,node=1' } }),
      );
      expect((await rows()).accounts).toEqual([
        { ...FRESH, name: 'a' },
        { ...FRESH, name: 'b', parent: 'a', fairshare: 4, limits: { MaxJobs: '5', GrpTRES: 'cpu=2,node=1' } },
      ]);
    },
  },
  {
    name: 'of an account only what is named is altered, and what is not known is refused',
    async run(slurm, own) {
      const { must, refused, account, alter, rows } = makeActor(slurm, own);
      await must(
        account('a', { limits: { MaxJobs: '5', GrpJobs: '7' }, qos: ['normal'], defaultQos: 'normal' }),
      );
      await refused(alter('nosuch', { fairshare: 3 }));
      await refused(alter('a', { qos: ['nosuch'] }));
      await refused(alter('a', { defaultQos: 'nosuch' }));
      // Taken, and not done.
      await must(alter('a', { parent: 'nosuch' }));
      await must(alter('a', { fairshare: 0, limits: { MaxJobs: '-1', GrpSubmitJobs: '0' } }));
      await must(alter('a', { fairshare: 0 }));
      expect((await rows()).accounts).toEqual([
        {
          ...FRESH,
          name: 'a',
          fairshare: 0,
          qos: ['normal'],
          defaultQos: 'normal',
          limits: { GrpJobs: '7', GrpSubmitJobs: '0' },
        },
      ]);
    },
  },
  {
    name: 'of a list of TRES only those that are named are altered',
    async run(slurm, own) {
      const { must, account, alter, rows } = makeActor(slurm, own);
      await must(account('a', { limits: { GrpTRES: 'cpu=2,node=1' } }));
      await must(alter('a', { limits: { GrpTRES: 'cpu=9' } }));
      expect((await rows()).accounts).toMatchObject([{ limits: { GrpTRES: 'cpu=9,node=1' } }]);
      await must(alter('a', { limits: { GrpTRES: 'node=-1' } }));
      expect((await rows()).accounts).toMatchObject([{ limits: { GrpTRES: 'cpu=9' } }]);
      await must(alter('a', { limits: { GrpTRES: 'cpu=-1' } }));
      expect((await rows()).accounts).toEqual([{ ...FRESH, name: 'a' }]);
    },
  },
  {
    // Two levels below, slurmdbd of 24.11 never ends: the plan refuses both.
    name: 'a parent that is below the account is moved up first',
    async run(slurm, own) {
      const { must, account, alter, rows } = makeActor(slurm, own);
      await must(account('a'));
      await must(account('b', { parent: 'a' }));
      await must(alter('a', { parent: 'b' }));
      expect((await rows()).accounts.map(({ name, parent }) => `${name} of ${parent}`)).toEqual([
        'a of b',
        'b of root',
      ]);
    },
  },
  {
    name: 'those who have an association already are skipped, and it is refused where no one is left',
    async run(slurm, own) {
      const { must, refused, account, add, rows } = makeActor(slurm, own);
      await must(account('a'));
      await must(account('b'));
      await must(add(['ann'], 'a'));
      await must(add(['ann', 'bob'], 'a'));
      await refused(add(['ann', 'bob'], 'a'));
      await refused(add(['cy'], 'nosuch'));
      await must(add(['ann'], 'b', false));
      expect(await rows()).toMatchObject({
        associations: ['ann a', 'bob a', 'ann b'],
        defaults: ['ann a', 'bob a'],
        unresolved: [],
      });
    },
  },
  {
    name: 'a default account is one in which the person is, and keeps its association while there is another',
    async run(slurm, own) {
      const { must, refused, account, add, on, rows } = makeActor(slurm, own);
      await must(account('a'));
      await must(account('b'));
      await must(add(['ann', 'bob'], 'a'));
      await must(add(['ann'], 'b', false));
      await refused(on('set-default', ['bob'], 'b'));
      await refused(on('remove-associations', ['ann'], 'a'));
      await must(on('set-default', ['ann'], 'b'));
      await must(on('remove-associations', ['ann', 'bob'], 'a'));
      await refused(on('remove-associations', ['ann'], 'a'));
      expect(await rows()).toMatchObject({ associations: ['ann b'], defaults: ['ann b'] });
      await must(on('remove-associations', ['ann'], 'b'));
      expect(await rows()).toMatchObject({ associations: [], defaults: [] });
    },
  },
  {
    name: 'submissions are stopped and allowed again, as often as asked, and of no one it is refused',
    async run(slurm, own) {
      const { must, refused, account, add, on, rows } = makeActor(slurm, own);
      await must(account('a'));
      await must(add(['ann', 'bob'], 'a'));
      await must(on('stop-submissions', ['ann', 'cy'], 'a'));
      await must(on('stop-submissions', ['ann'], 'a'));
      expect((await rows()).associations).toEqual(['ann a stopped', 'bob a']);
      await must(on('allow-submissions', ['ann', 'bob'], 'a'));
      expect((await rows()).associations).toEqual(['ann a', 'bob a']);
      await refused(on('stop-submissions', ['cy'], 'a'));
    },
  },
  {
    name: 'an account in which no job can be submitted stops none of its associations by itself',
    async run(slurm, own) {
      const { must, account, add, rows } = makeActor(slurm, own);
      await must(account('a', { limits: { MaxSubmitJobs: '0' } }));
      await must(add(['ann'], 'a'));
      expect((await rows()).associations).toEqual(['ann a']);
    },
  },
  {
    name: 'an association of one partition, which others made, is left as it is',
    async run(slurm, own) {
      const { must, refused, account, add, on, rows } = makeActor(slurm, own);
      await must(account('a'));
      await must(account('b'));
      await must(add(['ann'], 'a'));
      await slurm.addOfPartition(own('ann'), own('a'));
      await slurm.addOfPartition(own('ann'), own('b'));
      await must(on('stop-submissions', ['ann'], 'a'));
      expect((await rows()).associations).toEqual(['ann a stopped', 'ann a main', 'ann b main']);
      await refused(on('stop-submissions', ['ann'], 'b'));
      await refused(on('remove-associations', ['ann'], 'b'));
      await refused(on('remove-associations', ['ann'], 'a'));
      await must(on('set-default', ['ann'], 'b'));
      await must(on('remove-associations', ['ann'], 'a'));
      expect(await rows()).toMatchObject({ associations: ['ann a main', 'ann b main'], defaults: ['ann b'] });
      await must(add(['ann'], 'b', false));
      expect((await rows()).associations).toContain('ann b');
    },
  },
  {
    name: 'a name is resolved when its user comes, and not again until the user has gone',
    async run(slurm, own) {
      const { must, account, add, on, rows } = makeActor(slurm, own);
      await must(account('a'));
      await must(account('b'));
      await must(add(['ghost'], 'a'));
      expect((await rows()).unresolved).toEqual(['ghost']);
      await slurm.addNames([[own('ghost'), 29_999]]);
      await must(add(['ghost'], 'b', false));
      expect((await rows()).unresolved).toEqual(['ghost']);
      await must(on('remove-associations', ['ghost'], 'b'));
      await must(on('remove-associations', ['ghost'], 'a'));
      await must(add(['ghost'], 'a'));
      expect((await rows()).unresolved).toEqual([]);
    },
  },
  {
    name: 'jobs keep their association, and end with it where they are cancelled; pending ones alone, where asked',
    async run(slurm, own) {
      const { must, refused, account, add, on, cancel, rows } = makeActor(slurm, own);
      await must(account('a'));
      await must(account('b'));
      await must(add(['ann', 'bob'], 'a'));
      await must(add(['ann'], 'b', false));
      await slurm.submit(own('ann'), own('a'), false);
      await slurm.submit(own('ann'), own('a'), true);
      await slurm.submit(own('ann'), own('b'), true);
      await slurm.submit(own('bob'), own('a'), true);
      await must(on('set-default', ['ann'], 'b'));
      await refused(on('remove-associations', ['ann'], 'a'));
      await must(cancel(['ann'], 'a', true));
      expect((await rows()).jobs).toEqual(['ann a false', 'ann b true', 'bob a true']);
      await must(cancel(['cy'], 'a'));
      await must(cancel(['ann', 'bob'], 'a'));
      await expect
        .poll(async () => (await rows()).jobs, { timeout: 60_000, interval: 200 })
        .toEqual(['ann b true']);
      await must(on('remove-associations', ['ann', 'bob'], 'a'));
      await must(cancel(['ann'], 'b'));
      expect((await rows()).associations).toEqual(['ann b']);
    },
  },
  {
    name: 'with the last association of a user, those of another one go whose name has any character for its _',
    async run(slurm, own) {
      const { must, account, add, on, rows } = makeActor(slurm, own);
      await must(account('a'));
      await must(account('b'));
      await must(add(['e_f', 'e-f'], 'a'));
      await must(add(['e_f', 'exf'], 'b', false));
      await must(on('remove-associations', ['e_f'], 'b'));
      expect((await rows()).associations).toEqual(['e_f a', 'e-f a', 'exf b']);
      await must(on('remove-associations', ['e-f'], 'a'));
      expect((await rows()).associations).toEqual(['e_f a', 'exf b']);
      await must(on('remove-associations', ['e_f'], 'a'));
      expect((await rows()).associations).toEqual([]);
    },
  },
];
