// The agent's side of the worker's socket, with a worker that is compromised, and what the worker says of Slurm's words.
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listenForSlurm, type SlurmLink } from '../../../src/agent/slurm/slurm-link.ts';
import { createLogger } from '../../../src/common/log.ts';
import { type Paths, pathsUnder } from '../../../src/common/paths.ts';
import { SLURM_PROTOCOL } from '../../../src/protocol/slurm-messages.ts';
import { serveSlurm } from '../../../src/slurm/serve-slurm.ts';
import { LIST_MS, runSlurm } from '../../../src/slurm/run-slurm.ts';
import { eventually } from '../../support/eventually.ts';

let root: string;
let paths: Paths;
let link: SlurmLink;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'slurm-link-'));
  paths = pathsUnder(root);
  link = listenForSlurm({ log: createLogger('agent', 'silent'), paths });
});
afterEach(() => {
  link.close();
  rmSync(root, { recursive: true });
});

const hello = (protocol: number, more: object = {}): string =>
  `${JSON.stringify({ say: 'hello', protocol, ...more })}\n`;

/** @param answer to each question; given its number. */
async function connect(answer: (n: number) => string, greeting = hello(SLURM_PROTOCOL)): Promise<Socket> {
  const connected = new Promise<void>((resolve) => link.onConnect(resolve));
  const socket = createConnection(paths.slurmSocket);
  socket.on('error', () => {});
  socket.on('data', (data) => {
    const { n } = JSON.parse(data.toString()) as { n: number };
    socket.write(answer(n));
  });
  await once(socket, 'connect');
  socket.write(greeting);
  await connected;
  return socket;
}

const ROWS = { cluster: 'c', version: '', accounts: [], users: [], associations: [], jobs: [], uids: null };
const rows = (n: number): string => `${JSON.stringify({ say: 'rows', n, rows: ROWS })}\n`;

describe('the socket of the Slurm worker', () => {
  it('is for its user alone', async () => {
    const socket = await connect(rows);
    expect(statSync(paths.slurmSocket).mode & 0o007).toBe(0);
    socket.destroy();
  });

  it.each(['short', 'longer than a socket may be called '.repeat(4)])(
    'changes the rights of no other file that this process makes meanwhile, where its path is %s',
    (name) => {
      const before = process.umask();
      const other = listenForSlurm({
        log: createLogger('agent', 'silent'),
        paths: pathsUnder(path.join(root, name)),
      });
      expect(process.umask()).toBe(before);
      other.close();
    },
  );

  it.each<[string, (n: number) => string, string, string]>([
    ['no JSON', () => 'x\n', 'slurm_unreachable', 'went away'],
    [
      'too many values',
      (n) => `{"say":"rows","n":${n},"rows":[${'[],'.repeat(2_100_000)}[]]}\n`,
      'slurm_failed',
      'more than Slurm can have',
    ],
    [
      'nested too deeply',
      (n) => `{"say":"rows","n":${n},"rows":${'['.repeat(99)}${']'.repeat(99)}}\n`,
      'slurm_failed',
      'more than Slurm can have',
    ],
    [
      'rows without a field',
      (n) => `{"say":"rows","n":${n},"rows":{"cluster":"c"}}\n`,
      'slurm_failed',
      'not an answer',
    ],
    [
      'a name of 301 characters',
      (n) => rows(n).replace('"users":[]', `"users":[{"name":"${'x'.repeat(301)}","defaultAccount":""}]`),
      'slurm_failed',
      'not an answer',
    ],
    [
      'rows of a cluster that was not asked for',
      (n) => rows(n).replace('"cluster":"c"', '"cluster":"d"'),
      'slurm_failed',
      'what Slurm cannot have: rows of d',
    ],
    [
      'one association 350,000 times',
      (n) =>
        rows(n).replace(
          '"associations":[]',
          `"associations":[${Array.from({ length: 350_000 }, (_, id) => `{"id":${id + 1},"account":"ml","user":"ann","partition":"","isStopped":false}`).join()}]`,
        ),
      'slurm_failed',
      'what Slurm cannot have: two associations',
    ],
  ])('ends for a worker that says %s, and another one is asked', async (_, answer, code, said) => {
    await connect(answer);
    await expect(link.read('c')).rejects.toMatchObject({ code, message: expect.stringContaining(said) });
    expect(link.problem()).toContain('not connected');
    const socket = await connect(rows);
    expect(await link.read('c')).toEqual(ROWS);
    socket.destroy();
  });

  it('is greeted by the worker of this build, which answers', async () => {
    const greeted = new Promise<void>((resolve) => link.onConnect(resolve));
    const socket = createConnection(paths.slurmSocket);
    const served = serveSlurm(socket, createLogger('slurm', 'silent'));
    await greeted;
    expect(link.problem()).toBeNull();
    // Of a cluster that no slurmdbd here knows, or without sacctmgr.
    await expect(link.read('nowhere')).rejects.toThrow('sacctmgr');
    socket.destroy();
    await served;
  });

  it('leaves fields out that a later worker adds', async () => {
    const later = (n: number): string =>
      rows(n)
        .replace('"jobs":[]', '"jobs":[],"root":true')
        .replace('"users":[]', '"users":[{"name":"a","defaultAccount":"b","adminLevel":"None"}]')
        .replace('"say"', '"took":1,"say"');
    const socket = await connect(later, hello(SLURM_PROTOCOL, { version: '9' }));
    expect(await link.read('c')).toEqual({ ...ROWS, users: [{ name: 'a', defaultAccount: 'b' }] });
    socket.destroy();
  });

  it.each<[string, number, RegExp]>([
    ['older', SLURM_PROTOCOL - 1, /^the Slurm worker is older .*: systemctl restart sunk-agent-slurm$/],
    ['newer', SLURM_PROTOCOL + 1, /^the Slurm worker is newer .*: systemctl restart sunk-agent$/],
  ])(
    'asks nothing of a worker with an %s protocol, says so, and asks the next one',
    async (_, protocol, said) => {
      const asked: number[] = [];
      const ask = (n: number): string => {
        asked.push(n);
        return rows(n);
      };
      const other = await connect(ask, hello(protocol));
      expect(link.problem()).toMatch(said);
      await expect(link.read('c')).rejects.toMatchObject({
        code: 'slurm_unreachable',
        message: expect.stringMatching(said),
      });
      expect(asked).toEqual([]);
      // It stays: it would only come again, and again.
      expect(other.destroyed).toBe(false);
      const socket = await connect(rows);
      expect(link.problem()).toBeNull();
      expect(await link.read('c')).toEqual(ROWS);
      socket.destroy();
    },
  );

  it('asks nothing of a worker that has not greeted, as none did before there was a greeting', async () => {
    const socket = createConnection(paths.slurmSocket);
    await eventually('it is connected', () => link.problem()?.includes('not greeted') === true);
    await expect(link.read('c')).rejects.toThrow('systemctl restart sunk-agent-slurm');
    socket.destroy();
  });

  it('adds no second hint to what the worker says', async () => {
    const socket = await connect(
      (n) => `${JSON.stringify({ say: 'failed', n, message: 'refused (its hint)', isLost: false })}\n`,
    );
    const failing = link.read('c');
    await expect(failing).rejects.toMatchObject({ code: 'slurm_failed', hint: '' });
    socket.destroy();
  });

  it('takes an answer to no question for nothing', async () => {
    const socket = await connect(
      (n) => `${rows(n + 1000)}${JSON.stringify({ say: 'applied', n })}\n${rows(n)}`,
    );
    expect(await link.read('c')).toEqual(ROWS);
    socket.destroy();
  });
});

describe('what a command of Slurm said', () => {
  it('is shown without what a terminal would obey', async () => {
    const failing = runSlurm(
      'sh',
      ['-c', String.raw`printf 'no account \033[2Jx\tml\n' >&2; exit 1`],
      LIST_MS,
    );
    await expect(failing).rejects.toMatchObject({ code: 'slurm_failed' });
    await expect(failing).rejects.toThrow('no account ?[2Jx?ml');
  });

  it('is its error, without what it says after each', async () => {
    const said =
      "sacctmgr: error: You gave a bad qos 'long'\n Unknown option: qos=long\n Use keyword 'where' to modify condition";
    const failing = runSlurm('sh', ['-c', `printf '%s' "${said}" >&2; exit 1`], LIST_MS);
    await expect(failing).rejects.toThrow(/bad qos 'long'$/);
  });

  it('tells Slurm that is gone from Slurm that refuses', async () => {
    const lost = runSlurm('sh', ['-c', "echo 'Connection refused' >&2; exit 1"], LIST_MS);
    await expect(lost).rejects.toMatchObject({ code: 'slurm_unreachable' });
  });

  it('does not come from one that hangs, which is killed in time and counts as gone', async () => {
    const began = performance.now();
    const hanging = runSlurm('sh', ['-c', "trap '' TERM; exec sleep 60"], 200);
    await expect(hanging).rejects.toMatchObject({ code: 'slurm_unreachable' });
    await expect(hanging).rejects.toThrow(/no answer within 0\.2 s$/);
    expect(performance.now() - began).toBeLessThan(30_000);
  });
});
