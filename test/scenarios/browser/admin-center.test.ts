// The Entra admin center for rehearsal in a real browser: every page, and what it refuses.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { PAGES } from '../../../src/testbed/identity-provider/admin-center/routes.ts';
import {
  loadDirectory,
  saveDirectory,
  type Directory,
} from '../../../src/testbed/identity-provider/directory.ts';
import { makeSampleDirectory } from '../../../src/testbed/identity-provider/sample-directory.ts';
import {
  findCutOff,
  findFaults,
  findObstacle,
  findUnreachable,
  keepPicture,
  setUpHarness,
} from './browser.ts';

const SMALL = { width: 390, height: 800 };

/** A directory in which every page has something to show. */
function makeFullDirectory(): Directory {
  const directory = makeSampleDirectory();
  const { application } = directory;
  const property = `extension_${application.application_id.replaceAll('-', '')}_sunkSshKeys`;
  Object.assign(application, {
    created: true,
    tenant_url: 'http://127.0.0.1:9/scim/acme',
    secret_token: 'x',
    extension_properties: [property],
    assigned: ['slurm-users', 'alice@example.com'],
    scoping_filter: { attribute: 'department', equals: 'Research' },
    group_scoping_filter: [{ attribute: 'displayName', operator: 'NOT EQUALS', value: 'parents' }],
  });
  Object.assign(application.saml, {
    identifier: 'http://127.0.0.1:9/console/saml/metadata',
    reply_url: 'http://127.0.0.1:9/console/saml/acs',
  });
  directory.groups.push({ object_id: 'p', displayName: 'parents', members: ['slurm-users'], dynamic: null });
  return directory;
}

const QUERIES: Readonly<Record<string, string>> = {
  'app-registrations': '?tab=all',
  claim: `?name=${encodeURIComponent('http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname')}`,
  user: '?user=alice@example.com',
  group: '?group=parents',
};

describe.skipIf(findObstacle() !== null)('the Entra admin center for rehearsal', () => {
  const harness = setUpHarness();

  it('has pages that fit a telephone and say that they are a rehearsal; axe-core finds nothing', async () => {
    const file = path.join(harness.scratch(), 'directory.yaml');
    const provider = await harness.provider(file);
    const { origin } = new URL(provider.metadataUrl);
    const page = await harness.open();
    await page.goto(`${origin}/admin-center`);
    expect(await findFaults(page)).toEqual([]);
    await page.goto(provider.adminCenterUrl);
    await page.getByRole('button', { name: 'Write a sample directory' }).click();
    expect(existsSync(file)).toBe(true);
    saveDirectory(file, makeFullDirectory());
    for (const name of Object.keys(PAGES)) {
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.goto(`${origin}/admin-center/${name}${QUERIES[name] ?? ''}`);
      expect([name, new URL(page.url()).pathname]).toEqual([name, `/admin-center/${name}`]);
      expect(await page.getByText('A rehearsal on this machine').count()).toBe(1);
      expect([name, await findFaults(page)]).toEqual([name, []]);
      expect([name, await findCutOff(page)]).toEqual([name, []]);
      expect([name, await findUnreachable(page)]).toEqual([name, []]);
      await keepPicture(page, `entra-${name}`);
      await page.setViewportSize(SMALL);
      expect([name, await findCutOff(page)]).toEqual([name, []]);
      expect([name, await findFaults(page)]).toEqual([name, []]);
      await keepPicture(page, `entra-${name}-narrow`);
    }
  }, 600_000);

  it('admits the key of this start alone, and takes no form that is not its own', async () => {
    const file = path.join(harness.scratch(), 'directory.yaml');
    saveDirectory(file, makeFullDirectory());
    const provider = await harness.provider(file);
    const page = await harness.open();
    await page.goto(provider.adminCenterUrl.replace(/key=.*/, 'key=wrong'));
    expect(await page.getByRole('alert').textContent()).toContain('This key is wrong');
    await page
      .getByLabel('Administrator key')
      .fill(new URL(provider.adminCenterUrl).searchParams.get('key') ?? '');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Enterprise apps' }).waitFor();
    const post = async (csrf: string): Promise<number> => {
      const { origin } = new URL(provider.metadataUrl);
      const fields = new URLSearchParams({ csrf, name: 'slurm-admins' });
      const answer = await page.request.post(`${origin}/admin-center/add-assignment`, {
        data: fields.toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        maxRedirects: 0,
      });
      return answer.status();
    };
    expect(await post('guessed')).toBe(403);
    expect(loadDirectory(file).application.assigned).not.toContain('slurm-admins');
    await page.goto(`${new URL(provider.metadataUrl).origin}/admin-center/users`);
    expect(await post(await page.locator('[name=csrf]').first().inputValue())).toBe(303);
    expect(loadDirectory(file).application.assigned).toContain('slurm-admins');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });
});
