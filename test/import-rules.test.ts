import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const REPOSITORY = path.resolve(import.meta.dirname, '..');

/** What each folder must not do: the arrows of the house run one way. */
const FORBIDDEN: [folder: string, line: string][] = [
  ['policy', "import { readFileSync } from 'node:fs';"],
  ['policy', "import { open } from '../host/host.ts';"],
  ['policy', "import { open } from '../plan/plan.ts';"],
  ['policy', 'export const now = Date.now();'],
  ['policy', 'export const luck = Math.random();'],
  ['policy', 'export const who = process.pid;'],
  ['plan', "import { readFileSync } from 'node:fs';"],
  ['plan', "import { open } from '../mirror/mirror.ts';"],
  ['plan', 'export const now = Date.now();'],
  ['mirror', "import { open } from '../host/host.ts';"],
  ['mirror', "import { open } from '../scim/client.ts';"],
  ['host', "import { open } from '../mirror/mirror.ts';"],
  ['host', "import { open } from '../scim/resources.ts';"],
  ['scim', "import { open } from '../host/host.ts';"],
  ['scim', "import { open } from '../mirror/mirror.ts';"],
  ['testbed', "import { open } from '../mirror/mirror.ts';"],
  ['testbed/protocol', "import { open } from '../../mirror/mirror.ts';"],
  ['testbed/identity-provider/saml', "import { open } from '../../../mirror/mirror.ts';"],
  ['agent', "import { open } from '../commands/run.ts';"],
  ['agent/hear', "import { open } from '../../commands/run.ts';"],
];

const ALLOWED: [folder: string, line: string][] = [
  ['policy', "import type { UserRecord } from '../scim/resources.ts';"],
  ['plan', "import type { DesiredHost } from '../policy/desired.ts';"],
  ['host', "import type { Change } from '../plan/change.ts';"],
  ['mirror', "import type { UserRecord } from '../scim/resources.ts';"],
  ['testbed', "import type { UserRecord } from '../scim/resources.ts';"],
  ['testbed/faults', "import { render } from '../protocol/render.ts';"],
  ['testbed/identity-provider/saml', "import { html } from '../../pages/html.ts';"],
];

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'import-rules-'));
  cpSync(path.join(REPOSITORY, '.oxlintrc.json'), path.join(folder, '.oxlintrc.json'));
  for (const [index, [part, line]] of [...FORBIDDEN, ...ALLOWED].entries()) {
    mkdirSync(path.join(folder, 'src', part), { recursive: true });
    writeFileSync(path.join(folder, 'src', part, `case${index}.ts`), `${line}\n`);
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Files in which a restriction was broken, by one run of the linter. */
function lint(): Set<string> {
  const oxlint = path.join(REPOSITORY, 'node_modules/.bin/oxlint');
  const { stdout } = spawnSync(oxlint, ['--format', 'json'], { cwd: folder, encoding: 'utf8' });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; filename: string }[] };
  return new Set(
    diagnostics
      .filter(({ code }) => code.includes('no-restricted'))
      .map(({ filename }) => path.basename(filename)),
  );
}

describe('the linter', () => {
  test('refuses each arrow that runs the wrong way, and no other', () => {
    const refused = lint();
    const expected = FORBIDDEN.map((_, index) => `case${index}.ts`);
    expect([...refused].sort()).toEqual(expected.sort());
  });
});
