import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findOwners, readInitial } from '../../../../src/host/sessions/process-owners.ts';
import {
  readProcess,
  type RunningProcess,
  visitNewest,
  visitProcesses,
} from '../../../../src/host/sessions/process-table.ts';
import { readService } from '../../../../src/host/sessions/restarting-units.ts';

let proc: string;
beforeEach(() => {
  proc = mkdtempSync(path.join(tmpdir(), 'proc-'));
});
afterEach(() => rmSync(proc, { recursive: true, force: true }));

interface Fake {
  name?: string;
  state?: string;
  uids?: readonly number[];
  threads?: Readonly<Record<number, { state: string; uids: readonly number[] }>>;
  parent?: number;
  login?: string;
  cgroup?: string;
}

function renderStatus(
  name: string,
  state: string,
  uids: readonly number[],
  threads: number,
  parent: number,
): string {
  const memory = state.startsWith('Z') ? '' : 'VmSize:\t    100 kB\n';
  return `Name:\t${name}\nState:\t${state}\nPPid:\t${parent}\nUid:\t${uids.join('\t')}\n${memory}Threads:\t${threads}\n`;
}

function add(pid: number, fake: Fake): void {
  const { name = 'sh', state = 'S (sleeping)', uids = [1000, 1000, 1000, 1000], threads = {} } = fake;
  const { parent = 7 } = fake;
  const write = (file: string, text: string): void => {
    const target = path.join(proc, String(pid), file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text, 'latin1');
  };
  write('status', renderStatus(name, state, uids, 1 + Object.keys(threads).length, parent));
  write('loginuid', fake.login ?? '4294967295');
  write('cgroup', fake.cgroup ?? '0::/system.slice/x.service\n');
  for (const [task, thread] of Object.entries(threads))
    write(`task/${task}/status`, renderStatus(name, thread.state, thread.uids, 2, parent));
}

const uidsOf = (pid: number): number[] => [...(readProcess(pid, proc)?.uids ?? [])];
const context = {
  ranges: [],
  uidOf: () => null,
  isAccount: () => false,
  initial: { loginUid: null, slice: null },
};

describe('readProcess', () => {
  it('reads lines that end at a newline alone, whatever a process calls itself', () => {
    add(10, { name: '\rUid:\t0', uids: [1000, 1000, 1000, 1000] });
    add(11, { name: '\u0085State:\tZ', uids: [1001, 1001, 1001, 1001] });
    add(12, { name: 'a\\nUid:\t0\t0\t0\t0', uids: [1002, 1002, 1002, 1002] });
    expect([10, 11, 12].map(uidsOf)).toEqual([[1000], [1001], [1002]]);
  });

  it('takes all four uids, and those of threads that have others', () => {
    add(10, { uids: [1001, 1002, 1003, 1004] });
    add(11, {
      uids: [1001, 1001, 1001, 1001],
      threads: { 12: { state: 'S', uids: [1001, 1005, 1005, 1005] } },
    });
    expect(uidsOf(10)).toEqual([1001, 1002, 1003, 1004]);
    expect(uidsOf(11)).toEqual([1001, 1005]);
  });

  it('knows an exited leader whose threads run, and no zombie', () => {
    add(10, {
      state: 'Z (zombie)',
      threads: { 11: { state: 'S (sleeping)', uids: [1000, 1000, 1000, 1000] } },
    });
    add(12, { state: 'Z (zombie)' });
    add(13, {
      state: 'Z (zombie)',
      threads: { 14: { state: 'Z (zombie)', uids: [1000, 1000, 1000, 1000] } },
    });
    expect([10, 12, 13].map(uidsOf)).toEqual([[1000], [], []]);
  });

  it('answers null for what is no process', () => {
    add(10, { uids: [] });
    expect(readProcess(10, proc)).toBeNull();
    expect(readProcess(99, proc)).toBeNull();
  });
});

it('visits every process but the first and itself, and the newest by its pid', () => {
  for (const pid of [1, 10, 11, process.pid]) add(pid, {});
  writeFileSync(path.join(proc, 'loadavg'), '0.0 0.0 0.0 1/100 11\n');
  const seen: number[] = [];
  visitProcesses(({ pid }) => seen.push(pid), proc);
  visitNewest(5, ({ pid }) => seen.push(-pid), proc);
  expect(seen.sort((a, b) => a - b)).toEqual([-11, 10, 11]);
});

describe('findOwners', () => {
  const read = (): RunningProcess => readProcess(10, proc)!;

  it('finds root processes by their login and by the slice of the session', () => {
    add(10, { uids: [0, 0, 0, 0], login: '1003' });
    expect([...findOwners(read(), context)]).toEqual([1003]);
    add(10, {
      uids: [0, 0, 0, 0],
      cgroup: '1:name=systemd:/user.slice/user-1004.slice/session-3.scope\n0::/\n',
    });
    expect([...findOwners(read(), context)]).toEqual([1004]);
    add(10, { uids: [0, 0, 0, 0] });
    expect([...findOwners(read(), context)]).toEqual([]);
  });

  it('is not led to another person by a cgroup that a person named', () => {
    const cgroup = '0::/user.slice/user-1004.slice/user@1004.service/user.slice/user-1005.slice\n';
    add(10, { uids: [1004, 1004, 1004, 1004], cgroup });
    expect([...findOwners(read(), context)]).toEqual([1004]);
  });

  it('spares what systemd runs in the slice to take the runtime directory away, and nothing that looks like it', () => {
    const cgroup = '0::/user.slice/user-1004.slice/user-runtime-dir@1004.service\n';
    const root = [0, 0, 0, 0];
    const ownersOf = (process: Fake): number[] => {
      add(10, { uids: root, parent: 1, cgroup, ...process });
      return [...findOwners(read(), context)];
    };
    expect(ownersOf({})).toEqual([]);
    expect(ownersOf({ parent: 11 })).toEqual([1004]);
    expect(ownersOf({ login: '1004' })).toEqual([1004]);
    expect(ownersOf({ uids: [0, 1004, 0, 0] })).toEqual([1004]);
    for (const other of ['user-runtime-dir@1004.service/x', 'user-runtime-dir@1005.service', 'x.service'])
      expect(ownersOf({ cgroup: `0::/user.slice/user-1004.slice/${other}\n` })).toEqual([1004]);
  });

  it('concludes nothing from a login or a slice that the whole container has', () => {
    const cgroup = '0::/user.slice/user-1004.slice/session-3.scope\n';
    for (const pid of [1, 10]) add(pid, { uids: [0, 0, 0, 0], login: '1004', cgroup });
    expect([...findOwners(read(), { ...context, initial: readInitial(proc) })]).toEqual([]);
  });

  it('gives subordinate uids to their owner, unless they are accounts', () => {
    const ranges = [
      { owner: 'alice', first: 200_000, count: 10 },
      { owner: '1007', first: 300_000, count: 10 },
    ];
    const uidOf = (name: string): number | null => (name === 'alice' ? 1006 : null);
    const of = (uid: number, accounts: readonly number[] = []): number[] => {
      add(10, { uids: [uid, uid, uid, uid] });
      const isAccount = (one: number): boolean => accounts.includes(one);
      return [...findOwners(read(), { ...context, ranges, uidOf, isAccount })];
    };
    expect(of(200_009)).toEqual([200_009, 1006]);
    expect(of(300_000)).toEqual([300_000, 1007]);
    expect(of(200_010)).toEqual([200_010]);
    expect(of(200_003, [200_003])).toEqual([200_003]);
  });
});

it('names the system service of a cgroup, and none below a user', () => {
  expect(readService('0::/system.slice/job.service\n')).toBe('job.service');
  expect(readService('1:cpu:/\n0::/system.slice/system-job.slice/job@1.service/x\n')).toBe('job@1.service');
  expect(readService('0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.service\n')).toBeNull();
});
