// The console in a real browser: every page and every step that an administrator does there.
import { describe, expect, it } from 'vitest';
import type { Testbed } from '../../../src/testbed/service.ts';
import { choose, findObstacle, findSerious, keepPicture, setUpHarness } from './browser.ts';

const COREWEAVE = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const PUSHED = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl pushed';
const OWN = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKYSfdhgmDy/uQyovF3cuPzExqY2T6Yn2vjwqG3USrbb laptop';

async function push(testbed: Testbed, path: string, body: object): Promise<{ status: number; id: string }> {
  const response = await fetch(`${testbed.baseUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${testbed.token}`, 'content-type': 'application/scim+json' },
    body: JSON.stringify(body),
  });
  return { ...((await response.json()) as { id: string }), status: response.status };
}

/** What the login nodes are told of a user's keys. */
async function readKeys(testbed: Testbed, id: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${testbed.readToken}` };
  const response = await fetch(`${testbed.baseUrl}/Users/${id}`, { headers });
  return ((await response.json()) as Record<string, Record<string, unknown>>)[COREWEAVE]?.['sunkSshKeys'];
}

async function pushPeople(testbed: Testbed): Promise<{ alice: string; group: string }> {
  const { id: alice } = await push(testbed, '/Users', {
    userName: 'alice@example.com',
    displayName: 'Alice Ashby',
    name: { givenName: 'Alice', familyName: 'Ashby' },
    emails: [{ type: 'work', primary: true, value: 'alice@example.com' }],
    [COREWEAVE]: { sunkSshKeys: PUSHED },
  });
  await push(testbed, '/Users', {
    userName: 'bob@example.com',
    displayName: 'Bob <b>Brand</b>',
    active: 'False',
  });
  const { id: group } = await push(testbed, '/Groups', {
    displayName: 'slurm-users',
    members: [{ value: alice }],
  });
  return { alice, group };
}

describe.skipIf(findObstacle() !== null)('the console', () => {
  const harness = setUpHarness();

  it('has a way in on which axe-core finds nothing serious', async () => {
    const testbed = await harness.testbed();
    const page = await harness.open();
    await page.goto(`${new URL(testbed.baseUrl).origin}/console`);
    expect(await findSerious(page)).toEqual([]);
    await keepPicture(page, 'sign-in');
  });

  it.each([
    'saml-sso',
    'scim-configuration',
    'users',
    'users/ALICE',
    'users/ALICE/slurm-attributes',
    'groups',
    'groups/GROUP',
    'clusters',
    'provisioning-log',
    'login-nodes',
  ])(
    'has a page %s on which axe-core finds nothing serious, light or dark, and which fits a telephone',
    async (path) => {
      const testbed = await harness.testbed({ settings: { legacyDefaultGroups: true } });
      const { alice, group } = await pushPeople(testbed);
      await push(testbed, '/Groups', { displayName: 'admin' });
      await readKeys(testbed, alice);
      const announcement = { 'sunk-agent-snapshot': 'abcdef012345; node="login-0"' };
      await fetch(`${testbed.baseUrl}/Users`, {
        headers: { authorization: `Bearer ${testbed.readToken}`, ...announcement },
      });
      const page = await harness.open();
      await page.goto(testbed.consoleUrl);
      const { origin } = new URL(testbed.baseUrl);
      await page.goto(`${origin}/console/${path.replace('ALICE', alice).replace('GROUP', group)}`);
      const unfold = async (): Promise<void> => {
        if (path === 'users') await page.getByLabel('Actions for Alice Ashby').click();
        if (path === 'provisioning-log') await page.locator('.log summary').first().click();
      };
      await unfold();
      expect(await findSerious(page)).toEqual([]);
      const name = path.replaceAll('/', '-').toLowerCase();
      await keepPicture(page, name);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await findSerious(page, 'color-contrast')).toEqual([]);
      await keepPicture(page, `${name}-dark`);
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize({ width: 400, height: 800 });
      await page.reload();
      await unfold();
      await keepPicture(page, `${name}-narrow`);
      const cutOff = await page.evaluate(`[document.documentElement, ...document.querySelectorAll('.scroll')]
        .filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.outerHTML.slice(0, 200))`);
      expect(cutOff).toEqual([]);
      expect(await findSerious(page)).toEqual([]);
    },
  );

  it('switches provisioning off and on by keyboard, shows a token once, and revokes it', async () => {
    const testbed = await harness.testbed();
    const page = await harness.open();
    await page.goto(testbed.consoleUrl);
    await choose(page, 'SCIM Configuration');
    expect(await page.getByLabel('SCIM Base URL').inputValue()).toBe(testbed.baseUrl);
    const toggle = page.getByRole('switch', { name: 'Enable SUNK User Provisioning' });
    expect(await toggle.getAttribute('aria-checked')).toBe('true');
    await toggle.focus();
    await page.keyboard.press('Space');
    await page.getByText('"Enable SUNK User Provisioning" is off.').waitFor();
    expect(await toggle.getAttribute('aria-checked')).toBe('false');
    const read = (token: string): Promise<Response> =>
      fetch(`${testbed.baseUrl}/Users`, { headers: { authorization: `Bearer ${token}` } });
    expect((await read(testbed.readToken)).status).toBe(403);
    await toggle.click();
    expect((await read(testbed.readToken)).status).toBe(200);

    await page.getByLabel('Name').fill('node-7');
    await page.getByLabel('For').selectOption('read-only');
    await page.getByRole('button', { name: 'Create token' }).click();
    const token = await page.getByLabel('Token', { exact: true }).inputValue();
    expect((await read(token)).status).toBe(200);
    await page.reload();
    expect(await page.getByLabel('Token', { exact: true }).count()).toBe(0);
    expect(await page.content()).not.toContain(token);
    const row = page.getByRole('row', { name: /node-7/ });
    expect(await row.textContent()).toMatch(/read-only.*ago.*ago/s);
    await page.getByRole('button', { name: 'Revoke node-7' }).click();
    await page.getByText('Revoked the token node-7').waitFor();
    expect((await read(token)).status).toBe(401);
  });

  it('finds a user, and by the three-dot menu leads to the keys, where one is added and removed', async () => {
    const testbed = await harness.testbed();
    const { alice } = await pushPeople(testbed);
    const page = await harness.open();
    await page.goto(testbed.consoleUrl);
    await choose(page, 'Users');
    await page.getByLabel('Search').fill('ASHBY');
    await page.keyboard.press('Enter');
    await page.getByText('1 user').waitFor();
    const menu = page.getByLabel('Actions for Alice Ashby');
    await menu.focus();
    const details = page.getByRole('link', { name: 'View Details' });
    await page.keyboard.press('Enter');
    await details.waitFor();
    await page.keyboard.press('Escape');
    await details.waitFor({ state: 'hidden' });
    await page.keyboard.press('Enter');
    await details.waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByLabel('User name').waitFor();
    expect(await page.getByLabel('User name').getAttribute('readonly')).not.toBeNull();
    await page.getByRole('link', { name: 'Slurm Attributes' }).click();
    expect(await page.getByLabel('POSIX uid').inputValue()).toBe('10000');

    for (const [text, sentence] of [
      ['-----BEGIN OPENSSH PRIVATE KEY-----', 'That is a private key.'],
      [`command="id" ${OWN}`, 'That is no public key'],
      [PUSHED, 'That key is there already.'],
    ] as const) {
      await page.getByLabel('Add a public key').fill(text);
      await page.getByRole('button', { name: 'Add key' }).click();
      expect(await page.getByRole('alert').textContent()).toContain(sentence);
    }
    await page.getByLabel('Add a public key').fill(OWN);
    await page.getByRole('button', { name: 'Add key' }).click();
    await page.getByText('Added SHA256:').waitFor();
    expect(await readKeys(testbed, alice)).toEqual([PUSHED, OWN]);
    await page.getByRole('button', { name: /^Remove SHA256:/ }).click();
    await page.getByText('Removed SHA256:').waitFor();
    expect(await readKeys(testbed, alice)).toBe(PUSHED);
    expect(await page.getByRole('button', { name: /^Remove/ }).count()).toBe(0);
  });

  it('takes the guide’s steps for a group with a default group’s name, and the log says so', async () => {
    const testbed = await harness.testbed({ settings: { legacyDefaultGroups: true } });
    await pushPeople(testbed);
    expect((await push(testbed, '/Groups', { displayName: 'admin' })).status).toBe(409);
    const page = await harness.open();
    await page.goto(testbed.consoleUrl);
    await choose(page, 'Provisioning log');
    await page.getByLabel('Outcome').selectOption('failure');
    await page.getByRole('button', { name: 'Filter' }).click();
    expect(await page.locator('.log > li').count()).toBe(1);
    expect(await page.locator('.log .detail').textContent()).toContain(
      'Make a new group, attach the policies',
    );
    await page.getByLabel('Outcome').selectOption('');
    await page.getByLabel('Contains').fill('alice@example.com');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.locator('.log summary').first().click();
    expect(await page.locator('.log pre').first().textContent()).toContain('"userName": "alice@example.com"');

    await choose(page, 'Groups');
    await page.getByRole('button', { name: 'Delete admin' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('admin alone has the policy admin-policy');
    await page.getByLabel('Name').fill('cluster-admins');
    await page.getByRole('button', { name: 'Create group' }).click();
    const row = page.getByRole('row', { name: /cluster-admins/ });
    await row.getByLabel('Change the policies of cluster-admins').click();
    await row.getByLabel('admin-policy').check();
    await row.getByRole('button', { name: 'Attach policies to cluster-admins' }).click();
    await page.getByText('Changed the policies of cluster-admins.').waitFor();
    await page.getByRole('button', { name: 'Delete admin' }).click();
    await page.getByText('Deleted the group admin.').waitFor();
    expect((await push(testbed, '/Groups', { displayName: 'admin' })).status).toBe(201);
  });
});
