// Every step and statement of the guide, one row each: what the screen or the log shows must be what it says.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { saveDirectory } from '../../../src/testbed/identity-provider/directory.ts';
import { makeSampleDirectory } from '../../../src/testbed/identity-provider/sample-directory.ts';
import { describeOnNodes } from '../../support/requirements.ts';
import { findObstacle, keepPicture, setUpHarness } from './browser.ts';
import { GROUP_ROWS } from './guide-steps/group-rows.ts';
import { KEY_ROWS } from './guide-steps/key-rows.ts';
import { LOGIN_ROW } from './guide-steps/login-row.ts';
import { SAML_ROWS } from './guide-steps/saml-rows.ts';
import { SCIM_ROWS } from './guide-steps/scim-rows.ts';
import { Walk } from './guide-steps/walk.ts';

const ROWS = [...SAML_ROWS, ...SCIM_ROWS, ...KEY_ROWS, LOGIN_ROW, ...GROUP_ROWS];

it('the table has each row of the guide once; the third is an outside link', () => {
  const wanted = Array.from({ length: 72 }, (_, index) => index + 1).filter((row) => row !== 3);
  expect(ROWS.map(({ row }) => row).sort((one, two) => one - two)).toEqual(wanted);
});

describeOnNodes('the steps of the guide', () => {
  if (findObstacle() !== null) return;
  const harness = setUpHarness();

  it('work as written: 71 of 71', async () => {
    const scratch = harness.scratch();
    const file = path.join(scratch, 'directory.yaml');
    saveDirectory(file, makeSampleDirectory());
    const testbed = await harness.testbed({ isNew: true });
    const provider = await harness.provider(file);
    const [console, entra] = [await harness.open(), await harness.open()];
    for (const page of [console, entra]) page.setDefaultTimeout(8000);
    const walk = new Walk(console, entra, testbed, provider, file);
    const key = path.join(scratch, 'alice-key');
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'alice@laptop', '-f', key]);
    walk.keep('key file', key);
    walk.keep('key', readFileSync(`${key}.pub`, 'utf8').trim());

    const failures: string[] = [];
    for (const { row, statement, check } of ROWS) {
      try {
        await check(walk);
      } catch (error) {
        failures.push(`${row}. ${statement}: ${error instanceof Error ? error.message : String(error)}`);
      }
      await keepPicture(console, `step-${row}-console`);
      await keepPicture(entra, `step-${row}-entra`);
    }
    expect(failures).toEqual([]);
  }, 600_000);
});
