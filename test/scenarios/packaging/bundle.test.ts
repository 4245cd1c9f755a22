// The bundle says what the sources say, without node_modules but the addons, and starts fast.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADDONS, bundle, type Bundle } from '../../../packaging/bundle.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'bundle-'));
const directory = path.join(scratch, 'lib');
let made: Bundle;

beforeAll(async () => {
  made = await bundle(directory, '1.2.3+abc');
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function run(...args: string[]): string {
  return execFileSync(process.execPath, args, { encoding: 'utf8', cwd: scratch, stdio: 'pipe' });
}

describe('the bundle', () => {
  it('prints the version it was stamped with', () => {
    expect(run(path.join(directory, 'cli.js'), '--version')).toBe('sunk-agent 1.2.3+abc\n');
  });

  it('knows the commands that the sources know', () => {
    const source = path.resolve(import.meta.dirname, '../../../src/cli/main.ts');
    expect(run(path.join(directory, 'cli.js'), '--help')).toBe(run(source, '--help'));
  });

  it('is the same, byte for byte, when it is made again', async () => {
    const again = path.join(scratch, 'again');
    await bundle(again, '1.2.3+abc');
    expect(contents(again)).toEqual(contents(directory));
  });

  it('names the packages that are in it, and not the addons, which are outside', () => {
    expect(made.packages).toEqual(expect.arrayContaining(['pino', 'undici', 'yaml', 'zod']));
    for (const addon of ADDONS) expect(made.packages).not.toContain(addon);
  });

  it('mentions no path of the machine that made it', () => {
    const home = path.resolve(import.meta.dirname, '../../..');
    for (const [name, text] of contents(directory)) expect(text.includes(home), name).toBe(false);
  });

  it('contains what is loaded on request', () => {
    const root = path.join(scratch, 'living');
    mkdirSync(path.join(root, 'run/sunk-agent'), { recursive: true });
    const status = {
      schema_version: 2,
      health: 'healthy',
      reasons: [],
      lastSync: {},
      writtenAt: 2 ** 40,
      nextSync: null,
      host: null,
    };
    writeFileSync(path.join(root, 'run/sunk-agent/status.json'), JSON.stringify(status));
    const { host } = JSON.parse(
      run(path.join(directory, 'cli.js'), 'status', '--host', '--json', '--root', root),
    );
    expect(host.memory.total).toBeGreaterThan(2 ** 20);
  });

  it('contains the process that asks a name service', () => {
    // Beside the addons, as in the package.
    const beside = path.join(scratch, 'beside-addons');
    cpSync(directory, path.join(beside, 'lib'), { recursive: true });
    symlinkSync(
      path.resolve(import.meta.dirname, '../../../node_modules'),
      path.join(beside, 'node_modules'),
    );
    const names = ['root', 'no-one-here'];
    const question = { service: 'files', names, uids: [0], groups: [], gids: [0], members: names };
    const ask = (more: object): unknown =>
      JSON.parse(
        execFileSync(process.execPath, [path.join(beside, 'lib/ask-name-service.js')], {
          encoding: 'utf8',
          input: JSON.stringify({ ...question, ...more }),
        }),
      );
    expect(ask({})).toEqual({
      fault: null,
      isMissing: false,
      names: [['root', 0]],
      uids: [[0, 'root']],
      groups: [],
      gids: [[0, 'root']],
      listed: [],
      unasked: [],
    });
    expect(ask({ service: 'absent' })).toMatchObject({ fault: null, isMissing: true, names: [] });
  });

  it('reads the status with neither the log, the network nor an addon loaded', () => {
    const root = path.join(scratch, 'root');
    const trace = path.join(scratch, 'loaded.mjs');
    writeFileSync(
      trace,
      `import { registerHooks } from 'node:module';
      registerHooks({ load: (url, context, next) => { process.stderr.write('loaded ' + url + '\\n'); return next(url, context); } });`,
    );
    const lone = path.join(scratch, 'lone');
    cpSync(directory, lone, { recursive: true });
    let errors = '';
    try {
      run('--import', trace, path.join(lone, 'cli.js'), 'status', '--root', root);
    } catch (error) {
      errors = (error as { stderr: string }).stderr;
    }
    const loaded = [...errors.matchAll(/loaded file:\/\/(\S+\.js)/g)].map(([, file = '']) => file);
    expect(loaded.length).toBeGreaterThan(1);
    const bytes = loaded.reduce((sum, file) => sum + statSync(file).size, 0);
    expect(bytes).toBeLessThan(250_000);
  });
});

function contents(of: string): [string, string][] {
  return readdirSync(of)
    .sort()
    .map((name) => [name, readFileSync(path.join(of, name), 'utf8')]);
}
