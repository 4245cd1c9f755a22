import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');

/** What each directory must not do: arrows run one way, and no process runs the code of another. */
const FORBIDDEN: [directory: string, line: string][] = [
  ['common', "import { open } from '../config/config.ts';"],
  ['config', "import { open } from '../protocol/channel.ts';"],
  ['protocol', "import { open } from '../reader/store.ts';"],
  ['reader', "import { open } from '../host/host.ts';"],
  ['reader', "import { open } from '../state/state.ts';"],
  ['reader/http', "import { open } from '../../agent/reconcile/sync.ts';"],
  ['reader/pages', "import { open } from '../../policy/model.ts';"],
  ['policy', "import { readFileSync } from 'node:fs';"],
  ['policy', "import { open } from '../host/host.ts';"],
  ['policy', "import { open } from '../plan/plan.ts';"],
  ['policy', "import { open } from '../protocol/channel.ts';"],
  ['policy', "import { open } from '../common/log.ts';"],
  ['policy', "import { z } from 'zod';"],
  ['policy', 'export const now = Date.now();'],
  ['policy', 'export const luck = Math.random();'],
  ['policy', 'export const who = process.pid;'],
  ['policy/keys', "import { readFileSync } from 'node:fs';"],
  ['plan', "import { readFileSync } from 'node:fs';"],
  ['plan', "import { open } from '../state/state.ts';"],
  ['plan', "import { open } from '../common/log-dedup.ts';"],
  ['plan', 'export const now = Date.now();'],
  ['plan/guard', "import { open } from '../../host/host.ts';"],
  ['state', "import { open } from '../host/host.ts';"],
  ['state', "import { open } from '../reader/http/client.ts';"],
  ['state', "import { open } from '../agent/reconcile/sync.ts';"],
  ['host', "import { open } from '../state/state.ts';"],
  ['host', "import { open } from '../protocol/records.ts';"],
  ['host/accounts', "import { open } from '../../agent/reconcile/sync.ts';"],
  ['host', "import { open } from '../publish/volume.ts';"],
  ['publish', "import { open } from '../state/state.ts';"],
  ['publish', "import { open } from '../agent/reconcile/sync.ts';"],
  ['agent', "import { open } from '../reader/store.ts';"],
  ['agent/reader-client', "import { open } from '../../reader/probe.ts';"],
  ['agent/reader-client', "import { open } from '../ingest/fetch-store.ts';"],
  ['agent/overrides', "import { open } from '../reconcile/sync.ts';"],
  ['agent/ingest', "import { open } from '../reconcile/sync.ts';"],
  ['agent/ingest', "import { open } from '../../cli/service/run.ts';"],
  ['agent/reconcile', "import { open } from '../report/status.ts';"],
  ['agent/report', "import { open } from '../operator/sync-now.ts';"],
  ['agent/operator', "import { open } from '../daemon/daemon.ts';"],
  ['agent/operator', "import { open } from '../../diagnose/why/chain.ts';"],
  ['agent/daemon', "import { open } from '../../cli/service/run.ts';"],
  ['diagnose/why', "import { open } from '../../cli/inspect/why.ts';"],
  ['diagnose/doctor', "import { open } from '../../reader/probe.ts';"],
  ['cli/inspect', "import { open } from '../../reader/probe.ts';"],
  ['testbed', "import { open } from '../state/state.ts';"],
  ['testbed/protocol', "import { open } from '../../state/state.ts';"],
  ['testbed/keys', "import { open } from '../../policy/keys/key-policy.ts';"],
  ['testbed/console', "import { readKeys } from '../../policy/keys/ssh-key.ts';"],
  ['testbed/identity-provider/saml', "import { open } from '../../../state/state.ts';"],
];

const ALLOWED: [directory: string, line: string][] = [
  ['config', "import { open } from '../common/errors.ts';"],
  ['protocol', "import { open } from '../common/errors.ts';"],
  ['reader/http', "import { open } from '../../protocol/messages.ts';"],
  ['policy', "import type { UserRecord } from '../protocol/records.ts';"],
  ['policy/keys', "import type { AcceptedKey } from '../model.ts';"],
  ['policy/keys', "import { createHash } from 'node:crypto';"],
  ['policy', "import { parseTimestamp } from '../common/text/timestamp.ts';"],
  ['policy/keys', "import { compileGlob } from '../../common/text/glob.ts';"],
  ['policy/identity', "import { compare } from '../../common/text/compare.ts';"],
  ['plan', "import { parseTimestamp } from '../common/text/timestamp.ts';"],
  ['plan', "import { compare } from '../common/text/compare.ts';"],
  ['plan/guard', "import { compileGlob } from '../../common/text/glob.ts';"],
  ['plan', "import type { DesiredHost } from '../policy/model.ts';"],
  ['plan/guard', "import type { DesiredHost } from '../../policy/model.ts';"],
  ['host/accounts', "import type { Change } from '../../plan/change.ts';"],
  ['state', "import type { UserRecord } from '../protocol/records.ts';"],
  ['agent/reconcile', "import { open } from '../ingest/fetch-store.ts';"],
  ['agent/daemon', "import { open } from '../operator/sync-now.ts';"],
  ['diagnose/why', "import { open } from '../../agent/reconcile/decide.ts';"],
  ['cli/inspect', "import { open } from '../../diagnose/why/chain.ts';"],
  ['testbed', "import type { UserRecord } from '../protocol/records.ts';"],
  ['testbed/keys', "import { readKeys } from '../../policy/keys/ssh-key.ts';"],
  ['testbed/faults', "import { render } from '../protocol/render.ts';"],
  ['testbed/identity-provider/saml', "import { html } from '../../pages/html.ts';"],
];

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'import-rules-'));
  cpSync(path.join(REPOSITORY, '.oxlintrc.json'), path.join(directory, '.oxlintrc.json'));
  for (const [index, [part, line]] of [...FORBIDDEN, ...ALLOWED].entries()) {
    mkdirSync(path.join(directory, 'src', part), { recursive: true });
    writeFileSync(path.join(directory, 'src', part, `case${index}.ts`), `${line}\n`);
  }
});

afterAll(() => rmSync(directory, { recursive: true }));

/** Files in which a restriction was broken, by one run of the linter. */
function lint(): Set<string> {
  const oxlint = path.join(REPOSITORY, 'node_modules/.bin/oxlint');
  const { stdout } = spawnSync(oxlint, ['--format', 'json'], { cwd: directory, encoding: 'utf8' });
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
